package model

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// A Batch is a packed set of examples: their tokens stand one behind the other, with no padding anywhere.
type Batch struct {
	InputIDs, TokenTypeIDs, PositionIDs []int32 // [tokens]
	Offsets                             []int32 // [examples+1]; example i holds tokens Offsets[i]:Offsets[i+1]
	Labels                              []int32 // [examples]; -1 = unlabelled
	RowIDs                              []int64 // [examples]; key the dropout masks

	// Activations are the values of a frozen prefix (Config.Boundary) in place of the three columns of ids, [tokens,
	// hidden]; where the prefix yields one vector for each example, that counts as its only token. nil: the batch has
	// ids.
	Activations []float32
}

// Tokens is the number of tokens in the batch.
func (b *Batch) Tokens() int {
	if b.Activations != nil && len(b.Offsets) > 0 {
		return int(b.Offsets[len(b.Offsets)-1])
	}
	return len(b.InputIDs)
}

// Examples is the number of examples in the batch.
func (b *Batch) Examples() int { return len(b.Labels) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.InputIDs, b.TokenTypeIDs, b.PositionIDs = b.InputIDs[:0], b.TokenTypeIDs[:0], b.PositionIDs[:0]
	b.Offsets, b.Labels, b.RowIDs = b.Offsets[:0], b.Labels[:0], b.RowIDs[:0]
	b.Activations = nil
}

// AppendExample adds one example. types may be nil (all 0). Positions follow from the configuration: BERT counts from
// 0, RoBERTa from pad_token_id + 1. A model with one token type takes every type as 0.
func (b *Batch) AppendExample(c Config, row int64, label int32, ids []int32, types []int8) {
	if len(b.Offsets) == 0 {
		b.Offsets = append(b.Offsets, 0)
	}
	next := 0
	for i, id := range ids {
		var kind int32
		if types != nil && c.TypeVocabSize > 1 {
			kind = int32(types[i])
		}
		position := i
		if c.ModelType == RoBERTa {
			position = c.PadTokenID
			if int(id) != c.PadTokenID {
				next++
				position += next
			}
		}
		b.InputIDs = append(b.InputIDs, id)
		b.TokenTypeIDs = append(b.TokenTypeIDs, kind)
		b.PositionIDs = append(b.PositionIDs, int32(position))
	}
	b.Offsets = append(b.Offsets, int32(len(b.InputIDs)))
	b.Labels = append(b.Labels, label)
	b.RowIDs = append(b.RowIDs, row)
}

// Part is examples first, first+1, ... as many as have tokens tokens together, but one at least; 0: all that are
// left. It shares the batch's memory but for its offsets.
func (b *Batch) Part(first, tokens int) *Batch {
	from := b.Offsets[first]
	n := first + 1
	for n < b.Examples() && (tokens == 0 || int(b.Offsets[n+1]-from) <= tokens) {
		n++
	}
	to := b.Offsets[n]
	part := &Batch{InputIDs: b.InputIDs[from:to], TokenTypeIDs: b.TokenTypeIDs[from:to], PositionIDs: b.PositionIDs[from:to],
		Labels: b.Labels[first:n], RowIDs: b.RowIDs[first:n]}
	for _, offset := range b.Offsets[first : n+1] {
		part.Offsets = append(part.Offsets, offset-from)
	}
	return part
}

// WithPrompt copies a batch into out and puts count pad tokens behind the first token of every example: the places of
// a soft prompt. Positions count on over them.
func (b *Batch) WithPrompt(c Config, count int, out *Batch) {
	out.Reset()
	out.Offsets = append(out.Offsets, 0)
	for i := range b.Examples() {
		lo, hi := b.Offsets[i], b.Offsets[i+1]
		for j := range int(hi-lo) + count {
			from, id := int(lo)+max(0, j-count), int32(c.PadTokenID)
			if j == 0 || j > count {
				id = b.InputIDs[from]
			}
			out.InputIDs = append(out.InputIDs, id)
			out.TokenTypeIDs = append(out.TokenTypeIDs, b.TokenTypeIDs[from])
			out.PositionIDs = append(out.PositionIDs, b.PositionIDs[lo]+int32(j))
		}
		out.Offsets = append(out.Offsets, int32(len(out.InputIDs)))
	}
	out.Labels, out.RowIDs = append(out.Labels, b.Labels...), append(out.RowIDs, b.RowIDs...)
}

// AppendRecord adds rows of a record of prepared examples (row_id, input_ids, token_type_ids, length, label); rows
// are positions in the record, nil for all of them.
func (b *Batch) AppendRecord(c Config, record arrow.Record, rows []int) error {
	columns, err := recordColumns(record)
	if err != nil {
		return err
	}
	if rows == nil {
		for i := range int(record.NumRows()) {
			columns.append(b, c, i)
		}
		return nil
	}
	for _, i := range rows {
		if i < 0 || int64(i) >= record.NumRows() {
			return fmt.Errorf("row %d: outside a record of %d rows", i, record.NumRows())
		}
		columns.append(b, c, i)
	}
	return nil
}

