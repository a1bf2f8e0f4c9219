package datasets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// record is one row of a table before its label is understood.
type record struct {
	a, b     string
	label    string
	labelled bool
}

// table is a file whose named columns can be read row by row. Errors of a row are made by bad.
type table interface {
	next() (record, error) // io.EOF ends
	bad(err error) error   // names the file and the current line
}

// tableReader turns records into rows.
type tableReader struct {
	table
	task Task
	file io.Closer
	id   int64
}

// openTable opens a file by its name's ending. Text may be compressed by gzip (.gz) or zstd (.zst).
func openTable(path string, task Task) (Reader, error) {
	file, err := openMaybeCompressed(path)
	if err != nil {
		return nil, err
	}
	t, err := newTable(path, file, task)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &tableReader{table: t, task: task, file: file}, nil
}

func newTable(path string, file io.Reader, task Task) (table, error) {
	switch kind := tableKind(path); kind {
	case ".tsv":
		return newTSV(path, file, task)
	case ".csv":
		return newCSV(path, file, task)
	case ".jsonl", ".ndjson":
		return newJSONL(path, file, task), nil
	case ".parquet":
		in, ok := file.(*os.File)
		if !ok {
			return nil, fmt.Errorf("data %s: Parquet compresses itself: unpack the file", path)
		}
		return newParquet(path, in, task)
	default:
		return nil, fmt.Errorf("data %s: ending %q: must be .tsv, .csv, .jsonl or .parquet; text may add .gz or .zst", path, kind)
	}
}

// tableKind is the ending of the name without that of a compression.
func tableKind(path string) string {
	return strings.ToLower(filepath.Ext(trimCompression(path)))
}

// Next reads the next row.
func (r *tableReader) Next() (Row, error) {
	rec, err := r.table.next()
	if err != nil {
		return Row{}, err
	}
	row := Row{ID: r.id, A: rec.a, B: rec.b, Label: Unlabelled}
	if rec.labelled {
		if row.Label, err = r.class(rec.label); err != nil {
			return Row{}, r.bad(err)
		}
	}
	r.id++
	return row, nil
}

// class understands a label: its spelling or, except in GLUE's own format, the number of the class, as the hub's files
// have it. There -1 is no label.
func (r *tableReader) class(label string) (int32, error) {
	class, err := r.task.LabelOf(label)
	if _, glue := r.table.(*tsv); err == nil || glue {
		return class, err
	}
	if number, failed := strconv.Atoi(label); failed == nil && number >= -1 && number < len(r.task.Labels) {
		return int32(number), nil
	}
	return 0, err
}

// Close closes the file.
func (r *tableReader) Close() error {
	if c, ok := r.table.(io.Closer); ok {
		return errors.Join(c.Close(), r.file.Close())
	}
	return r.file.Close()
}

// columns are the positions of a task's columns in a header; label is -1 where there is none.
type columns struct {
	text  []int
	label int
}

// findColumns looks the task's columns up in a header.
func findColumns(path string, header []string, task Task) (columns, error) {
	c := columns{label: slices.Index(header, task.Label)}
	wanted := task.Columns
	if task.labelNamed {
		wanted = append(slices.Clone(wanted), task.Label)
	}
	for i, name := range wanted {
		at := slices.Index(header, name)
		if at < 0 {
			return c, fmt.Errorf("%s:1: column %q is missing: the header has %s", path, name, strings.Join(header, ", "))
		}
		if i < len(task.Columns) {
			c.text = append(c.text, at)
		}
	}
	return c, nil
}

// pick takes the columns out of a row's fields.
func pick[T ~string | ~[]byte](c columns, fields []T) record {
	r := record{a: string(fields[c.text[0]])}
	if len(c.text) == 2 {
		r.b = string(fields[c.text[1]])
	}
	if c.label >= 0 {
		r.label, r.labelled = string(fields[c.label]), true
	}
	return r
}
