package datasets

import "fmt"

// Unlabelled is the Label of a row whose file has no labels.
const Unlabelled int32 = -1

// Row is one example.
type Row struct {
	ID    int64  // position in its split, from 0; a skipped row leaves no gap
	A, B  string // B is empty for tasks of one text
	Label int32  // class, or Unlabelled
}

// Reader gives the rows of one split in order. Next ends with io.EOF; after a *RowError it goes on with the next row, any other error is final.
type Reader interface {
	Next() (Row, error)
	Close() error
}

// RowError says that one row of a file is malformed.
type RowError struct {
	Path string
	Line int64 // from 1, the header included; for binary files the row from 1
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err) }
func (e *RowError) Unwrap() error { return e.Err }
