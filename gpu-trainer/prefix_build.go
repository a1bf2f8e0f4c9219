package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// PrefixSchema is the layout of a shard of stored activations: Arrow IPC files, uncompressed, row after row of the
// source.
//
//	row_id       int64          position of the row in its split
//	length       int32          its tokens
//	label        int32          its class, -1 where there is none
//	activations  list<float32>  [length·hidden], or [hidden] behind the pooling
var PrefixSchema = arrow.NewSchema([]arrow.Field{
	{Name: "row_id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "length", Type: arrow.PrimitiveTypes.Int32},
	{Name: "label", Type: arrow.PrimitiveTypes.Int32},
	{Name: "activations", Type: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Float32)},
}, nil)

// Rows of a record batch and of a shard of stored activations. A shard is a multiple of batches.
const (
	prefixBatchRows = 512
	prefixShardRows = 64 * prefixBatchRows
)

// prefixManifest describes a folder of stored activations: what they are, and where in the shards each record batch
// has its numbers, so that the numbers of one row can be read alone. It is the file manifest-SHA256.json, whose name
// holds its hash.
type prefixManifest struct {
	prefixIdentity
	Hidden  int             `json:"hidden"`
	Lengths []int32         `json:"lengths"` // tokens of each row
	Labels  []int32         `json:"labels"`
	Shards  []prefixShardID `json:"shards"`
}

type prefixShardID struct {
	File    string  `json:"file"`
	Bytes   int64   `json:"bytes"`
	SHA256  string  `json:"sha256"`
	Numbers []int64 `json:"numbers"` // of each record batch: the place of its activations in the file
}

// build computes and stores what the prefix yields for every row. The folder appears when it is whole; where another
// run was faster, its folder stays.
func (p *storedPrefix) build(ctx context.Context, s Source, c model.Config, e *Engine, capacity int, folder string, identity prefixIdentity) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(folder), ".prefix-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp) // gone by then, unless it failed
	b := prefixBuilder{storedPrefix: p, source: s, config: c, engine: e, capacity: capacity, manifest: prefixManifest{prefixIdentity: identity, Hidden: p.hidden}}
	for from := 0; from < s.Len(); from += prefixShardRows {
		name := fmt.Sprintf("shard-%05d.arrow", from/prefixShardRows)
		if err := b.shard(ctx, temp, name, from, min(from+prefixShardRows, s.Len())); err != nil {
			return err
		}
	}
	if err := b.manifest.write(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, folder); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncFolder(filepath.Dir(folder))
}

func (m prefixManifest) write(dir string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, prefixManifestName(text)), 0o600, func(w io.Writer) error { _, err := w.Write(text); return err })
}

func prefixManifestName(text []byte) string {
	sum := sha256.Sum256(text)
	return "manifest-" + hex.EncodeToString(sum[:]) + ".json"
}

// prefixBuilder makes the shards of a stored prefix.
type prefixBuilder struct {
	*storedPrefix
	source   Source
	config   model.Config
	engine   *Engine
	capacity int
	manifest prefixManifest
	numbers  []float32 // of the batch at hand, by row
	packed   []float32 // of one physical batch
}

// shard computes and writes rows lo:hi.
func (b *prefixBuilder) shard(ctx context.Context, dir, name string, lo, hi int) error {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	out := NewShardSink(file)
	writer, err := ipc.NewFileWriter(out, ipc.WithSchema(PrefixSchema))
	if err != nil {
		return errors.Join(err, file.Close())
	}
	id := prefixShardID{File: name}
	for from := lo; from < hi && err == nil; from += prefixBatchRows {
		if err = b.batch(ctx, writer, from, min(from+prefixBatchRows, hi)); err == nil {
			// The activations are the last buffer of a batch, padded to 8 bytes.
			id.Numbers = append(id.Numbers, out.Size()-int64((4*len(b.numbers)+7)/8*8))
		}
	}
	if err = errors.Join(err, writer.Close(), out.Flush(), file.Sync(), file.Close()); err != nil {
		return err
	}
	id.Bytes, id.SHA256 = out.Size(), out.SHA256()
	b.manifest.Shards = append(b.manifest.Shards, id)
	return nil
}

