package trainer

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
)

// Schema is the layout of one prepared split, stored or streamed. No column is nullable and nothing is padded:
//
//	row_id          int64       position of the row in its split, unique, 0..N-1: the unit of privacy
//	input_ids       list<int32> token ids, special tokens included
//	token_type_ids  list<int8>  segment of each token
//	length          int32       len(input_ids)
//	label           int32       class, or -1 where the split has no labels
//
// Position ids and attention masks follow from the lengths and are derived by the trainer.
var Schema = arrow.NewSchema([]arrow.Field{
	{Name: "row_id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "input_ids", Type: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int32)},
	{Name: "token_type_ids", Type: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int8)},
	{Name: "length", Type: arrow.PrimitiveTypes.Int32},
	{Name: "label", Type: arrow.PrimitiveTypes.Int32},
}, nil)

// Columns of Schema by position.
const (
	ColumnRowID = iota
	ColumnInputIDs
	ColumnTokenTypeIDs
	ColumnLength
	ColumnLabel
)

// A Source gives the examples of one prepared split by row id. It is safe for one reader at a time.
type Source interface {
	// Len is N, the number of rows of the split.
	Len() int
	// Read returns a record with Schema that holds the given rows in the given order. The caller releases it.
	Read(ctx context.Context, rows []int64) (arrow.Record, error)
	// Hash identifies the data: the SHA-256 of the split's manifest, in hexadecimal.
	Hash() string
	Close() error
}
