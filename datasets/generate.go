package datasets

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Sizes of the generated corpus where the options do not say.
const (
	DefaultTrainRows = 20000
	DefaultEvalRows  = 1000
)

// GenerateOptions says what corpus to write. Only Dir is needed.
type GenerateOptions struct {
	Dir       string   // gets one folder a task, as a GLUE download has
	Seed      uint64   // the same seed gives the same rows; more rows continue fewer
	Tasks     []string // short names; none means all four
	TrainRows int      // rows of each training split, DefaultTrainRows for 0
	EvalRows  int      // rows of each development and test split, DefaultEvalRows for 0
}

// Generate writes the generated corpus: a seeded grammar's examples of the four tasks in GLUE's own files and columns.
// Labels are right by construction. No example stands in two splits: the example's own hash chooses the one split that
// may hold it. It needs the same small memory for any number of rows. Files that exist are never overwritten.
func Generate(ctx context.Context, o GenerateOptions) error {
	if o.TrainRows < 0 || o.EvalRows < 0 {
		return fmt.Errorf("rows %d and %d: must not be negative", o.TrainRows, o.EvalRows)
	}
	tasks, err := tasksNamed(o.Tasks)
	if err != nil {
		return err
	}
	for _, task := range tasks {
		for _, part := range corpusParts(task) {
			if err := part.write(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func tasksNamed(names []string) ([]Task, error) {
	if len(names) == 0 {
		return Tasks(), nil
	}
	tasks := make([]Task, len(names))
	for i, name := range names {
		task, err := TaskByName(name)
		if err != nil {
			return nil, err
		}
		tasks[i] = task
	}
	return tasks, nil
}

// grammar makes one random example.
type grammar func(d *dice, genre int) (a, b string, label int32)

var grammars = map[string]grammar{"sst2": sentimentRow, "qnli": questionRow, "qqp": paraphraseRow, "mnli": inferenceRow}

// corpusPart is one file of the corpus.
type corpusPart struct {
	task  Task
	file  string
	share share
	genre int // 1 for MNLI's mismatched files
	train bool
}

// share is the part of all possible examples that may stand in a split: the hash modulo 16 is 0 for development, 1 for
// test, anything else for training.
type share int

const (
	shareDev share = iota
	shareTest
	shareTrain
)

func corpusParts(task Task) []corpusPart {
	parts := []corpusPart{{task: task, file: "train.tsv", share: shareTrain, train: true}}
	for _, s := range task.Splits {
		part := corpusPart{task: task, file: s.Files[0], share: shareDev}
		if strings.HasPrefix(s.Name, "test") {
			part.share = shareTest
		}
		if strings.HasSuffix(s.Name, "mismatched") {
			part.genre = 1
		}
		if s.Name != "train" && s.Name != "holdout" {
			parts = append(parts, part)
		}
	}
	return parts
}

// example makes row number id of the part.
func (p corpusPart) example(d *dice, seed uint64, id int64) Row {
	stream := fnv.New64a()
	io.WriteString(stream, p.task.Name+"/"+p.file)
	d.reseed(seed, stream.Sum64(), uint64(id))
	for {
		a, b, label := grammars[p.task.Name](d, p.genre)
		if shareOf(a, b) == p.share {
			return Row{ID: id, A: a, B: b, Label: label}
		}
	}
}

// shareOf does not depend on the order of a pair, so that a paraphrase turned around stays in its split.
func shareOf(a, b string) share {
	return min(share((textHash(a)+textHash(b))%16), shareTrain)
}

func textHash(s string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, s)
	return mix(h.Sum64())
}

// write makes the file under a temporary name and renames it when it is whole.
func (p corpusPart) write(ctx context.Context, o GenerateOptions) (err error) {
	path := filepath.Join(o.Dir, p.task.Folder, p.file)
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("out %s: %w; nothing is overwritten", path, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	file, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	out := bufio.NewWriterSize(file, 256<<10)
	err = p.writeRows(ctx, out, o)
	if err := errors.Join(err, out.Flush(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func (p corpusPart) writeRows(ctx context.Context, out *bufio.Writer, o GenerateOptions) error {
	rows := withDefault(o.EvalRows, DefaultEvalRows)
	if p.train {
		rows = withDefault(o.TrainRows, DefaultTrainRows)
	}
	layout := layoutOf(p)
	out.WriteString(strings.Join(layout.header, "\t") + "\n")
	var d dice
	var line []byte
	for id := range int64(rows) {
		if id%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line = layout.append(line[:0], p.example(&d, o.Seed, id), p)
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

func withDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// layout is the columns of one GLUE file.
type layout struct{ header []string }

func layoutOf(p corpusPart) layout {
	test := p.share == shareTest
	switch {
	case p.task.Name == "sst2" && test:
		return layout{words("index sentence")}
	case p.task.Name == "sst2":
		return layout{words("sentence label")}
	case p.task.Name == "qnli" && test:
		return layout{words("index question sentence")}
	case p.task.Name == "qnli":
		return layout{words("index question sentence label")}
	case p.task.Name == "qqp" && test:
		return layout{words("id question1 question2")}
	case p.task.Name == "qqp":
		return layout{words("id qid1 qid2 question1 question2 is_duplicate")}
	default:
		return layout{inferenceHeader(p)}
	}
}

// inferenceHeader has 12 columns in training, 16 in development (five annotators) and 10 in test files.
func inferenceHeader(p corpusPart) []string {
	header := words(`index promptID pairID genre sentence1_binary_parse sentence2_binary_parse sentence1_parse
		sentence2_parse sentence1 sentence2`)
	switch p.share {
	case shareTrain:
		return append(header, "label1", "gold_label")
	case shareDev:
		return append(header, "label1", "label2", "label3", "label4", "label5", "gold_label")
	default:
		return header
	}
}

// append writes one row. Columns that a grammar cannot know (parses, prompt ids) stay empty; every annotator agrees.
func (l layout) append(line []byte, row Row, p corpusPart) []byte {
	for i, column := range l.header {
		if i > 0 {
			line = append(line, '\t')
		}
		switch {
		case column == p.task.Columns[0]:
			line = append(line, row.A...)
		case p.task.Pair() && column == p.task.Columns[1]:
			line = append(line, row.B...)
		case strings.Contains(column, "label") || column == p.task.Label:
			line = append(line, p.task.Labels[row.Label]...)
		case column == "index" || column == "id":
			line = strconv.AppendInt(line, row.ID, 10)
		case column == "genre":
			line = append(line, []string{"matched", "mismatched"}[p.genre]...)
		}
	}
	return append(line, '\n')
}
