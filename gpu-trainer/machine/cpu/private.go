package cpu

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

func zeros[T kernels.Float](c call[T]) machine.Run {
	y := as[float64](c.out[0])
	return func(*machine.Feed) error { clear(y.data()); return nil }
}

// clip turns each example's squared norms and their bounds, one pair a group, into factors.
func clip[T kernels.Float](c call[T]) machine.Run {
	squares, factors := make([][]float64, len(c.in)), make([][]float64, len(c.in))
	return func(f *machine.Feed) error {
		for i := range c.in {
			squares[i], factors[i] = as[float64](c.in[i]).data(), as[float64](c.out[i]).data()
		}
		machine.Factors(f, squares, factors)
		return nil
	}
}

func linearNorm[T kernels.Float](c call[T]) machine.Run {
	squares, g, x, p := as[float64](c.out[0]), c.input(1), c.input(2), c.places()
	return func(f *machine.Feed) error {
		kernels.LinearNorm(c.Pool, x.data(), g.data(), p.offsets(f, g.Rows), p.width(x.Value), p.width(g.Value), kernels.NormsOf(squares.data()))
		return nil
	}
}

// linearNorms is linearNorm of several weights with one input: squares, x and the derivatives.
func linearNorms[T kernels.Float](c call[T]) machine.Run {
	squares, x := as[float64](c.out[0]), c.input(1)
	gs, outs := make([][]T, len(c.in)-2), make([]int, len(c.in)-2)
	return func(f *machine.Feed) error {
		for k := range gs {
			g := c.input(2 + k)
			gs[k], outs[k] = g.data(), g.Width
		}
		kernels.LinearNorms(c.Pool, x.data(), gs, f.OffsetsOf(x.Rows), x.Width, outs, kernels.NormsOf(squares.data()))
		return nil
	}
}

// linearKeep is linearNorm that keeps the gradients.
func linearKeep[T kernels.Float](c call[T]) machine.Run {
	squares, g, x := as[float64](c.out[0]), c.input(1), c.input(2)
	return func(f *machine.Feed) error {
		kernels.LinearKeep(c.Pool, x.data(), g.data(), f.OffsetsOf(g.Rows), x.Width, g.Width, kernels.NormsOf(squares.data()), c.kept(0))
		return nil
	}
}

// kept is where the gradients of a weight are kept, or nil where they are not.
func (c call[T]) kept(slot int) []T {
	if 1+slot >= len(c.out) {
		return nil
	}
	return c.output(1 + slot).data()
}

func biasNorm[T kernels.Float](c call[T]) machine.Run {
	squares, g := as[float64](c.out[0]), c.input(1)
	return func(f *machine.Feed) error {
		kernels.BiasNorm(c.Pool, g.data(), f.OffsetsOf(g.Rows), g.Width, kernels.NormsOf(squares.data()), c.kept(0))
		return nil
	}
}

func layerNormNorm[T kernels.Float](c call[T]) machine.Run {
	squares, g, x, mean, rstd := as[float64](c.out[0]), c.input(1), c.input(2), c.input(3), c.input(4)
	p := c.places()
	return func(f *machine.Feed) error {
		kernels.LayerNormNorm(c.Pool, x.data(), g.data(), p.offsets(f, g.Rows), p.width(g.Value), mean.data(), rstd.data(), kernels.NormsOf(squares.data()), c.kept(0), c.kept(1))
		return nil
	}
}

func embedNorm[T kernels.Float](c call[T]) machine.Run {
	squares, g := as[float64](c.out[0]), c.input(1)
	return func(f *machine.Feed) error {
		kernels.EmbedNorm(c.Pool, f.Columns[c.Column], g.data(), f.Offsets, g.Width, kernels.NormsOf(squares.data()))
		return nil
	}
}

func linearSum[T kernels.Float](c call[T]) machine.Run {
	sum, g, factor, x, p := as[int64](c.out[0]), c.input(1), as[float64](c.in[2]), c.input(3), c.places()
	return func(f *machine.Feed) error {
		kernels.LinearSum(c.Pool, x.data(), g.data(), p.offsets(f, g.Rows), p.width(x.Value), p.width(g.Value), factor.data(), f.InverseQuantum, sum.data())
		return nil
	}
}

func biasSum[T kernels.Float](c call[T]) machine.Run {
	sum, g, factor := as[int64](c.out[0]), c.input(1), as[float64](c.in[2])
	return func(f *machine.Feed) error {
		kernels.BiasSum(c.Pool, g.data(), f.OffsetsOf(g.Rows), g.Width, factor.data(), f.InverseQuantum, sum.data())
		return nil
	}
}

func layerNormSum[T kernels.Float](c call[T]) machine.Run {
	sum, g, factor := as[int64](c.out[0]), c.input(1), as[float64](c.in[2])
	x, mean, rstd, p := c.input(3), c.input(4), c.input(5), c.places()
	return func(f *machine.Feed) error {
		scale, shift := oneOf(c.Slot, sum.data())
		kernels.LayerNormSum(c.Pool, x.data(), g.data(), p.offsets(f, g.Rows), p.width(g.Value), mean.data(), rstd.data(), factor.data(), f.InverseQuantum, scale, shift)
		return nil
	}
}

// oneOf puts data in the place that slot names and nil in the other.
func oneOf[E any](slot int, data []E) (first, second []E) {
	if slot == 0 {
		return data, nil
	}
	return nil, data
}

func embedSum[T kernels.Float](c call[T]) machine.Run {
	g, factor, ids := c.input(1), as[float64](c.in[2]), func(f *machine.Feed) []int32 { return f.Columns[c.Column] }
	add := func(f *machine.Feed, ids []int32, sum []int64) error {
		kernels.EmbedSum(c.Pool, ids, g.data(), f.Offsets, g.Width, factor.data(), f.InverseQuantum, sum)
		return nil
	}
	if rows, ok := c.out[0].Buffer.(*Rows); ok {
		return func(f *machine.Feed) error {
			places, sum := rows.At(ids(f))
			return add(f, places, sum)
		}
	}
	sum := as[int64](c.out[0])
	return func(f *machine.Feed) error { return add(f, ids(f), sum.data()) }
}

func linearGrad[T kernels.Float](c call[T]) machine.Run {
	total, g, x, p := c.output(0), c.input(1), c.input(2), c.places()
	return func(*machine.Feed) error {
		kernels.LinearGradWeight(c.Pool, x.data(), g.data(), p.rows(x.Value), p.width(x.Value), p.width(g.Value), total.data())
		return nil
	}
}

func biasGrad[T kernels.Float](c call[T]) machine.Run {
	total, g := c.output(0), c.input(1)
	return func(*machine.Feed) error {
		kernels.BiasGrad(c.Pool, g.data(), g.rows(), g.Width, total.data())
		return nil
	}
}

func layerNormGrad[T kernels.Float](c call[T]) machine.Run {
	total, g, x, mean, rstd, p := c.output(0), c.input(1), c.input(2), c.input(3), c.input(4), c.places()
	return func(*machine.Feed) error {
		scale, shift := oneOf(c.Slot, total.data())
		kernels.LayerNormGradWeight(c.Pool, x.data(), g.data(), p.rows(g.Value), p.width(g.Value), mean.data(), rstd.data(), scale, shift)
		return nil
	}
}

func embedGrad[T kernels.Float](c call[T]) machine.Run {
	total, g := c.output(0), c.input(1)
	return func(f *machine.Feed) error {
		kernels.EmbedGrad(c.Pool, f.Columns[c.Column], g.data(), g.Width, total.data())
		return nil
	}
}
