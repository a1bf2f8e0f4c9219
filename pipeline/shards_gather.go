package pipeline

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// gather copies rows out of their batches into one record. batches holds batchRows rows each; tokens is the sum of the
// rows' lengths.
func gather(mem memory.Allocator, rows []int64, batches []*batch, batchRows int64, tokens int) arrow.Record {
	g := newGathered(mem, len(rows), tokens)
	ids, types := arrow.Int32Traits.CastFromBytes(g.ids.Bytes()), arrow.Int8Traits.CastFromBytes(g.types.Bytes())
	offsets, lengths := arrow.Int32Traits.CastFromBytes(g.offsets.Bytes()), arrow.Int32Traits.CastFromBytes(g.lengths.Bytes())
	labels := arrow.Int32Traits.CastFromBytes(g.labels.Bytes())
	copy(arrow.Int64Traits.CastFromBytes(g.rows.Bytes()), rows)
	at := int32(0)
	for i, row := range rows {
		b := batches[row/batchRows]
		r := row - b.first
		from, to := b.offsets[r], b.offsets[r+1]
		copy(ids[at:], b.ids[from:to])
		copy(types[at:], b.types[from+b.typesFrom:to+b.typesFrom])
		offsets[i], lengths[i], labels[i] = at, to-from, b.labels[r]
		at += to - from
	}
	offsets[len(rows)] = at
	return g.record(len(rows), tokens)
}

// gathered holds the buffers of a record in the making.
type gathered struct{ rows, offsets, ids, types, lengths, labels *memory.Buffer }

func newGathered(mem memory.Allocator, rows, tokens int) gathered {
	buffer := func(bytes int) *memory.Buffer {
		b := memory.NewResizableBuffer(mem)
		b.Resize(bytes)
		return b
	}
	return gathered{
		rows: buffer(8 * rows), offsets: buffer(4 * (rows + 1)), ids: buffer(4 * tokens), types: buffer(tokens),
		lengths: buffer(4 * rows), labels: buffer(4 * rows),
	}
}

// record hands the buffers over to a record and lets go of them.
func (g gathered) record(rows, tokens int) arrow.Record {
	fields := trainer.Schema.Fields()
	flat := func(t arrow.DataType, n int, values *memory.Buffer) arrow.ArrayData {
		return array.NewData(t, n, []*memory.Buffer{nil, values}, nil, 0, 0)
	}
	list := func(field int, of arrow.DataType, values *memory.Buffer) arrow.ArrayData {
		child := flat(of, tokens, values)
		defer child.Release()
		return array.NewData(fields[field].Type, rows, []*memory.Buffer{nil, g.offsets}, []arrow.ArrayData{child}, 0, 0)
	}
	data := []arrow.ArrayData{
		trainer.ColumnRowID:        flat(arrow.PrimitiveTypes.Int64, rows, g.rows),
		trainer.ColumnInputIDs:     list(trainer.ColumnInputIDs, arrow.PrimitiveTypes.Int32, g.ids),
		trainer.ColumnTokenTypeIDs: list(trainer.ColumnTokenTypeIDs, arrow.PrimitiveTypes.Int8, g.types),
		trainer.ColumnLength:       flat(arrow.PrimitiveTypes.Int32, rows, g.lengths),
		trainer.ColumnLabel:        flat(arrow.PrimitiveTypes.Int32, rows, g.labels),
	}
	columns := make([]arrow.Array, len(data))
	for i, d := range data {
		columns[i] = array.MakeFromData(d)
		d.Release()
		defer columns[i].Release()
	}
	for _, b := range []*memory.Buffer{g.rows, g.offsets, g.ids, g.types, g.lengths, g.labels} {
		b.Release()
	}
	return array.NewRecord(trainer.Schema, columns, int64(rows))
}
