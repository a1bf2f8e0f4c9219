package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/datasets"
)

func datasetsFetch() *cli.Command {
	return &cli.Command{
		Name:      "fetch",
		Usage:     "download tasks or models from the Hugging Face hub, or take local files, and verify them",
		ArgsUsage: "TASK...",
		Description: "Files go to the cache that the hub's own tools use (HF_HOME); HF_ENDPOINT names a mirror, HF_TOKEN gives access.\n" +
			"A download that was cut off is continued. The folders are printed, for --data and --model.\n\nExamples:\n" +
			"  ewtune datasets fetch sst2 mnli\n  ewtune datasets fetch --model FacebookAI/roberta-base\n" +
			"  ewtune datasets fetch --from ~/Downloads/glue --out glue sst2",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "model", Usage: "OWNER/NAME of a model repository"},
			&cli.StringFlag{Name: "revision", Usage: "branch, tag or commit", Value: "main"},
			&cli.StringFlag{Name: "from", Usage: "folder with GLUE's files, taken instead of a download"},
			&cli.StringFlag{Name: "out", Usage: "with --from: folder to copy to"},
			jsonFlag(), quietFlag(),
		},
		Action: fetchFiles,
	}
}

// fetched is what `datasets fetch --json` prints of each task or model.
type fetched struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

func fetchFiles(c *cli.Context) error {
	var tasks []datasets.Task
	for _, name := range c.Args().Slice() {
		task, err := datasets.TaskByName(name)
		if err != nil {
			return err
		}
		tasks = append(tasks, task)
	}
	if len(tasks)+len(c.StringSlice("model")) == 0 {
		return fmt.Errorf("fetch: name at least one task or --model")
	}
	all, err := fetchAll(c, tasks)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, all)
	}
	for _, f := range all {
		fmt.Fprintf(c.App.Writer, "%s %s\n", f.Name, f.Path)
	}
	return nil
}

func fetchAll(c *cli.Context, tasks []datasets.Task) ([]fetched, error) {
	all := []fetched{}
	hub := datasets.HubFromEnvironment(os.Getenv)
	if !c.Bool("quiet") {
		hub.Progress = quarters(c)
	}
	for _, task := range tasks {
		path, err := fetchTask(c, hub, task)
		if err != nil {
			return nil, err
		}
		all = append(all, fetched{task.Name, path})
	}
	for _, name := range c.StringSlice("model") {
		repo := datasets.Repository{Kind: "models", Name: name, Revision: c.String("revision")}
		path, err := hub.Fetch(c.Context, repo, datasets.ModelFiles)
		if err != nil {
			return nil, err
		}
		all = append(all, fetched{name, path})
	}
	return all, nil
}

// fetchTask gives the folder that --data takes.
func fetchTask(c *cli.Context, hub datasets.Hub, task datasets.Task) (string, error) {
	if c.String("from") == "" {
		repo := datasets.GLUERepository
		repo.Revision = c.String("revision")
		return hub.Fetch(c.Context, repo, datasets.TaskFiles(task))
	}
	if c.String("out") == "" {
		return "", fmt.Errorf("from %s: needs --out, the folder to copy to", c.String("from"))
	}
	return filepath.Join(c.String("out"), task.Folder), datasets.CopyGLUE(c.Context, c.String("from"), c.String("out"), task)
}

// quarters reports each file's progress in plain lines, four a file.
func quarters(c *cli.Context) func(string, int64, int64) {
	file, shown := "", int64(-1)
	return func(path string, done, total int64) {
		quarter := 4 * done / max(total, 1)
		if path != file || quarter > shown {
			file, shown = path, quarter
			fmt.Fprintf(c.App.ErrWriter, "%s: %d of %d bytes\n", path, done, total)
		}
	}
}
