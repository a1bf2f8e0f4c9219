package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// Part is a finished shard, or what else there is to count. Its JSON form travels between machines.
type Part struct {
	Index   int       `json:"index"` // of the shard
	Shard   ShardFile `json:"shard"`
	Tally   tally     `json:"tally"`
	Skipped int64     `json:"skipped"` // malformed rows left out while reading
}

// PartWriter makes shards one by one, in any order and on any machine that sees the same folders; the files are byte for
// byte those that [Prepare] makes.
type PartWriter struct {
	options   PrepareOptions
	tokenizer *tokenizer.Tokenizer
	task      datasets.Task
}

// NewPartWriter checks the options, tries the source and loads the tokenizer.
func NewPartWriter(o PrepareOptions) (*PartWriter, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	tok, err := tokenizer.Load(o.Tokenizer)
	if err != nil {
		return nil, err
	}
	input, err := datasets.Open(o.Source)
	if err != nil {
		return nil, err
	}
	return &PartWriter{options: o, tokenizer: tok, task: input.Task}, input.Close()
}

// Write makes shard number index from its rows, which it puts in the order of their ids.
func (w *PartWriter) Write(index int, rows []datasets.Row) (part Part, err error) {
	slices.SortFunc(rows, func(a, b datasets.Row) int { return cmp.Compare(a.ID, b.ID) })
	if err := w.check(index, rows); err != nil {
		return Part{}, err
	}
	mem := memory.DefaultAllocator
	shard, err := NewShardWriter(w.options.Out, index, w.options.Compression, mem)
	if err != nil {
		return Part{}, err
	}
	part = Part{Index: index, Tally: tally{LabelRows: make([]int64, len(w.task.Labels))}}
	if err := w.writeRows(shard, &part.Tally, rows, mem); err != nil {
		return Part{}, errors.Join(err, shard.Abort())
	}
	part.Shard, err = shard.Finish()
	return part, err
}

// check refuses rows that are not whole and in one piece.
func (w *PartWriter) check(index int, rows []datasets.Row) error {
	first := int64(index) * int64(w.options.ShardRows)
	for i, row := range rows {
		if row.ID != first+int64(i) {
			return fmt.Errorf("shard %d: row id %d: must be %d", index, row.ID, first+int64(i))
		}
	}
	if len(rows) > w.options.ShardRows {
		return fmt.Errorf("shard %d: %d rows: must be at most %d", index, len(rows), w.options.ShardRows)
	}
	return nil
}

func (w *PartWriter) writeRows(shard *ShardWriter, counts *tally, rows []datasets.Row, mem memory.Allocator) error {
	encode := newRowEncoder(w.tokenizer, w.task, w.options.MaxLength, mem)
	defer encode.builder.Release()
	for batch := range slices.Chunk(rows, batchRows) {
		record := encode.record(batch)
		err := shard.Write(record)
		counts.count(record)
		record.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// Publish writes the manifest of all parts, which makes the folder a prepared one.
func (w *PartWriter) Publish(parts []Part) (m *Manifest, err error) {
	input, err := datasets.Open(w.options.Source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, input.Close()) }()
	m, err = newManifest(w.options, w.tokenizer, input)
	if err != nil {
		return nil, err
	}
	parts = slices.SortedFunc(slices.Values(parts), func(a, b Part) int { return cmp.Compare(a.Index, b.Index) })
	for _, p := range parts {
		m.Source.Skipped += p.Skipped
		if p.Shard.File != "" {
			m.include(p.Shard, p.Tally)
		}
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, m.publish(w.options.Out, input.Files[0])
}
