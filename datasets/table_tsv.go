package datasets

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

const byteOrderMark = "\ufeff"

// tsv is tab-separated text with a header and without quoting, as GLUE has it.
type tsv struct {
	*lineReader
	columns columns
	width   int // fields in the header
	fields  [][]byte
}

func newTSV(path string, file io.Reader, task Task) (*tsv, error) {
	t := &tsv{lineReader: newLineReader(path, file)}
	header, err := t.lineReader.next()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: empty file: a header line must name the columns", path)
	}
	if err != nil {
		return nil, err
	}
	names := strings.Split(strings.TrimPrefix(string(header), byteOrderMark), "\t")
	t.width = len(names)
	t.columns, err = findColumns(path, names, task)
	return t, err
}

func (t *tsv) next() (record, error) {
	line, err := t.lineReader.next()
	if err != nil {
		return record{}, err
	}
	t.fields = splitTabs(t.fields[:0], line)
	if len(t.fields) != t.width {
		return record{}, t.bad(fmt.Errorf("%d columns: the header has %d", len(t.fields), t.width))
	}
	return pick(t.columns, t.fields), nil
}

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
