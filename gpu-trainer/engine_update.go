package trainer

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
)

// updateChunk is how many numbers are stepped at a time: their gradient, weights and moments stay in the first cache,
// or near it.
const updateChunk = 1 << 12

// advance makes the step of the host's weights. It passes the released vector once, block by block, many blocks at a
// time: noise is added to the sums of a block, what comes out is the gradient of its weights, these are stepped and
// the sums are zeroed, while all of it is in a cache.
func (c *core[T]) advance(u Update) error {
	for _, w := range c.parts {
		if u.Quantum == 0 && w.gradient == nil {
			return fmt.Errorf("quantum 0: the lot has no plain gradient")
		}
		if !w.carrier {
			w.makeMoments(u.Optimizer.Moments())
		}
	}
	c.backend.Pool.EachThread(len(c.sums), dp.NoiseBlock, func(t kernels.Thread, lo, hi int) {
		if u.Noise != nil {
			u.Noise(c.sums[lo:hi], lo)
		}
		for _, w := range c.parts {
			to := min(hi-w.Offset, w.Size)
			for from := max(lo-w.Offset, 0); from < to; from += updateChunk {
				c.stepRange(t, w, u, from, min(from+updateChunk, to))
			}
		}
	})
	if u.Quantum > 0 {
		c.summed = u.KeepSums
	}
	c.stepCarried(u)
	return nil
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

// stepRange makes the step of numbers lo:hi of one released tensor. A carrier's gradient is left in its own room: it
// steps others.
func (c *core[T]) stepRange(t kernels.Thread, w *weight[T], u Update, lo, hi int) {
	var g []T
	if u.Quantum == 0 {
		g = w.gradient.Data[lo:hi]
		kernels.Divide(t, g, u.Divisor)
	} else {
		sums := c.sums[w.Offset+lo : w.Offset+hi]
		g = kernels.FromGrid[T](t, sums, u.Quantum/u.Divisor)
		if !u.KeepSums {
			clear(sums)
		}
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
