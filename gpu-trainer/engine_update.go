package trainer

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
)

// updateBlock is how many numbers of a weight are stepped at a time: the gradient of no more of them exists at once.
const updateBlock = 1 << 18

// stepWeight makes the step of one weight, block by block.
func (c *core[T]) stepWeight(w *weight[T], u Update) error {
	if u.Quantum == 0 && w.gradient == nil {
		return fmt.Errorf("quantum 0: the lot has no plain gradient")
	}
	for lo := 0; lo < w.Size; lo += updateBlock {
		hi := min(lo+updateBlock, w.Size)
		g := c.scratch(hi - lo)
		if u.Quantum == 0 {
			g = w.gradient.Data[lo:hi]
		}
		c.gradientRange(w, u, lo, hi, g)
		c.applyRange(w, g, u, lo, hi)
	}
	return nil
}

// gradient is G of one released tensor: (sum + noise)·quantum/divisor, or the plain gradient over the divisor. It is left in g, or where
// g is nil in the tensor's own room for a gradient.
func (c *core[T]) gradient(w *weight[T], u Update, g []T) ([]T, error) {
	if u.Quantum == 0 && w.gradient == nil {
		return nil, fmt.Errorf("quantum 0: the lot has no plain gradient")
	}
	if g == nil || u.Quantum == 0 {
		g = w.gradient.Data
	}
	c.gradientRange(w, u, 0, w.Size, g)
	return g, nil
}

// gradientRange leaves numbers lo:hi of G in g.
func (c *core[T]) gradientRange(w *weight[T], u Update, lo, hi int, g []T) {
	if u.Quantum == 0 {
		kernels.Divide(c.backend.Pool, g, u.Divisor)
		return
	}
	lo, hi = lo+w.Offset, hi+w.Offset
	kernels.FromGrid(c.backend.Pool, c.sums[lo:hi], part(u.Noise, lo, hi), u.Quantum, u.Divisor, g)
}

// apply steps one weight by its gradient.
func (c *core[T]) apply(w *weight[T], g []T, u Update) { c.applyRange(w, g, u, 0, w.Size) }

func (c *core[T]) applyRange(w *weight[T], g []T, u Update, lo, hi int) {
	moments := u.Optimizer.Moments()
	if moments > 0 && w.first == nil {
		w.first = make([]T, w.Size)
	}
	if moments > 1 && w.second == nil {
		w.second = make([]T, w.Size)
	}
	theta, first, second := w.data.Data[lo:hi], part(w.first, lo, hi), part(w.second, lo, hi)
	if step, ok := adamStep(u); ok {
		kernels.Adam(c.backend.Pool, step, theta, g, first, second)
		return
	}
	c.backend.Pool.For(len(g), 1<<14, func(lo, hi int) {
		dp.Apply(u.Optimizer, u.K, u.LearningRate, theta[lo:hi], g[lo:hi], part(first, lo, hi), part(second, lo, hi))
	})
}

// adamStep is dp.Apply's step of Adam and AdamW in the terms of the kernel that computes the same bits.
func adamStep(u Update) (kernels.AdamStep, bool) {
	o := u.Optimizer.WithDefaults()
	if o.Kind != dp.Adam && o.Kind != dp.AdamW {
		return kernels.AdamStep{}, false
	}
	rest1, rest2 := 1-math.Pow(o.Beta1, float64(u.K)), 1-math.Pow(o.Beta2, float64(u.K))
	s := kernels.AdamStep{Beta1: o.Beta1, Beta2: o.Beta2, Correct1: 1 / rest1, Correct2: 1 / rest2, Epsilon: o.Epsilon,
		Rate: u.LearningRate, Shrink: 1 - u.LearningRate*o.WeightDecay}
	if o.EpsilonBeforeCorrection {
		s.Epsilon /= math.Sqrt(rest2)
	}
	if o.Kind == dp.Adam {
		s.Shrink, s.Coupled = 1, o.WeightDecay
	}
	return s, true
}

// adamRule is the step of the Adam family in the terms of a device; false for other optimisers.
func adamRule(u Update) (opencl.Adam, bool) {
	o := u.Optimizer.WithDefaults()
	if o.Kind == dp.AdamBC { // decays and corrects like AdamW
		u.Optimizer.Kind = dp.AdamW
	}
	s, ok := adamStep(u)
	return opencl.Adam{Beta1: s.Beta1, Beta2: s.Beta2, Correct1: s.Correct1, Correct2: s.Correct2, Epsilon: s.Epsilon, Rate: s.Rate,
		Shrink: s.Shrink, Coupled: s.Coupled, Variance: o.NoiseVariance, Unbiased: o.Kind == dp.AdamBC}, ok
}

func part[T any](s []T, lo, hi int) []T {
	if s == nil {
		return nil
	}
	return s[lo:hi]
}
