package trainer

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// memorySource is a split in memory. The label of an example is whether it holds more even than odd ids.
type memorySource struct {
	ids    [][]int32
	labels []int32
	broken map[int64]bool // rows that cannot be read
	mutate func(rows []int64) []int64
}

// newSource draws n examples of 2..length tokens.
func newSource(n, vocabulary, length int) *memorySource {
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	s := &memorySource{}
	for range n {
		ids := make([]int32, 2+rng.IntN(length-1))
		even := 0
		for i := range ids {
			ids[i] = int32(5 + rng.IntN(vocabulary-5))
			even += int(1 - ids[i]%2)
		}
		s.ids = append(s.ids, ids)
		s.labels = append(s.labels, int32(min(2*even/len(ids), 1)))
	}
	return s
}

func (s *memorySource) Len() int     { return len(s.ids) }
func (s *memorySource) Hash() string { return fmt.Sprintf("memory of %d", len(s.ids)) }
func (s *memorySource) Close() error { return nil }

func (s *memorySource) Read(_ context.Context, rows []int64) (arrow.Record, error) {
	if s.mutate != nil {
		rows = s.mutate(rows)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, Schema)
	defer b.Release()
	for _, row := range rows {
		if s.broken[row] {
			return nil, fmt.Errorf("shard of row %d: damaged", row)
		}
		b.Field(ColumnRowID).(*array.Int64Builder).Append(row)
		ids := b.Field(ColumnInputIDs).(*array.ListBuilder)
		types := b.Field(ColumnTokenTypeIDs).(*array.ListBuilder)
		ids.Append(true)
		types.Append(true)
		for _, id := range s.ids[row] {
			ids.ValueBuilder().(*array.Int32Builder).Append(id)
			types.ValueBuilder().(*array.Int8Builder).Append(0)
		}
		b.Field(ColumnLength).(*array.Int32Builder).Append(int32(len(s.ids[row])))
		b.Field(ColumnLabel).(*array.Int32Builder).Append(s.labels[row])
	}
	return b.NewRecord(), nil
}

// smallModel is an encoder that trains in milliseconds.
func smallModel() *model.Model {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize, c.HiddenSize, c.Layers, c.Heads, c.IntermediateSize, c.MaxPositions = 40, 16, 1, 2, 32, 16
	return model.New(c, 1)
}

// smallPlan is a private run of a few steps over a source of 200 rows.
func smallPlan() Plan {
	return Plan{ExpectedBatchSize: 40, Steps: 16, Epsilon: 8, Delta: 1e-5, ClippingNorm: 1,
		Method: model.Method{Kind: model.LoRA, Rank: 2}, LearningRate: 0.01}
}
