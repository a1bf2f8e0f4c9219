package datasets

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
)

// parquetBatch is how many rows are decoded at a time.
const parquetBatch = 1024

// parquet reads the task's columns of a Parquet file: strings, and a label of strings or whole numbers.
type parquet struct {
	path    string
	file    *file.Reader
	rows    pqarrow.RecordReader
	columns columns
	batch   arrow.Record // nil before the first
	at      int          // next row of batch
	line    int64        // rows read
}

func newParquet(path string, in *os.File, task Task) (t *parquet, err error) {
	defer func() { // the library panics on some damaged files
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: damaged: %v", path, r)
		}
	}()
	t = &parquet{path: path}
	if t.file, err = file.NewParquetReader(in); err != nil {
		return nil, fmt.Errorf("%s: not a Parquet file: %w", path, err)
	}
	reader, err := pqarrow.NewFileReader(t.file, pqarrow.ArrowReadProperties{BatchSize: parquetBatch}, memory.DefaultAllocator)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	wanted, err := t.wanted(task)
	if err != nil {
		return nil, err
	}
	if t.rows, err = reader.GetRecordReader(context.Background(), wanted, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var read []string
	for _, field := range t.rows.Schema().Fields() {
		read = append(read, field.Name)
	}
	t.columns, err = findColumns(path, read, task)
	return t, err
}

// wanted are the positions of the task's columns in the file.
func (t *parquet) wanted(task Task) ([]int, error) {
	var names []string
	schema := t.file.MetaData().Schema
	for i := range schema.NumColumns() {
		names = append(names, schema.Column(i).Name())
	}
	c, err := findColumns(t.path, names, task)
	if err == nil && c.label >= 0 {
		c.text = append(c.text, c.label)
	}
	return c.text, err
}

func (t *parquet) next() (r record, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: damaged: %v", t.path, p)
		}
	}()
	for t.batch == nil || t.at == int(t.batch.NumRows()) {
		if !t.rows.Next() {
			if err := t.rows.Err(); err != nil && err != io.EOF {
				return r, fmt.Errorf("%s: %w", t.path, err)
			}
			return r, io.EOF
		}
		t.batch, t.at = t.rows.Record(), 0
	}
	at := t.at
	t.at++
	t.line++
	return t.record(at)
}

// record takes row at out of the batch.
func (t *parquet) record(at int) (r record, err error) {
	var texts [2]string
	for i, column := range t.columns.text {
		text, ok := cell(t.batch.Column(column), at)
		if !ok {
			return r, t.bad(fmt.Errorf("column %q: must be a string", t.batch.ColumnName(column)))
		}
		texts[i] = text
	}
	r.a, r.b = texts[0], texts[1]
	if t.columns.label >= 0 && !t.batch.Column(t.columns.label).IsNull(at) {
		if r.label, r.labelled = cell(t.batch.Column(t.columns.label), at); !r.labelled {
			return r, t.bad(fmt.Errorf("column %q: must be a string or a whole number", t.batch.ColumnName(t.columns.label)))
		}
	}
	return r, nil
}

// cell gives a string or whole number as text.
func cell(column arrow.Array, at int) (string, bool) {
	if column.IsNull(at) {
		return "", false
	}
	switch c := column.(type) {
	case *array.String:
		return c.Value(at), true
	case *array.LargeString:
		return c.Value(at), true
	case *array.Int64:
		return strconv.FormatInt(c.Value(at), 10), true
	case *array.Int32:
		return strconv.FormatInt(int64(c.Value(at)), 10), true
	case *array.Int8:
		return strconv.FormatInt(int64(c.Value(at)), 10), true
	case *array.Dictionary:
		return cell(c.Dictionary(), c.GetValueIndex(at))
	}
	return "", false
}

func (t *parquet) bad(err error) error { return &RowError{Path: t.path, Line: t.line, Err: err} }

// Close releases what was decoded; the file is the caller's.
func (t *parquet) Close() error {
	t.rows.Release()
	return nil
}
