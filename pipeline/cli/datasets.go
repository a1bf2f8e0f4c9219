package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline"
)

// datasetsCommands are the commands that get, make, tokenize and look at data.
func datasetsCommands() []*cli.Command {
	return []*cli.Command{{
		Name:  "datasets",
		Usage: "get, generate, tokenize, serve and inspect data",
		Subcommands: []*cli.Command{
			datasetsList(),
			datasetsFetch(),
			datasetsGenerate(),
			datasetsPrepare(),
			datasetsServe(),
			datasetsInspect(),
		},
	}}
}

func datasetsList() *cli.Command {
	return &cli.Command{
		Name:        "list",
		Usage:       "show the four tasks and what is present in a folder",
		Description: "Example:\n  ewtune datasets list --data glue",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "GLUE folder in which to look for files", Value: "."},
			jsonFlag(),
		},
		Action: listTasks,
	}
}

// taskListing is one task as `datasets list --json` prints it.
type taskListing struct {
	Task    string            `json:"task"`
	Title   string            `json:"title"`
	Rows    map[string]int    `json:"rows"`
	Labels  []string          `json:"labels"`
	Metrics []string          `json:"metrics"`
	Licence string            `json:"licence"`
	Present map[string]string `json:"present"` // split to file
}

func listTasks(c *cli.Context) error {
	var all []taskListing
	for _, task := range datasets.Tasks() {
		all = append(all, listing(task, c.String("data")))
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, all)
	}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TASK\tTRAIN\tDEV\tTEST\tLABELS\tMETRICS\tLICENCE\tPRESENT")
	for _, t := range all {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", t.Task, t.Rows["train"], t.Rows["dev"], t.Rows["test"],
			strings.Join(t.Labels, " "), strings.Join(t.Metrics, " "), t.Licence, presentFiles(t))
	}
	return table.Flush()
}

func listing(task datasets.Task, dir string) taskListing {
	t := taskListing{
		Task: task.Name, Title: task.Title, Rows: map[string]int{}, Labels: task.Labels, Metrics: task.Metrics,
		Licence: task.Licence, Present: map[string]string{},
	}
	for _, split := range task.Splits {
		t.Rows[split.Name] = split.Rows
		for _, name := range split.Files {
			path := filepath.Join(dir, task.Folder, name)
			if _, err := os.Stat(path); err == nil && t.Present[split.Name] == "" {
				t.Present[split.Name] = path
			}
		}
	}
	return t
}

func presentFiles(t taskListing) string {
	var names []string
	for _, split := range []string{"train", "dev", "dev_mismatched", "test", "test_mismatched", "holdout"} {
		if path := t.Present[split]; path != "" {
			names = append(names, filepath.Base(path))
		}
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, " ")
}

func datasetsGenerate() *cli.Command {
	return &cli.Command{
		Name:  "generate",
		Usage: "write the generated corpus of the four tasks, in GLUE's own files",
		Description: "Writes one folder a task and, unless --vocab is 0, a WordPiece vocabulary learned from the training\n" +
			"rows. The same seed gives the same files.\n\nExample:\n  ewtune datasets generate --out corpus --rows 10000",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "folder to write", Required: true},
			&cli.StringSliceFlag{Name: "tasks", Usage: "sst2, qnli, qqp, mnli (default all)"},
			&cli.Uint64Flag{Name: "seed", Usage: "chooses the examples"},
			&cli.IntFlag{Name: "rows", Usage: "rows of each training split", Value: datasets.DefaultTrainRows},
			&cli.IntFlag{Name: "eval-rows", Usage: "rows of each development and test split", Value: datasets.DefaultEvalRows},
			&cli.IntFlag{Name: "vocab", Usage: "most tokens of the vocabulary, 0 for none", Value: 2000},
			jsonFlag(),
		},
		Action: generateCorpus,
	}
}

func generateCorpus(c *cli.Context) error {
	for _, flag := range []string{"rows", "eval-rows"} {
		if c.Int(flag) < 1 {
			return fmt.Errorf("%s %d: must be positive", flag, c.Int(flag))
		}
	}
	o := datasets.GenerateOptions{
		Dir: c.String("out"), Seed: c.Uint64("seed"), Tasks: c.StringSlice("tasks"),
		TrainRows: c.Int("rows"), EvalRows: c.Int("eval-rows"),
	}
	if err := datasets.Generate(c.Context, o); err != nil {
		return err
	}
	if c.Int("vocab") > 0 {
		if err := pipeline.BuildVocabulary(c.Context, o.Dir, c.Int("vocab")); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, map[string]any{"path": o.Dir, "seed": o.Seed, "rows": o.TrainRows, "eval_rows": o.EvalRows})
	}
	_, err := fmt.Fprintf(c.App.Writer, "wrote %s\n", o.Dir)
	return err
}
