package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/urfave/cli/v2"
)

func evalPublishCommand() *cli.Command {
	return &cli.Command{
		Name:      "publish",
		Usage:     "make a page of results, with a copy of the runs that is small enough to keep beside it",
		ArgsUsage: "FOLDER",
		Description: "Writes RESULTS.md and the new folder results/ into --out. results/ holds of each run below FOLDER its run.json, its\n" +
			"ledger and its predictions without scores, compressed, and the report of these files: `ewtune eval verify` checks it\n" +
			"as it does any other. No text of the data is in them, only row numbers and labels.\n\nExample: ewtune eval publish --about about.md --out docs runs",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Required: true, Usage: "folder to write into"},
			&cli.StringFlag{Name: "about", Usage: "markdown `FILE` to put below the headline"},
			&cli.StringFlag{Name: "peers", Usage: "JSON lines `FILE` with the same runs by other programs"},
		},
		Action: evalPublish,
	}
}

func evalPublish(c *cli.Context) error {
	folder, err := oneArgument(c, "the run folder")
	if err != nil {
		return err
	}
	if err := runFolder(folder); err != nil {
		return err
	}
	with, err := publication(c)
	if err != nil {
		return err
	}
	files, err := eval.Compact(os.DirFS(folder))
	if err != nil {
		return err
	}
	if file := c.String("peers"); file != "" {
		if files[peersFile], err = os.ReadFile(file); err != nil {
			return fmt.Errorf("peers: %w", err)
		}
	}
	out := filepath.Join(c.String("out"), "results")
	if _, err := os.Stat(out); err == nil {
		return fmt.Errorf("out %s: is there already; remove it or name another folder", out)
	}
	return publish(c, out, files, with)
}

// peersFile is the copy of --peers in the published folder.
const peersFile = "peers.jsonl"

func publication(c *cli.Context) (with report.Publication, err error) {
	if file := c.String("about"); file != "" {
		if with.About, err = os.ReadFile(file); err != nil {
			return with, fmt.Errorf("about: %w", err)
		}
	}
	file := c.String("peers")
	if file == "" {
		return with, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return with, fmt.Errorf("peers: %w", err)
	}
	with.Peers, err = report.ReadPeers(text, file)
	return with, err
}

// publish writes the small copy, builds its report there, and writes the page of it.
func publish(c *cli.Context, out string, files map[string][]byte, with report.Publication) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := writeFile(path, files[name]); err != nil {
			return err
		}
	}
	r, err := eval.Build(os.DirFS(out))
	if err != nil {
		return err
	}
	text, err := r.JSON()
	if err != nil {
		return err
	}
	page, err := report.Results(r, with)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(out, "report.json"), text); err != nil {
		return err
	}
	path := filepath.Join(c.String("out"), "RESULTS.md")
	if err := writeFile(path, page); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s: %d runs, %d files in %s\n", path, len(r.Runs), len(r.Files), out)
	return err
}