// columns are the typed columns of a record of prepared examples.
type columns struct {
	row    *array.Int64
	ids    *array.List
	types  *array.List
	label  *array.Int32
	idData *array.Int32
	tyData *array.Int8
}

func recordColumns(record arrow.Record) (columns, error) {
	var c columns
	if record.NumCols() != 5 {
		return c, fmt.Errorf("record of %d columns: want row_id, input_ids, token_type_ids, length, label", record.NumCols())
	}
	var ok [6]bool
	c.row, ok[0] = record.Column(0).(*array.Int64)
	c.ids, ok[1] = record.Column(1).(*array.List)
	c.types, ok[2] = record.Column(2).(*array.List)
	c.label, ok[3] = record.Column(4).(*array.Int32)
	if ok[1] && ok[2] {
		c.idData, ok[4] = c.ids.ListValues().(*array.Int32)
		c.tyData, ok[5] = c.types.ListValues().(*array.Int8)
	}
	if ok != [6]bool{true, true, true, true, true, true} {
		return c, fmt.Errorf("record schema %v: not one of prepared examples", record.Schema())
	}
	return c, nil
}

func (c columns) append(b *Batch, cfg Config, i int) {
	lo, hi := c.ids.ValueOffsets(i)
	typesLo, typesHi := c.types.ValueOffsets(i)
	b.AppendExample(cfg, c.row.Value(i), c.label.Value(i), c.idData.Int32Values()[lo:hi], c.tyData.Int8Values()[typesLo:typesHi])
}

// Validate checks a batch against a model: lengths fit together, every id lies in its table, every example has a
// token and fits the position embeddings, labels are classes (or -1 where unlabelled is allowed).
func (b *Batch) Validate(c Config, unlabelled bool) error {
	n := b.Examples()
	if b.Activations != nil {
		return b.validateActivations(c, unlabelled)
	}
	if len(b.RowIDs) != n || (n > 0 && len(b.Offsets) != n+1) || len(b.TokenTypeIDs) != b.Tokens() || len(b.PositionIDs) != b.Tokens() {
		return fmt.Errorf("batch: %d examples, %d row ids, %d offsets, %d/%d/%d ids: lengths do not fit together",
			n, len(b.RowIDs), len(b.Offsets), b.Tokens(), len(b.TokenTypeIDs), len(b.PositionIDs))
	}
	for i := range n {
		if err := b.validateExample(c, i, unlabelled); err != nil {
			return fmt.Errorf("row %d: %w", b.RowIDs[i], err)
		}
	}
	return nil
}

func (b *Batch) validateExample(c Config, i int, unlabelled bool) error {
	lo, hi := int(b.Offsets[i]), int(b.Offsets[i+1])
	if lo < 0 || hi > b.Tokens() || hi <= lo || hi-lo > c.MaxTokens() {
		return fmt.Errorf("%d tokens: must be 1..%d", hi-lo, c.MaxTokens())
	}
	if err := b.validateLabel(c, i, unlabelled); err != nil {
		return err
	}
	tables := []struct {
		name string
		ids  []int32
		size int
	}{
		{"token id", b.InputIDs, c.VocabSize}, {"token type", b.TokenTypeIDs, c.TypeVocabSize}, {"position", b.PositionIDs, c.MaxPositions},
	}
	for _, t := range tables {
		for _, id := range t.ids[lo:hi] {
			if id < 0 || int(id) >= t.size {
				return fmt.Errorf("%s %d: must be in [0, %d)", t.name, id, t.size)
			}
		}
	}
	return nil
}

func (b *Batch) validateLabel(c Config, i int, unlabelled bool) error {
	if label := int(b.Labels[i]); label >= c.NumLabels || label < -1 || (label == -1 && !unlabelled) {
		return fmt.Errorf("label %d: must be in [0, %d)", label, c.NumLabels)
	}
	return nil
}

func (b *Batch) validateActivations(c Config, unlabelled bool) error {
	n := b.Examples()
	if len(b.RowIDs) != n || len(b.Offsets) != n+1 || len(b.Activations) != b.Tokens()*c.HiddenSize {
		return fmt.Errorf("batch: %d examples, %d row ids, %d offsets, %d activations for %d tokens: lengths do not fit together",
			n, len(b.RowIDs), len(b.Offsets), len(b.Activations), b.Tokens())
	}
	for i := range n {
		if b.Offsets[i+1] <= b.Offsets[i] {
			return fmt.Errorf("row %d: %d tokens: must be at least 1", b.RowIDs[i], b.Offsets[i+1]-b.Offsets[i])
		}
		if err := b.validateLabel(c, i, unlabelled); err != nil {
			return fmt.Errorf("row %d: %w", b.RowIDs[i], err)
		}
	}
	return nil
}
