package datasets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OpenOptions says what to read. Task names one of the four tasks; data of one's own needs Text and Labels instead.
type OpenOptions struct {
	Path       string   // a folder or a file; see Open
	Task       string   // short name, empty for own data
	Split      string   // "train", "dev", ...
	Text       string   // column of the text, where it is not the task's own
	Pair       string   // column of the second text
	Label      string   // column of the label ["label"]
	Labels     []string // spelling of each class, in order
	Vocabulary string   // vocab.json that turns binarised ids back into text
}

// Input is an open split.
type Input struct {
	Reader
	Task  Task
	Files []string // what is read, for hashes and messages
}

// Open finds out what Path is and opens it:
//
//	a GLUE folder or a task's own folder  GLUE's TSV files; see [GLUEPath]
//	a folder that fairseq binarised       input0, input1, label with dict.txt and .bin and .idx files; or its parent
//	a snapshot of the hub's GLUE          TASK/train-00000-of-00001.parquet, TASK/validation-..., ...
//	a folder with SPLIT.tsv, .csv, .jsonl or .parquet, or SPLIT-00000-of-00002.parquet, ... as on the hub
//	a single file of these formats; text may be compressed (.gz, .zst)
func Open(o OpenOptions) (*Input, error) {
	info, err := os.Stat(o.Path)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", o.Path, errors.Unwrap(err))
	}
	task, err := o.task()
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return openFiles(task, o.Path)
	}
	if dir := fairseqFolder(o.Path, task); dir != "" {
		return openFairseq(dir, task, o)
	}
	return openFolder(task, o)
}

// task is the named one, with the columns and labels that the options replace, or one of the user's own.
func (o OpenOptions) task() (Task, error) {
	if o.Task == "" {
		if o.Text == "" || len(o.Labels) < 2 {
			return Task{}, errors.New("task: must be named; data of your own needs the text column and at least two labels")
		}
		return o.replace(Task{Name: "custom", Label: "label", Metrics: []string{"accuracy"}}), nil
	}
	task, err := TaskByName(o.Task)
	return o.replace(task), err
}

func (o OpenOptions) replace(t Task) Task {
	if o.Text != "" {
		t.Columns = []string{o.Text}
	}
	if o.Pair != "" {
		t.Columns = append(slices.Clone(t.Columns[:1]), o.Pair)
	}
	if o.Label != "" {
		t.Label, t.labelNamed = o.Label, true
	}
	if len(o.Labels) > 0 {
		t.Labels = o.Labels
	}
	return t
}

// openFolder takes GLUE's files, or the only ones that are named after the split.
func openFolder(task Task, o OpenOptions) (*Input, error) {
	path, err := GLUEPath(o.Path, task, o.Split)
	if err == nil {
		return openFiles(task, path)
	}
	found := namedAfter(o.Path, o.Split)
	if o.Task != "" && len(found) == 0 {
		task, found = hubLayout(task, o)
	}
	switch {
	case len(found) == 0 && len(task.Splits) > 0:
		return nil, err
	case len(found) == 0:
		return nil, fmt.Errorf("data %s: no %s.csv, .tsv, .jsonl or .parquet: %w", o.Path, o.Split, fs.ErrNotExist)
	case len(found) > 1 && !strings.Contains(found[0], "-of-"):
		return nil, fmt.Errorf("data %s: more than one file of split %s: %s", o.Path, o.Split, strings.Join(found, ", "))
	}
	return openFiles(task, found...)
}

// hubLayout finds a task's Parquet files as the hub has them, in the folder or in one named after the task, and gives the
// task with their column names.
func hubLayout(task Task, o OpenOptions) (Task, []string) {
	split := strings.NewReplacer("dev", "validation").Replace(o.Split)
	if task.Name == "mnli" && (split == "validation" || split == "test") {
		split += "_matched"
	}
	found := append(namedAfter(filepath.Join(o.Path, task.Name), split), namedAfter(o.Path, split)...)
	hub := OpenOptions{Label: "label"}
	if task.Name == "mnli" {
		hub.Text, hub.Pair = "premise", "hypothesis"
	}
	return o.replace(hub.replace(task)), found
}

// namedAfter lists a folder's files of a split, in order.
func namedAfter(dir, split string) []string {
	var found []string
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		name := entry.Name()
		base := strings.TrimSuffix(trimCompression(name), tableKind(name))
		numbered, _, _ := strings.Cut(base, "-0")
		if slices.Contains([]string{".tsv", ".csv", ".jsonl", ".ndjson", ".parquet"}, tableKind(name)) &&
			(base == split || numbered == split && strings.Contains(base, "-of-")) {
			found = append(found, filepath.Join(dir, name))
		}
	}
	return found
}

// openFiles reads files one after the other.
func openFiles(task Task, paths ...string) (*Input, error) {
	s := &sequence{task: task, paths: paths}
	if err := s.advance(); err != nil {
		return nil, err
	}
	return &Input{Reader: s, Task: task, Files: paths}, nil
}

// sequence is the rows of several files, numbered through.
type sequence struct {
	task  Task
	paths []string
	open  Reader
	at    int // files opened
	id    int64
}

func (s *sequence) advance() (err error) {
	s.open, err = openTable(s.paths[s.at], s.task)
	s.at++
	return err
}

// Next reads the next row.
func (s *sequence) Next() (Row, error) {
	for {
		row, err := s.open.Next()
		if err == io.EOF && s.at < len(s.paths) {
			if err := errors.Join(s.open.Close(), s.advance()); err != nil {
				return Row{}, err
			}
			continue
		}
		if err == nil {
			row.ID = s.id
			s.id++
		}
		return row, err
	}
}

// Close closes the file that is being read.
func (s *sequence) Close() error {
	if s.open == nil {
		return nil
	}
	return s.open.Close()
}
