package trainer

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
)

// updateChunk is how many numbers are noised and stepped at a time: their sums, gradient, weights and moments stay in
// the first cache, or near it.
const updateChunk = 4 * dp.NoiseChunk

// advance makes the step of the host's weights. It passes the released vector once, chunk by chunk: noise is added to
// the sums of a chunk, what comes out is the gradient of its weights, these are stepped and the sums are zeroed, while
// all of it is in a cache. No noise is ever held for more than a chunk.
func (c *core[T]) advance(u Update) error {
	for _, w := range c.parts {
		if u.Quantum == 0 && w.gradient == nil {
			return fmt.Errorf("quantum 0: the lot has no plain gradient")
		}
		if !w.carrier {
			w.makeMoments(u.Optimizer.Moments())
		}
	}
	if u.KeepSums {
		c.sums.all()
	}
	c.backend.Pool.EachThread(c.sums.dim, dp.NoiseBlock, func(t kernels.Thread, lo, hi int) {
		var noise func([]int64)
		if u.Noise != nil {
			noise = u.Noise(lo)
		}
		for from := lo; from < hi; from += updateChunk {
			c.stepChunk(t, u, noise, from, min(from+updateChunk, hi))
		}
	})
	if u.Quantum > 0 && !u.KeepSums {
		c.sums.spent()
	}
	c.stepCarried(u)
	return nil
}

// stepChunk makes the step of numbers lo:hi of the released vector. The sums of others than the table's are zeroed.
func (c *core[T]) stepChunk(t kernels.Thread, u Update, noise func([]int64), lo, hi int) {
	var g []T
	if u.Quantum > 0 {
		sums := c.sums.chunk(lo, hi, t.Integers(updateChunk))
		if noise != nil {
			noise(sums)
		}
		g = kernels.FromGrid[T](t, sums, u.Quantum/u.Divisor)
		if !u.KeepSums {
			c.sums.zero(lo, hi)
		}
	}
	first, _ := slices.BinarySearchFunc(c.parts, lo, func(w *weight[T], at int) int { return cmp.Compare(w.Offset+w.Size, at+1) })
	for _, w := range c.parts[first:] {
		if w.Offset >= hi {
			break
		}
		from, to := max(lo, w.Offset), min(hi, w.Offset+w.Size)
		var part []T
		if g != nil {
			part = g[from-lo : to-lo]
		}
		c.stepRange(t, w, u, part, from-w.Offset, to-w.Offset)
	}
}

// makeMoments makes room for the optimiser's moments.
func (w *weight[T]) makeMoments(n int) {
	if n > 0 && w.first == nil {
		w.first = make([]T, w.Size)
	}
	if n > 1 && w.second == nil {
		w.second = make([]T, w.Size)
	}
}

// stepRange makes the step of numbers lo:hi of one released tensor by their gradient, the plain one if g is nil. A
// carrier's gradient is left in its own room: it steps others.
func (c *core[T]) stepRange(t kernels.Thread, w *weight[T], u Update, g []T, lo, hi int) {
	if g == nil {
		g = w.gradient.Data[lo:hi]
		kernels.Divide(t, g, u.Divisor)
	}
	if w.carrier {
		copy(w.gradient.Data[lo:hi], g)
		return
	}
	w.apply(t, g, u, lo, hi)
}

// apply steps numbers lo:hi of a weight by their gradient.
func (w *weight[T]) apply(t kernels.Thread, g []T, u Update, lo, hi int) {
	theta, first, second := w.data.Data[lo:hi], part(w.first, lo, hi), part(w.second, lo, hi)
	if step, ok := adamStep(u); ok {
		kernels.Adam(t, step, theta, g, first, second)
		return
	}
	dp.Apply(u.Optimizer, u.K, u.LearningRate, theta, g, first, second)
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
