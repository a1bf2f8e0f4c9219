package pipeline

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// rowEncoder turns rows into records; for one goroutine at a time. Its builder is released by whoever made it.
type rowEncoder struct {
	builder   *BatchBuilder
	encode    func(dst *tokenizer.Encoding, a, b string, maxLength int)
	maxLength int
	encoding  tokenizer.Encoding
}

func newRowEncoder(tok *tokenizer.Tokenizer, task datasets.Task, maxLength int, mem memory.Allocator) *rowEncoder {
	e := &rowEncoder{builder: NewBatchBuilder(mem), encode: tok.Encode, maxLength: maxLength}
	if task.Pair() {
		e.encode = tok.EncodePair
	}
	return e
}

// record tokenizes rows. The caller releases the record.
func (e *rowEncoder) record(rows []datasets.Row) arrow.Record {
	for _, row := range rows {
		e.encode(&e.encoding, row.A, row.B, e.maxLength)
		e.builder.Append(row.ID, e.encoding.IDs, e.encoding.TypeIDs, row.Label)
	}
	return e.builder.NewRecord()
}
