package pipeline

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// tally counts what a manifest tells of the rows of one shard.
type tally struct {
	LabelRows  []int64 `json:"label_rows"`
	Unlabelled int64   `json:"unlabelled"`
	Lengths    []int64 `json:"lengths"`
}

// count adds a batch.
func (t *tally) count(batch arrow.Record) {
	for _, label := range batch.Column(trainer.ColumnLabel).(*array.Int32).Int32Values() {
		if label < 0 {
			t.Unlabelled++
		} else {
			t.LabelRows[label]++
		}
	}
	for _, length := range batch.Column(trainer.ColumnLength).(*array.Int32).Int32Values() {
		for int(length) >= len(t.Lengths) {
			t.Lengths = append(t.Lengths, 0)
		}
		t.Lengths[length]++
	}
}

// include adds a finished shard to the manifest.
func (m *Manifest) include(shard ShardFile, t tally) {
	m.Shards = append(m.Shards, shard)
	m.Rows += shard.Rows
	m.Tokens += shard.Tokens
	m.Unlabelled += t.Unlabelled
	for class, rows := range t.LabelRows {
		m.LabelRows[class] += rows
	}
	for length, rows := range t.Lengths {
		if length >= len(m.Lengths) {
			m.Lengths = append(m.Lengths, 0)
		}
		m.Lengths[length] += rows
	}
}

// shardSequence cuts a stream of batches into shards.
type shardSequence struct {
	dir      string
	options  PrepareOptions
	mem      memory.Allocator
	manifest *Manifest
	journal  *journal
	open     *ShardWriter // nil between shards
	tally    tally
}

// rows written so far; none before the shard is begun.
func (w *ShardWriter) rows() int64 {
	if w == nil {
		return 0
	}
	return w.shard.Rows
}

func (s *shardSequence) add(batch arrow.Record) (err error) {
	if s.open == nil {
		s.tally = tally{LabelRows: make([]int64, len(s.manifest.Labels))}
		s.open, err = NewShardWriter(s.dir, len(s.manifest.Shards), s.options.Compression, s.mem)
		if err != nil {
			return err
		}
	}
	if err := s.open.Write(batch); err != nil {
		return err
	}
	s.tally.count(batch)
	if s.open.rows() == int64(s.options.ShardRows) {
		return s.finish()
	}
	return nil
}

// finish closes the open shard and enters it into the journal.
func (s *shardSequence) finish() error {
	if s.open == nil {
		return nil
	}
	shard, err := s.open.Finish()
	s.open = nil
	if err != nil {
		return err
	}
	s.manifest.include(shard, s.tally)
	return s.journal.append(journalEntry{Shard: shard, Tally: s.tally})
}

// abort removes the shard that was not finished.
func (s *shardSequence) abort() error {
	if s.open == nil {
		return nil
	}
	return s.open.Abort()
}
