package kernels

import (
	"math"
	"unsafe"
)

// AdamStep holds the constants of one step of Adam or AdamW:
//
//	g ← g + Coupled θ,  m ← Beta1 m + (1-Beta1) g,  v ← Beta2 v + (1-Beta2) g²,
//	θ ← Shrink θ - Rate (Correct1 m) / (√(Correct2 v) + Epsilon).
type AdamStep struct {
	Beta1, Beta2, Correct1, Correct2, Epsilon, Rate, Shrink, Coupled float64
}

// adamArgs are the arguments of the vector code, its constants in order of use.
type adamArgs struct {
	theta, g, m, v                                                                 pointer
	n                                                                              int
	beta1, rest1, beta2, rest2, correct1, correct2, epsilon, rate, shrink, coupled float64
}

// Adam makes one step on theta with its moments m and v. Every number is
// computed in float64, by the same operations on every processor.
func Adam[T Float](p *Pool, s AdamStep, theta, g, m, v []T) {
	p.each(len(theta), p.chunk(len(theta)), func(w *worker, lo, hi int) {
		if vectors[T](p) && p.simd.adam != nil {
			n := (hi - lo) &^ 7
			w.adam = adamArgs{at(as32(theta), lo), at(as32(g), lo), at(as32(m), lo), at(as32(v), lo), n,
				s.Beta1, 1 - s.Beta1, s.Beta2, 1 - s.Beta2, s.Correct1, s.Correct2, s.Epsilon, s.Rate, s.Shrink, s.Coupled}
			if n > 0 {
				p.simd.adam((*byte)(unsafe.Pointer(&w.adam)))
			}
			lo += n
		}
		adamRange(s, theta, g, m, v, lo, hi)
	})
}

func adamRange[T Float](s AdamStep, theta, g, m, v []T, lo, hi int) {
	for i := lo; i < hi; i++ {
		gradient := float64(g[i]) + float64(s.Coupled*float64(theta[i]))
		m[i] = T(float64(s.Beta1*float64(m[i])) + float64((1-s.Beta1)*gradient))
		v[i] = T(float64(s.Beta2*float64(v[i])) + float64((1-s.Beta2)*gradient*gradient))
		step := float64(m[i]) * s.Correct1 / (math.Sqrt(float64(v[i])*s.Correct2) + s.Epsilon)
		theta[i] = T(float64(s.Shrink*float64(theta[i])) - float64(s.Rate*step))
	}
}

// gridArgs are the arguments of the vector code of FromGrid.
type gridArgs struct {
	sum, noise, out  pointer
	n                int
	quantum, divisor float64
}

// FromGrid turns integer sums into a gradient: g = (sum + noise) quantum /
// divisor, in float64. noise may be nil.
func FromGrid[T Float](p *Pool, sum, noise []int64, quantum, divisor float64, g []T) {
	p.each(len(g), p.chunk(len(g)), func(w *worker, lo, hi int) {
		if vectors[T](p) && p.simd.fromGrid != nil {
			n := (hi - lo) &^ 7
			w.grid = gridArgs{sum: at(sum, lo), out: at(as32(g), lo), n: n, quantum: quantum, divisor: divisor}
			if noise != nil {
				w.grid.noise = at(noise, lo)
			}
			if n > 0 {
				p.simd.fromGrid((*byte)(unsafe.Pointer(&w.grid)))
			}
			lo += n
		}
		for i := lo; i < hi; i++ {
			total := sum[i]
			if noise != nil {
				total += noise[i]
			}
			g[i] = T(float64(total) * quantum / divisor)
		}
	})
}

// Divide computes g[i] / divisor in place, in float64.
func Divide[T Float](p *Pool, g []T, divisor float64) {
	p.each(len(g), p.chunk(len(g)), func(w *worker, lo, hi int) {
		if vectors[T](p) && p.simd.divide != nil {
			n := (hi - lo) &^ 7
			w.maps = mapArgs{x: at(as32(g), lo), out: at(as32(g), lo), n: n}
			*w.maps.scale64() = divisor
			if n > 0 {
				p.simd.divide((*byte)(unsafe.Pointer(&w.maps)))
			}
			lo += n
		}
		for i := lo; i < hi; i++ {
			g[i] = T(float64(g[i]) / divisor)
		}
	})
}
