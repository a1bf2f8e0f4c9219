package trainer

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
)

// run feeds a batch to the program of a kind and runs it.
func (c *core[T]) run(kind programKind, b *model.Batch, clip dp.Clip) (*program, error) {
	suffix := b.Activations != nil
	if suffix && c.options.Dropout {
		return nil, fmt.Errorf("activations of a frozen prefix: not with dropout")
	}
	p, err := c.program(programKey{kind, suffix})
	if err != nil {
		return nil, err
	}
	if b, err = c.withPrompt(b); err != nil {
		return nil, err
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
		f.Factor, f.InverseQuantum = func(norm, bound float64) float64 { return clip.FactorWithin(norm, bound, slack) }, 1/clip.Quantum
	}
	c.ahead = c.ahead || kind != forward && kind != prefix
	c.summed = c.summed || len(p.squares) > 0
	return p, p.RunAll()
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
	kind := flat
	if clip.Mode == dp.ClipPerLayer {
		kind = perLayer
	}
	p, err := c.train(kind, b, clip)
	if err != nil || b.Examples() == 0 {
		return c.stats, err
	}
	return c.stats, c.readNorms(p, b.Examples())
}

func (c *core[T]) accumulateGradient(b *model.Batch) (BatchStats, error) {
	_, err := c.train(plain, b, dp.Clip{})
	return c.stats, err
}

// train runs one backward pass and reads the losses.
func (c *core[T]) train(kind programKind, b *model.Batch, clip dp.Clip) (*program, error) {
	c.stats = BatchStats{Loss: c.stats.Loss[:0], Norm: c.stats.Norm[:0], Factor: c.stats.Factor[:0]}
	if err := b.Validate(c.base.Config, false); err != nil {
		return nil, err
	}
	p, err := c.run(kind, b, clip)
	if err != nil || b.Examples() == 0 {
		return p, err
	}
	losses, err := c.read(p, p.network.Loss, b.Examples())
	if err != nil {
		return nil, err
	}
	for _, v := range losses {
		c.stats.Loss = append(c.stats.Loss, float64(v))
	}
	return p, c.countCorrect(p, b)
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
	for range examples {
		c.stats.Norm, c.stats.Factor = append(c.stats.Norm, 0), append(c.stats.Factor, math.Inf(1))
	}
	numbers := make([]float64, examples)
	for group, node := range p.squares {
		if err := readValue(p, node, 0, numbers); err != nil {
			return err
		}
		for i, v := range numbers {
			c.stats.Norm[i] += v
		}
		if err := readValue(p, p.factor, group, numbers); err != nil {
			return err
		}
		for i, v := range numbers {
			c.stats.Factor[i] = math.Min(c.stats.Factor[i], v)
		}
	}
	for i, v := range c.stats.Norm {
		c.stats.Norm[i] = math.Sqrt(v)
		if c.stats.Factor[i] == 0 {
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
	return c.evaluate(b, out, b.Examples()*c.base.Config.NumLabels, func(p *program) *gorgonia.Node { return p.network.Logits })
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
	return c.evaluate(b, out, b.Tokens()*c.base.Config.HiddenSize, func(p *program) *gorgonia.Node { return p.network.Hidden[layer] })
}

func (c *core[T]) prefix(b *model.Batch, out []float32) error {
	if err := b.Validate(c.base.Config, true); err != nil {
		return err
	}
	p, err := c.run(prefix, b, dp.Clip{})
	if err != nil || b.Examples() == 0 {
		return err
	}
	return readValue(p, p.network.Frozen, 0, out)
}

// evaluate runs the forward program and copies n numbers of one of its nodes to out.
func (c *core[T]) evaluate(b *model.Batch, out []float64, n int, node func(*program) *gorgonia.Node) error {
	if len(out) != n {
		return fmt.Errorf("output of %d numbers: must be %d", len(out), n)
	}
	if err := b.Validate(c.base.Config, true); err != nil {
		return err
	}
	p, err := c.run(forward, b, dp.Clip{})
	if err != nil || n == 0 {
		return err
	}
	numbers, err := c.read(p, node(p), n)
	for i, v := range numbers {
		out[i] = float64(v)
	}
	return err
}

// unit names the arithmetic that the engine's bits come from.
func (c *core[T]) unit() string { return c.backend.Pool.Unit() }

func (c *core[T]) memory() int {
	most := 0
	for _, p := range c.programs {
		most = max(most, p.Memory())
	}
	return most
}
