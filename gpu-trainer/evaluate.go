package trainer

import (
	"context"
	"iter"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Predictions are a model's logits on a split, in row order.
type Predictions struct {
	RowIDs  []int64   // [N]
	Labels  []int32   // [N], -1 where unlabelled
	Logits  []float64 // [N·Classes]
	Classes int
}

// Predicted is the class with the largest logit of row i; the first of equal ones.
func (p Predictions) Predicted(i int) int { return argmax(p.Logits[i*p.Classes : (i+1)*p.Classes]) }

// Losses is the cross entropy of each labelled row; 0 for others.
func (p Predictions) Losses() []float64 {
	losses := make([]float64, len(p.Labels))
	for i, label := range p.Labels {
		if label >= 0 {
			losses[i] = CrossEntropy(p.Logits[i*p.Classes:(i+1)*p.Classes], label)
		}
	}
	return losses
}

// evaluationChunk is how many rows are sorted by length together.
const evaluationChunk = 4096

// Evaluate runs a model forward, without dropout, over all rows of a source. The method is that of the run which made
// the model.
func Evaluate(ctx context.Context, s Source, m *model.Model, method model.Method, o EngineOptions) (Predictions, error) {
	return evaluateFirst(ctx, s, s.Len(), m, method, o)
}

// evaluateFirst is Evaluate on the first n rows.
func evaluateFirst(ctx context.Context, s Source, n int, m *model.Model, method model.Method, o EngineOptions) (Predictions, error) {
	o.MaxTokens = capacity(o.MaxTokens, m.Config)
	engine, err := NewEngine(m, method, o)
	if err != nil {
		return Predictions{}, err
	}
	defer engine.Close()
	classes := m.Config.NumLabels
	p := Predictions{RowIDs: make([]int64, n), Labels: make([]int32, n), Logits: make([]float64, n*classes), Classes: classes}
	for i := range p.RowIDs {
		p.RowIDs[i] = int64(i)
	}
	packed := func(rows []int64) iter.Seq2[*model.Batch, error] {
		return packRows(ctx, s, m.Config, rows, o.MaxTokens)
	}
	if o.Cache != "" {
		stored, err := openPrefix(ctx, s, m, method, engine, o)
		if err != nil {
			return p, err
		}
		defer stored.close()
		packed = func(rows []int64) iter.Seq2[*model.Batch, error] { return stored.batches(rows, o.MaxTokens) }
	}
	for from := 0; from < n; from += evaluationChunk {
		if err := p.evaluate(engine, packed(p.RowIDs[from:min(from+evaluationChunk, n)])); err != nil {
			return p, err
		}
	}
	return p, nil
}

// evaluate fills in the rows of the given batches.
func (p Predictions) evaluate(e *Engine, batches iter.Seq2[*model.Batch, error]) error {
	var logits []float64
	for batch, err := range batches {
		if err != nil {
			return err
		}
		logits = append(logits[:0], make([]float64, batch.Examples()*p.Classes)...)
		if err := e.Logits(batch, logits); err != nil {
			return err
		}
		for i, row := range batch.RowIDs {
			p.Labels[row] = batch.Labels[i]
			copy(p.Logits[int(row)*p.Classes:], logits[i*p.Classes:(i+1)*p.Classes])
		}
	}
	return nil
}

// capacity is the number of tokens of a physical batch: at least one example of the greatest length.
func capacity(asked int, c model.Config) int {
	if asked == 0 {
		asked = 4096
	}
	return max(asked, c.MaxTokens())
}
