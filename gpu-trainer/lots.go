package trainer

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// readRows reads rows of the source and checks that these very rows came: a source that drops, repeats or reorders
// rows would make the sampling rate a lie. The caller releases the record.
func readRows(ctx context.Context, s Source, rows []int64) (arrow.Record, error) {
	record, err := s.Read(ctx, rows)
	if err != nil {
		return nil, fmt.Errorf("read %d rows: %w", len(rows), err)
	}
	if err := checkRows(record, rows); err != nil {
		record.Release()
		return nil, err
	}
	return record, nil
}

func checkRows(record arrow.Record, rows []int64) error {
	if !record.Schema().Equal(Schema) {
		return fmt.Errorf("source schema %v: must be %v", record.Schema(), Schema)
	}
	ids := record.Column(ColumnRowID).(*array.Int64).Int64Values()
	if !slices.Equal(ids, rows) {
		return fmt.Errorf("source gave %d rows: want exactly the %d rows asked for, in their order", len(ids), len(rows))
	}
	return nil
}

// packRows reads rows of the source and packs them.
func packRows(ctx context.Context, s Source, c model.Config, rows []int64, capacity int) iter.Seq2[*model.Batch, error] {
	return func(yield func(*model.Batch, error) bool) {
		record, err := readRows(ctx, s, rows)
		if err != nil {
			yield(nil, err)
			return
		}
		defer record.Release()
		for batch, err := range pack(c, record, capacity) {
			if !yield(batch, err) {
				return
			}
		}
	}
}

// pack cuts a record into batches of at most capacity tokens. Examples go in order of their length, ties by position:
// rows of one length share a batch, and the order inside a lot does not show in an integer sum. A batch holds until
// the next one is asked for. An example longer than capacity stands alone, and the engine judges it.
func pack(c model.Config, record arrow.Record, capacity int) iter.Seq2[*model.Batch, error] {
	lengths := record.Column(ColumnLength).(*array.Int32).Int32Values()
	order := byLength(lengths)
	return func(yield func(*model.Batch, error) bool) {
		var batch model.Batch
		for len(order) > 0 {
			n, _ := fitting(order, lengths, capacity)
			batch.Reset()
			err := batch.AppendRecord(c, record, order[:n])
			if !yield(&batch, err) || err != nil {
				return
			}
			order = order[n:]
		}
	}
}

// fitting is how many of the first examples in order, at least one, hold at most capacity tokens together, and how
// many they hold.
func fitting(order []int, lengths []int32, capacity int) (n, tokens int) {
	for n < len(order) && (n == 0 || tokens+int(lengths[order[n]]) <= capacity) {
		tokens += int(lengths[order[n]])
		n++
	}
	return n, tokens
}

func byLength(lengths []int32) []int {
	order := make([]int, len(lengths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lengths[a], lengths[b]) })
	return order
}
