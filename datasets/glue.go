package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// GLUEPath finds the file of a split. dir is a GLUE folder, which holds one folder a task, or a task's own folder
// (an LM-BFF k-shot folder is one). Where train.tsv is absent, train.sample.tsv is taken: the returned name tells.
func GLUEPath(dir string, task Task, split string) (string, error) {
	s, err := task.Split(split)
	if err != nil {
		return "", err
	}
	for _, folder := range []string{filepath.Join(dir, task.Folder), dir} {
		for _, name := range s.Files {
			path := filepath.Join(folder, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("data %s: the %s split of %s needs %s: %w", dir, split, task.Name,
		filepath.Join(task.Folder, strings.Join(s.Files, " or ")), fs.ErrNotExist)
}

// OpenGLUE reads one split of a task from GLUE's own tab-separated files; see [GLUEPath] for dir. Columns are found by
// the header's names, so the training (12), development (16) and test (10) layouts of MNLI are all read. There is no
// quoting: a quotation mark is text. A file without label column gives [Unlabelled] rows.
func OpenGLUE(dir string, task Task, split string) (Reader, error) {
	path, err := GLUEPath(dir, task, split)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := newGLUEReader(path, file, task)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// glueReader reads one tab-separated file.
type glueReader struct {
	lines  *lineReader
	file   io.Closer
	task   Task
	width  int   // fields in the header
	text   []int // positions of the text columns
	label  int   // position of the label column, -1 without
	fields [][]byte
	id     int64
}

func newGLUEReader(path string, file io.ReadCloser, task Task) (*glueReader, error) {
	r := &glueReader{lines: newLineReader(path, file), file: file, task: task}
	header, err := r.lines.next()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: empty file: a header line must name the columns", path)
	}
	if err != nil {
		return nil, err
	}
	names := strings.Split(string(bytes.TrimPrefix(header, []byte("\ufeff"))), "\t")
	r.width = len(names)
	for _, column := range task.Columns {
		at := position(names, column)
		if at < 0 {
			return nil, fmt.Errorf("%s:1: column %q is missing: the header has %s", path, column, strings.Join(names, ", "))
		}
		r.text = append(r.text, at)
	}
	r.label = position(names, task.Label)
	return r, nil
}

func position(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// Next reads the next row.
func (r *glueReader) Next() (Row, error) {
	line, err := r.lines.next()
	if err != nil {
		return Row{}, err
	}
	r.fields = splitTabs(r.fields[:0], line)
	if len(r.fields) != r.width {
		return Row{}, r.lines.bad(fmt.Errorf("%d columns: the header has %d", len(r.fields), r.width))
	}
	row := Row{ID: r.id, A: string(r.fields[r.text[0]]), Label: Unlabelled}
	if len(r.text) == 2 {
		row.B = string(r.fields[r.text[1]])
	}
	if r.label >= 0 {
		if row.Label, err = r.task.LabelOf(string(r.fields[r.label])); err != nil {
			return Row{}, r.lines.bad(err)
		}
	}
	r.id++
	return row, nil
}

// Close closes the file.
func (r *glueReader) Close() error { return r.file.Close() }

func splitTabs(fields [][]byte, line []byte) [][]byte {
	for {
		tab := bytes.IndexByte(line, '\t')
		if tab < 0 {
			return append(fields, line)
		}
		fields = append(fields, line[:tab])
		line = line[tab+1:]
	}
}
