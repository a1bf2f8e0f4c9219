package cpu

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"gorgonia.org/tensor"
)

// embed serves embed (table) and embed.add (x, table).
func embed[T kernels.Float](c call[T]) machine.Run {
	table, y, add := c.input(len(c.in)-1), c.output(0), len(c.in) == 2
	return func(f *machine.Feed) error {
		kernels.Embed(c.Pool, f.Columns[c.Column], table.data(), y.Width, y.data(), add)
		return nil
	}
}

func activations[T kernels.Float](c call[T]) machine.Run {
	y := c.output(0)
	return func(f *machine.Feed) error {
		to := y.data()
		if len(f.Activations) != len(to) {
			return fmt.Errorf("%d activations: must be %d", len(f.Activations), len(to))
		}
		for i, v := range f.Activations {
			to[i] = T(v)
		}
		return nil
	}
}

func linear[T kernels.Float](c call[T]) machine.Run {
	x, w, y := c.input(0), c.input(1), c.output(0)
	return func(*machine.Feed) error {
		var bias []T
		if len(c.in) == 3 {
			bias = c.input(2).data()
		}
		kernels.Linear(c.Pool, x.data(), x.rows(), x.Width, w.data(), bias, y.Width, y.data())
		return nil
	}
}

func linearAdd[T kernels.Float](c call[T]) machine.Run {
	x, w, y := c.input(1), c.input(2), c.output(0)
	return func(*machine.Feed) error {
		kernels.Gemm(c.Pool, false, true, x.rows(), y.Width, x.Width, 1, x.data(), x.Width, w.data(), x.Width, 1, y.data(), y.Width)
		return nil
	}
}

func linearGradInput[T kernels.Float](c call[T]) machine.Run {
	g, w, dx := c.input(0), c.input(1), c.output(0)
	return func(*machine.Feed) error {
		kernels.LinearGradInput(c.Pool, g.data(), g.rows(), g.Width, w.data(), dx.Width, dx.data(), false)
		return nil
	}
}

func linearGradInputAdd[T kernels.Float](c call[T]) machine.Run {
	g, w, dx := c.input(1), c.input(2), c.output(0)
	return func(*machine.Feed) error {
		kernels.LinearGradInput(c.Pool, g.data(), g.rows(), g.Width, w.data(), dx.Width, dx.data(), true)
		return nil
	}
}

func layerNorm[T kernels.Float](c call[T]) machine.Run {
	x, gamma, beta := c.input(0), c.input(1), c.input(2)
	y, mean, rstd := c.output(0), c.output(1), c.output(2)
	return func(*machine.Feed) error {
		kernels.LayerNorm(c.Pool, x.data(), x.rows(), x.Width, gamma.data(), beta.data(), c.Epsilon, y.data(), mean.data(), rstd.data())
		return nil
	}
}

func layerNormGradInput[T kernels.Float](c call[T]) machine.Run {
	g, x, gamma, mean, rstd, dx := c.input(0), c.input(1), c.input(2), c.input(3), c.input(4), c.output(0)
	return func(*machine.Feed) error {
		kernels.LayerNormGrad(c.Pool, x.data(), g.data(), x.rows(), x.Width, gamma.data(), mean.data(), rstd.data(), dx.data())
		return nil
	}
}

func attention[T kernels.Float](c call[T]) machine.Run {
	q, k, v, y, probs := c.input(0), c.input(1), c.input(2), c.output(0), c.output(1)
	return func(f *machine.Feed) error {
		kernels.Attention(c.Pool, q.data(), k.data(), v.data(), f.Offsets, c.Heads, q.Width, c.Scale, probs.data(), y.data())
		return nil
	}
}

func attentionGrad[T kernels.Float](c call[T]) machine.Run {
	q, k, v, probs, g := c.input(0), c.input(1), c.input(2), c.input(3), c.input(4)
	dq, dk, dv := c.output(0), c.output(1), c.output(2)
	return func(f *machine.Feed) error {
		kernels.AttentionGrad(c.Pool, q.data(), k.data(), v.data(), probs.data(), g.data(), f.Offsets, c.Heads, q.Width, c.Scale, dq.data(), dk.data(), dv.data())
		return nil
	}
}

func gelu[T kernels.Float](c call[T]) machine.Run {
	x, y := c.input(0), c.output(0)
	if c.out[1].Buffer == nil {
		return func(*machine.Feed) error { kernels.GELU(c.Pool, x.data(), y.data()); return nil }
	}
	slope := c.output(1)
	return func(*machine.Feed) error { kernels.GELUBoth(c.Pool, x.data(), y.data(), slope.data()); return nil }
}

func multiply[T kernels.Float](c call[T]) machine.Run {
	a, b, y := c.input(0), c.input(1), c.output(0)
	return func(*machine.Feed) error { kernels.Multiply(c.Pool, a.data(), b.data(), y.data()); return nil }
}

func tanh[T kernels.Float](c call[T]) machine.Run {
	x, y := c.input(0), c.output(0)
	return func(*machine.Feed) error { kernels.Tanh(c.Pool, x.data(), y.data()); return nil }
}

func tanhGrad[T kernels.Float](c call[T]) machine.Run {
	g, y, dx := c.input(0), c.input(1), c.output(0)
	return func(*machine.Feed) error { kernels.TanhGrad(c.Pool, y.data(), g.data(), dx.data()); return nil }
}

func add[T kernels.Float](c call[T]) machine.Run {
	a, b, y := c.input(0), c.input(1), c.output(0)
	return func(*machine.Feed) error { kernels.Add(c.Pool, a.data(), b.data(), y.data()); return nil }
}

func scale[T kernels.Float](c call[T]) machine.Run {
	x, y, factor := c.input(0), c.output(0), T(c.Scale)
	return func(*machine.Feed) error {
		to := y.data()
		for i, v := range x.data() {
			to[i] = v * factor
		}
		return nil
	}
}

func duplicate[T kernels.Float](c call[T]) machine.Run {
	if c.in[0].DType == tensor.Int64 {
		return copying[int64](c.Pool, c.in[0], c.out[0])
	}
	if c.in[0].DType == tensor.Float64 {
		return copying[float64](c.Pool, c.in[0], c.out[0])
	}
	return copying[T](c.Pool, c.in[0], c.out[0])
}

func copying[E any](p *kernels.Pool, from, to *machine.Value) machine.Run {
	x, y := as[E](from), as[E](to)
	return func(*machine.Feed) error { kernels.Copy(p, x.data(), y.data()); return nil }
}

func pool[T kernels.Float](kernel func(p *kernels.Pool, x []T, offsets []int32, width int, y []T)) func(call[T]) machine.Run {
	return func(c call[T]) machine.Run {
		x, y := c.input(0), c.output(0)
		return func(f *machine.Feed) error { kernel(c.Pool, x.data(), f.Offsets, x.Width, y.data()); return nil }
	}
}

// poolGrad is like pool, from [examples, width] back to [tokens, width].
func poolGrad[T kernels.Float](kernel func(p *kernels.Pool, g []T, offsets []int32, width int, dx []T)) func(call[T]) machine.Run {
	return pool(kernel)
}

func crossEntropy[T kernels.Float](c call[T]) machine.Run {
	logits, loss, gradient := c.input(0), c.output(0), c.output(1)
	return func(f *machine.Feed) error {
		kernels.CrossEntropy(logits.data(), logits.rows(), logits.Width, f.Labels, loss.data(), gradient.data())
		return nil
	}
}
