package datasets

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// csvTable is comma-separated text with a header and quoting, by RFC 4180.
type csvTable struct {
	path    string
	in      *csv.Reader
	columns columns
	line    int
}

func newCSV(path string, file io.Reader, task Task) (*csvTable, error) {
	t := &csvTable{path: path, in: csv.NewReader(file)}
	header, err := t.in.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: empty file: a header line must name the columns", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	header[0] = strings.TrimPrefix(header[0], byteOrderMark)
	t.in.ReuseRecord = true
	t.columns, err = findColumns(path, header, task)
	return t, err
}

func (t *csvTable) next() (record, error) {
	fields, err := t.in.Read()
	var malformed *csv.ParseError
	if errors.As(err, &malformed) {
		t.line = malformed.StartLine
		return record{}, t.bad(malformed.Err)
	}
	if err != nil {
		return record{}, err
	}
	t.line, _ = t.in.FieldPos(0)
	return pick(t.columns, fields), nil
}

func (t *csvTable) bad(err error) error {
	return &RowError{Path: t.path, Line: int64(t.line), Err: err}
}
