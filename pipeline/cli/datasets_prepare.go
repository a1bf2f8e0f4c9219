package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline"
)

func datasetsPrepare() *cli.Command {
	return &cli.Command{
		Name:  "prepare",
		Usage: "tokenize splits into Arrow shards with a manifest",
		Description: "Writes OUT/SPLIT for each split. A run that was cut off goes on where it stopped.\n\nExample:\n" +
			"  ewtune datasets prepare --task sst2 --data glue --tokenizer bert-base-uncased --max-length 128 --out prepared\n" +
			"  ewtune datasets prepare --data mine.csv --text review --label stars --labels bad,good --tokenizer T --out prepared",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "task", Usage: "sst2, qnli, qqp or mnli; leave it out for data of your own"},
			&cli.StringFlag{Name: "data", Usage: "GLUE folder, the task's own folder, a fairseq folder, or a file", Required: true},
			&cli.StringSliceFlag{Name: "split", Usage: "splits to prepare (default all of the task that are present)"},
			&cli.StringFlag{Name: "text", Usage: "column of the text, in data of your own"},
			&cli.StringFlag{Name: "pair", Usage: "column of the second text"},
			&cli.StringFlag{Name: "label", Usage: "column of the label"},
			&cli.StringSliceFlag{Name: "labels", Usage: "spelling of each class, in order"},
			&cli.StringFlag{Name: "tokenizer", Usage: "folder or file of a WordPiece or BPE tokenizer", Required: true},
			&cli.IntFlag{Name: "max-length", Usage: "tokens a row keeps", Value: pipeline.DefaultMaxLength},
			&cli.StringFlag{Name: "out", Usage: "folder to write", Required: true},
			&cli.StringFlag{Name: "compression", Usage: "none or zstd", Value: "none"},
			&cli.IntFlag{Name: "shard-rows", Usage: "rows of a shard, a multiple of 1024", Value: pipeline.DefaultShardRows},
			&cli.IntFlag{Name: "workers", Usage: "tokenizing goroutines (default one a processor)"},
			&cli.BoolFlag{Name: "skip-malformed", Usage: "leave malformed rows out and count them"},
			jsonFlag(), quietFlag(),
		},
		Action: prepareSplits,
	}
}

func prepareSplits(c *cli.Context) error {
	o := pipeline.PrepareOptions{
		Source: datasets.OpenOptions{
			Path: c.String("data"), Task: c.String("task"), Text: c.String("text"), Pair: c.String("pair"),
			Label: c.String("label"), Labels: c.StringSlice("labels"),
		},
		Tokenizer: c.String("tokenizer"), MaxLength: c.Int("max-length"), Compression: c.String("compression"),
		ShardRows: c.Int("shard-rows"), Workers: c.Int("workers"), SkipMalformed: c.Bool("skip-malformed"),
	}
	splits, err := wantedSplits(c, o.Source)
	if err != nil {
		return err
	}
	manifests := []*pipeline.Manifest{}
	for _, split := range splits {
		o.Source.Split, o.Out = split, filepath.Join(c.String("out"), split)
		if !c.Bool("quiet") {
			o.Progress = everyMillion(c.App.ErrWriter, split)
		}
		m, err := pipeline.Prepare(c.Context, o)
		if err != nil {
			return err
		}
		manifests = append(manifests, m)
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, manifests)
	}
	for _, m := range manifests {
		printPrepared(c.App.Writer, m)
	}
	return nil
}

// wantedSplits are the named splits, or all of the task that can be opened.
func wantedSplits(c *cli.Context, source datasets.OpenOptions) ([]string, error) {
	if named := c.StringSlice("split"); len(named) > 0 {
		return named, nil
	}
	if source.Task == "" {
		return []string{"train"}, nil
	}
	task, err := datasets.TaskByName(source.Task)
	if err != nil {
		return nil, err
	}
	var present []string
	var missing error
	for _, split := range task.Splits {
		source.Split, source.Vocabulary = split.Name, filepath.Join(c.String("tokenizer"), "vocab.json")
		input, err := datasets.Open(source)
		if err == nil {
			present = append(present, split.Name)
			err = input.Close()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = cmp.Or(missing, err)
		case err != nil:
			return nil, err
		}
	}
	if len(present) == 0 {
		return nil, missing
	}
	return present, nil
}

func printPrepared(w io.Writer, m *pipeline.Manifest) {
	fmt.Fprintf(w, "%s %s: %d rows, %d tokens, %d shards", m.Task, m.Split, m.Rows, m.Tokens, len(m.Shards))
	if m.Source.Skipped > 0 {
		fmt.Fprintf(w, ", %d malformed rows skipped", m.Source.Skipped)
	}
	for _, file := range m.Source.Files {
		fmt.Fprintf(w, ", from %s", file.Name)
	}
	fmt.Fprintln(w)
}

// everyMillion reports progress in plain lines.
func everyMillion(w io.Writer, split string) func(int64) {
	next := int64(1e6)
	return func(rows int64) {
		if rows >= next {
			fmt.Fprintf(w, "%s: %d rows\n", split, rows)
			next += 1e6
		}
	}
}