// batch computes rows lo:hi and writes them as one record batch.
func (b *prefixBuilder) batch(ctx context.Context, w *ipc.FileWriter, lo, hi int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows := make([]int64, hi-lo)
	for i := range rows {
		rows[i] = int64(lo + i)
	}
	record, err := readRows(ctx, b.source, rows)
	if err != nil {
		return err
	}
	defer record.Release()
	lengths := record.Column(ColumnLength).(*array.Int32).Int32Values()
	labels := record.Column(ColumnLabel).(*array.Int32).Int32Values()
	starts := b.layOut(lengths)
	for batch, err := range pack(b.config, record, b.capacity) {
		if err != nil {
			return err
		}
		if err := b.compute(batch, lo, starts); err != nil {
			return err
		}
	}
	b.manifest.Lengths, b.manifest.Labels = append(b.manifest.Lengths, lengths...), append(b.manifest.Labels, labels...)
	return writePrefixBatch(w, rows, lengths, labels, starts, b.numbers)
}

// layOut makes room for rows of the given lengths and returns where each begins, and where the last ends.
func (b *prefixBuilder) layOut(lengths []int32) []int32 {
	starts := make([]int32, 1, len(lengths)+1)
	for _, length := range lengths {
		starts = append(starts, starts[len(starts)-1]+int32(b.size(length)))
	}
	if n := int(starts[len(lengths)]); cap(b.numbers) < n {
		b.numbers = make([]float32, n)
	}
	b.numbers = b.numbers[:starts[len(lengths)]]
	return starts
}

// size is how many numbers a row of the given length has.
func (p *storedPrefix) size(length int32) int {
	if p.boundary.Pooled() {
		return p.hidden
	}
	return int(length) * p.hidden
}

// compute runs the prefix on a physical batch and puts what it yields into the places of its rows.
func (b *prefixBuilder) compute(batch *model.Batch, first int, starts []int32) error {
	total := 0
	for i := range batch.Examples() {
		total += b.size(batch.Offsets[i+1] - batch.Offsets[i])
	}
	if cap(b.packed) < total {
		b.packed = make([]float32, total)
	}
	packed := b.packed[:total]
	if err := b.engine.Prefix(batch, packed); err != nil {
		return err
	}
	for _, row := range batch.RowIDs {
		at := int(row) - first
		n := copy(b.numbers[starts[at]:starts[at+1]], packed)
		packed = packed[n:]
	}
	return nil
}

func writePrefixBatch(w *ipc.FileWriter, rows []int64, lengths, labels, starts []int32, numbers []float32) error {
	bytes := func(b []byte) *memory.Buffer { return memory.NewBufferBytes(b) }
	flat := func(t arrow.DataType, n int, b []byte) arrow.ArrayData {
		return array.NewData(t, n, []*memory.Buffer{nil, bytes(b)}, nil, 0, 0)
	}
	child := flat(arrow.PrimitiveTypes.Float32, len(numbers), arrow.Float32Traits.CastToBytes(numbers))
	defer child.Release()
	data := []arrow.ArrayData{
		flat(arrow.PrimitiveTypes.Int64, len(rows), arrow.Int64Traits.CastToBytes(rows)),
		flat(arrow.PrimitiveTypes.Int32, len(rows), arrow.Int32Traits.CastToBytes(lengths)),
		flat(arrow.PrimitiveTypes.Int32, len(rows), arrow.Int32Traits.CastToBytes(labels)),
		array.NewData(PrefixSchema.Field(3).Type, len(rows), []*memory.Buffer{nil, bytes(arrow.Int32Traits.CastToBytes(starts))}, []arrow.ArrayData{child}, 0, 0),
	}
	columns := make([]arrow.Array, len(data))
	for i, d := range data {
		columns[i] = array.MakeFromData(d)
		defer columns[i].Release()
		d.Release()
	}
	record := array.NewRecord(PrefixSchema, columns, int64(len(rows)))
	defer record.Release()
	return w.Write(record)
}
