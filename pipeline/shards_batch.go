package pipeline

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// batch is a decoded record batch with its columns at hand.
type batch struct {
	number    int64 // position in the split
	first     int64 // row id of its first row
	record    arrow.Record
	ids       []int32 // tokens of all rows
	types     []int8
	offsets   []int32 // [rows+1] into ids
	typesFrom int32   // the first row's place in types, less its place in ids
	labels    []int32
	bytes     int64 // of memory, near enough
	lastRead  int64 // counts of the cache; the batch that was read least recently goes first
}

// newBatch takes a record apart and verifies it: rows in order, lengths that agree, ids inside the vocabulary.
func newBatch(record arrow.Record, number int64, m *Manifest) (*batch, error) {
	b := &batch{number: number, first: number * int64(m.BatchRows)}
	if want := min(int64(m.BatchRows), m.Rows-b.first); record.NumRows() != want {
		return nil, fmt.Errorf("%d rows: the manifest has %d", record.NumRows(), want)
	}
	ids, types := record.Column(trainer.ColumnInputIDs).(*array.List), record.Column(trainer.ColumnTokenTypeIDs).(*array.List)
	b.offsets, b.ids = ids.Offsets()[:ids.Len()+1], ids.ListValues().(*array.Int32).Int32Values()
	b.types = types.ListValues().(*array.Int8).Int8Values()
	b.typesFrom = types.Offsets()[0] - b.offsets[0]
	b.labels = record.Column(trainer.ColumnLabel).(*array.Int32).Int32Values()
	if err := b.check(record, types.Offsets()[:types.Len()+1], m); err != nil {
		return nil, err
	}
	b.bytes = int64(5*len(b.ids) + 24*len(b.labels))
	b.record = record
	record.Retain()
	return b, nil
}

func (b *batch) check(record arrow.Record, typeOffsets []int32, m *Manifest) error {
	rows := record.Column(trainer.ColumnRowID).(*array.Int64).Int64Values()
	lengths := record.Column(trainer.ColumnLength).(*array.Int32).Int32Values()
	for i, row := range rows {
		if row != b.first+int64(i) {
			return fmt.Errorf("row_id %d: must be %d; ids are unique and in order", row, b.first+int64(i))
		}
		length := b.offsets[i+1] - b.offsets[i]
		if lengths[i] != length || typeOffsets[i+1]-typeOffsets[i] != length || length < 0 || int(length) > m.MaxLength {
			return fmt.Errorf("row_id %d: length %d: it has %d ids and %d types, and max_length is %d", row, lengths[i], length,
				typeOffsets[i+1]-typeOffsets[i], m.MaxLength)
		}
		if b.labels[i] < -1 || int(b.labels[i]) >= len(m.Labels) {
			return fmt.Errorf("row_id %d: label %d: the manifest has %d labels", row, b.labels[i], len(m.Labels))
		}
	}
	for i, id := range b.ids {
		if id < 0 || int(id) >= m.Tokenizer.VocabSize {
			return fmt.Errorf("token %d: id %d: the vocabulary has %d", i, id, m.Tokenizer.VocabSize)
		}
	}
	return nil
}

func (b *batch) length(row int64) int32 {
	i := row - b.first
	return b.offsets[i+1] - b.offsets[i]
}
