package datasets

import (
	"bufio"
	"fmt"
	"io"
)

// maxLine bounds one line of a text file, in bytes. A longer one is a file of another kind.
const maxLine = 16 << 20

// lineReader splits a stream at newlines and counts them. A final line without newline counts, an empty rest does not;
// a carriage return before the newline belongs to the line's end.
type lineReader struct {
	path    string
	in      *bufio.Reader
	long    []byte // holds a line that does not fit the reader's buffer
	current int64
}

func newLineReader(path string, in io.Reader) *lineReader {
	return &lineReader{path: path, in: bufio.NewReaderSize(in, 256<<10)}
}

// next gives one line without its end, valid until the next call, or io.EOF.
func (r *lineReader) next() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = r.join(line)
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	r.current++
	return trimLineEnd(line), nil
}

// join collects a line longer than the buffer.
func (r *lineReader) join(first []byte) ([]byte, error) {
	r.long = append(r.long[:0], first...)
	for {
		part, err := r.in.ReadSlice('\n')
		r.long = append(r.long, part...)
		if len(r.long) > maxLine {
			return nil, fmt.Errorf("%s:%d: line of more than %d bytes", r.path, r.current+1, maxLine)
		}
		if err != bufio.ErrBufferFull {
			return r.long, err
		}
	}
}

// bad makes the error of the current line.
func (r *lineReader) bad(err error) error { return &RowError{Path: r.path, Line: r.current, Err: err} }

func trimLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
