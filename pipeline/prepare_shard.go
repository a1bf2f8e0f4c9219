package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// BatchBuilder collects examples into record batches with trainer.Schema.
type BatchBuilder struct {
	record          *array.RecordBuilder
	row             *array.Int64Builder
	ids, types      *array.ListBuilder
	idValues        *array.Int32Builder
	typeValues      *array.Int8Builder
	lengths, labels *array.Int32Builder
}

// NewBatchBuilder makes an empty builder. Release frees it.
func NewBatchBuilder(mem memory.Allocator) *BatchBuilder {
	r := array.NewRecordBuilder(mem, trainer.Schema)
	b := &BatchBuilder{
		record:  r,
		row:     r.Field(trainer.ColumnRowID).(*array.Int64Builder),
		ids:     r.Field(trainer.ColumnInputIDs).(*array.ListBuilder),
		types:   r.Field(trainer.ColumnTokenTypeIDs).(*array.ListBuilder),
		lengths: r.Field(trainer.ColumnLength).(*array.Int32Builder),
		labels:  r.Field(trainer.ColumnLabel).(*array.Int32Builder),
	}
	b.idValues = b.ids.ValueBuilder().(*array.Int32Builder)
	b.typeValues = b.types.ValueBuilder().(*array.Int8Builder)
	return b
}

// Append adds one example; ids and types have one entry a token.
func (b *BatchBuilder) Append(row int64, ids []int32, types []int8, label int32) {
	b.row.Append(row)
	b.ids.Append(true)
	b.idValues.AppendValues(ids, nil)
	b.types.Append(true)
	b.typeValues.AppendValues(types, nil)
	b.lengths.Append(int32(len(ids)))
	b.labels.Append(label)
}

// NewRecord gives the collected examples and empties the builder. The caller releases the record.
func (b *BatchBuilder) NewRecord() arrow.Record { return b.record.NewRecord() }

// Release frees the builder.
func (b *BatchBuilder) Release() { b.record.Release() }

// ShardWriter writes one shard: an Arrow IPC file that appears under its name when it is whole.
type ShardWriter struct {
	path   string
	file   *os.File
	out    *trainer.ShardSink
	writer *ipc.FileWriter
	shard  ShardFile
}

// NewShardWriter begins shard number index of a prepared folder. compression is "none" or "zstd".
func NewShardWriter(dir string, index int, compression string, mem memory.Allocator) (*ShardWriter, error) {
	options := []ipc.Option{ipc.WithSchema(trainer.Schema), ipc.WithAllocator(mem)}
	switch compression {
	case "none":
	case "zstd":
		options = append(options, ipc.WithZstd(), ipc.WithCompressConcurrency(1))
	default:
		return nil, fmt.Errorf("compression %q: must be none or zstd", compression)
	}
	path := filepath.Join(dir, shardName(index))
	file, err := os.Create(path + ".partial")
	if err != nil {
		return nil, err
	}
	out := trainer.NewShardSink(file)
	writer, err := ipc.NewFileWriter(out, options...)
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return &ShardWriter{path: path, file: file, out: out, writer: writer, shard: ShardFile{File: shardName(index)}}, nil
}

// Write adds a batch.
func (w *ShardWriter) Write(batch arrow.Record) error {
	if err := w.writer.Write(batch); err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	w.shard.Rows += batch.NumRows()
	w.shard.Tokens += int64(batch.Column(trainer.ColumnInputIDs).(*array.List).ListValues().Len())
	return nil
}

// Finish ends the file, makes it durable and gives it its name.
func (w *ShardWriter) Finish() (ShardFile, error) {
	err := errors.Join(w.writer.Close(), w.out.Flush())
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		return ShardFile{}, errors.Join(fmt.Errorf("%s: %w", w.path, err), w.Abort())
	}
	if err := w.file.Close(); err != nil {
		return ShardFile{}, fmt.Errorf("%s: %w", w.path, err)
	}
	w.shard.Bytes, w.shard.SHA256 = w.out.Size(), w.out.SHA256()
	return w.shard, os.Rename(w.file.Name(), w.path)
}

// Abort removes the unfinished file.
func (w *ShardWriter) Abort() error {
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}
