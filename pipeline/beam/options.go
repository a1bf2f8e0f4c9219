package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline"
)

// options travel to the workers as JSON.
type options struct {
	Task, Split, Data         string
	Text, Pair, Label, Labels string
	Tokenizer, Out            string
	MaxLength, ShardRows      int
	Compression               string
	SkipMalformed             bool
}

// prepare gives the options of the local path.
func (o options) prepare() pipeline.PrepareOptions {
	source := datasets.OpenOptions{Path: o.Data, Task: o.Task, Split: o.Split, Text: o.Text, Pair: o.Pair, Label: o.Label}
	if o.Labels != "" {
		source.Labels = strings.Split(o.Labels, ",")
	}
	return pipeline.PrepareOptions{
		Source:    source,
		Tokenizer: o.Tokenizer, Out: o.Out,
		MaxLength: o.MaxLength, ShardRows: o.ShardRows, Compression: o.Compression, SkipMalformed: o.SkipMalformed,
	}
}

// check fills in defaults, makes paths absolute, tries every input and makes the output folder, so that what is wrong is
// said before a job starts.
func (o options) check() (options, error) {
	if o.ShardRows == 0 {
		o.ShardRows = pipeline.DefaultShardRows
	}
	for _, path := range []*string{&o.Data, &o.Tokenizer, &o.Out} {
		if *path == "" {
			return o, fmt.Errorf("data %q, tokenizer %q, out %q: must all be named", o.Data, o.Tokenizer, o.Out)
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, err
		}
		*path = absolute
	}
	if _, err := pipeline.NewPartWriter(o.prepare()); err != nil {
		return o, err
	}
	return o, makeEmpty(o.Out)
}

// makeEmpty makes a folder, which must not hold anything yet.
func makeEmpty(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("out %s: is not empty; nothing is overwritten", dir)
	}
	return nil
}
