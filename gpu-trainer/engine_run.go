package trainer

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
)

// run feeds a batch to a program and runs it.
func (c *core[T]) run(kind programKind, p *program, b *model.Batch, clip dp.Clip) error {
	b, err := c.withPrompt(b)
	if err != nil {
		return err
	}
	f := &p.Feed
	f.Columns[ops.InputIDs], f.Columns[ops.TokenTypeIDs], f.Columns[ops.PositionIDs] = b.InputIDs, b.TokenTypeIDs, b.PositionIDs
	f.Offsets, f.Labels, f.RowIDs = b.Offsets, b.Labels, b.RowIDs
	f.Activations, f.DropoutKey = b.Activations, c.key
	if len(p.squares) > 0 {
		if kind == perLayer {
			clip = clip.Group(len(p.squares))
		}
		slack := dp.Slack(c.options.Precision)
		f.Clip = machine.Clip{Norm: clip.Norm, Gamma: clip.Gamma(), Most: clip.Norm * (1 + slack)}
		f.Factor, f.InverseQuantum = func(norm, bound float64) float64 { return clip.FactorWithin(norm, bound, slack) }, 1/clip.Quantum
	}
	c.sums.used = c.sums.used || len(p.squares) > 0
	return p.RunAll()
}

// withPrompt makes room for the vectors of a soft prompt.
func (c *core[T]) withPrompt(b *model.Batch) (*model.Batch, error) {
	if c.method.Kind != model.Prompt {
		return b, nil
	}
	b.WithPrompt(c.base.Config, c.method.Rank, &c.prompted)
	return &c.prompted, c.prompted.Validate(c.base.Config, true)
}

func (c *core[T]) accumulate(b *model.Batch, clip dp.Clip) (BatchStats, error) {
	if err := clip.Validate(); err != nil {
		return BatchStats{}, err
	}
	if c.backend.Pool.Library() {
		return BatchStats{}, fmt.Errorf("blas %s: clipped sums need the built-in products, which do not depend on the batch", c.options.BLAS)
	}
	kind := flat
	if clip.Mode == dp.ClipPerLayer {
		kind = perLayer
	}
	err := c.train(kind, b, clip)
	return c.stats, err
}

func (c *core[T]) accumulateGradient(b *model.Batch) (BatchStats, error) {
	err := c.train(plain, b, dp.Clip{})
	return c.stats, err
}

// train runs one backward pass and reads what it saw.
func (c *core[T]) train(kind programKind, b *model.Batch, clip dp.Clip) error {
	c.stats = BatchStats{Loss: c.stats.Loss[:0], Norm: c.stats.Norm[:0], Factor: c.stats.Factor[:0]}
	if err := b.Validate(c.base.Config, false); err != nil {
		return err
	}
	return c.inParts(kind, b, clip, func(p *program, part *model.Batch, _ int) error {
		losses, err := c.read(p, p.network.Loss, part.Examples())
		if err != nil {
			return err
		}
		for _, v := range losses {
			c.stats.Loss = append(c.stats.Loss, float64(v))
		}
		if err := c.countCorrect(p, part); err != nil || kind == plain {
			return err
		}
		return c.readNorms(p, part.Examples())
	})
}

func (c *core[T]) countCorrect(p *program, b *model.Batch) error {
	labels := c.base.Config.NumLabels
	logits, err := c.read(p, p.network.Logits, b.Examples()*labels)
	for i := range b.Labels {
		if err == nil && argmax(logits[i*labels:(i+1)*labels]) == int(b.Labels[i]) {
			c.stats.Correct++
		}
	}
	return err
}

func argmax[T kernels.Float](values []T) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// readNorms gathers norms and factors over the groups.
func (c *core[T]) readNorms(p *program, examples int) error {
	first := len(c.stats.Norm)
	for range examples {
		c.stats.Norm, c.stats.Factor = append(c.stats.Norm, 0), append(c.stats.Factor, math.Inf(1))
	}
	norms, factors := c.stats.Norm[first:], c.stats.Factor[first:]
	numbers := make([]float64, examples)
	for group, node := range p.squares {
		if err := readValue(p, node, 0, numbers); err != nil {
			return err
		}
		for i, v := range numbers {
			norms[i] += v
		}
		if err := readValue(p, p.factor, group, numbers); err != nil {
			return err
		}
		for i, v := range numbers {
			factors[i] = math.Min(factors[i], v)
		}
	}
	for i, v := range norms {
		norms[i] = math.Sqrt(v)
		if factors[i] == 0 {
			c.stats.NonFinite++
		}
	}
	return nil
}

// read copies the first n numbers of a fetched node into the engine's scratch.
func (c *core[T]) read(p *program, node *gorgonia.Node, n int) ([]T, error) {
	numbers := c.scratch(n)
	return numbers, readValue(p, node, 0, numbers)
}

func readValue(p *program, node *gorgonia.Node, slot int, dst any) error {
	v, err := p.Value(node, slot)
	if err != nil {
		return err
	}
	return v.Buffer.Read(dst)
}

func (c *core[T]) logits(b *model.Batch, out []float64) error {
	return c.forward(b, out, ops.Examples, c.base.Config.NumLabels, func(p *program) *gorgonia.Node { return p.network.Logits })
}

func (c *core[T]) hidden(b *model.Batch, layer int, out []float64) error {
	switch {
	case layer < 0 || layer > c.base.Config.Layers:
		return fmt.Errorf("layer %d: must be in [0, %d]", layer, c.base.Config.Layers)
	case c.method.Kind == model.Prompt:
		return fmt.Errorf("hidden states: not with method prompt, which adds tokens")
	case b.Activations != nil:
		return fmt.Errorf("hidden states: the batch has activations of a frozen prefix, and no ids")
	}
	return c.forward(b, out, ops.Tokens, c.base.Config.HiddenSize, func(p *program) *gorgonia.Node { return p.network.Hidden[layer] })
}

func (c *core[T]) prefix(b *model.Batch, out []float32) error {
	boundary, ok := c.base.Config.Boundary(c.method)
	if !ok {
		return fmt.Errorf("method %s: has no frozen prefix", c.method.Kind)
	}
	rows := ops.Tokens
	if boundary.Pooled() {
		rows = ops.Examples
	}
	return c.evaluate(prefix, b, len(out), rows, c.base.Config.HiddenSize, func(p *program, lo, hi int) error {
		return readValue(p, p.network.Frozen, 0, out[lo:hi])
	})
}

// evaluate runs a program without gradients, and hands each run to read with the range of the output, of size numbers
// in all and width a row, that is its part.
func (c *core[T]) evaluate(kind programKind, b *model.Batch, size int, rows ops.Rows, width int, read func(p *program, lo, hi int) error) error {
	if n := count(b, rows) * width; size != n {
		return fmt.Errorf("output of %d numbers: must be %d", size, n)
	}
	if err := b.Validate(c.base.Config, true); err != nil {
		return err
	}
	return c.inParts(kind, b, dp.Clip{}, func(p *program, part *model.Batch, first int) error {
		if rows == ops.Tokens {
			first = int(b.Offsets[first])
		}
		return read(p, first*width, (first+count(part, rows))*width)
	})
}

// forward copies one node of the forward program, of so many numbers a row, to out.
func (c *core[T]) forward(b *model.Batch, out []float64, rows ops.Rows, width int, node func(*program) *gorgonia.Node) error {
	return c.evaluate(forward, b, len(out), rows, width, func(p *program, lo, hi int) error {
		numbers, err := c.read(p, node(p), hi-lo)
		for i, v := range numbers {
			out[lo+i] = float64(v)
		}
		return err
	})
}

// count is how many rows a batch has.
func count(b *model.Batch, rows ops.Rows) int {
	if rows == ops.Tokens {
		return b.Tokens()
	}
	return b.Examples()
}

// unit names the arithmetic that the engine's bits come from: engines of one unit give the same bits.
func (c *core[T]) unit() string {
	if c.resident != nil {
		return c.resident.device.Unit()
	}
	return c.backend.Pool.Unit()
}

func (c *core[T]) memory() int {
	most := 0
	for _, p := range c.programs {
		most = max(most, p.Memory())
	}
	return most
}
