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

// Adam makes one step on theta with its moments m and v, on one thread. Every
// number is computed in float64, by the same operations on every processor.
func Adam[T Float](t Thread, s AdamStep, theta, g, m, v []T) {
	n := 0
	if simd := t.pool.simd; vectors[T](t.pool) && simd.adam != nil {
		if n = len(theta) &^ 7; n > 0 {
			t.adam = adamArgs{at(as32(theta), 0), at(as32(g), 0), at(as32(m), 0), at(as32(v), 0), n,
				s.Beta1, 1 - s.Beta1, s.Beta2, 1 - s.Beta2, s.Correct1, s.Correct2, s.Epsilon, s.Rate, s.Shrink, s.Coupled}
			simd.adam((*byte)(unsafe.Pointer(&t.adam)))
		}
	}
	for i := n; i < len(theta); i++ {
		gradient := float64(g[i]) + float64(s.Coupled*float64(theta[i]))
		m[i] = T(float64(s.Beta1*float64(m[i])) + float64((1-s.Beta1)*gradient))
		v[i] = T(float64(s.Beta2*float64(v[i])) + float64((1-s.Beta2)*gradient*gradient))
		step := float64(m[i]) * s.Correct1 / (math.Sqrt(float64(v[i])*s.Correct2) + s.Epsilon)
		theta[i] = T(float64(s.Shrink*float64(theta[i])) - float64(s.Rate*step))
	}
}

// FromGrid turns integer sums into a gradient on one thread: g = sum scale, in
// float64. g is the thread's scratch memory, until its next kernel.
func FromGrid[T Float](t Thread, sum []int64, scale float64) (g []T) {
	g = take[T](&t.tile, len(sum))
	n := 0
	if simd := t.pool.simd; vectors[T](t.pool) && simd.fromGrid != nil {
		if n = len(sum) &^ 7; n > 0 {
			t.maps = mapArgs{x: at(sum, 0), out: at(as32(g), 0), n: n}
			*t.maps.scale64() = scale
			simd.fromGrid((*byte)(unsafe.Pointer(&t.maps)))
		}
	}
	for i := n; i < len(sum); i++ {
		g[i] = T(float64(sum[i]) * scale)
	}
	return g
}

// Divide computes g[i] / divisor in place, in float64, on one thread.
func Divide[T Float](t Thread, g []T, divisor float64) {
	n := 0
	if simd := t.pool.simd; vectors[T](t.pool) && simd.divide != nil {
		if n = len(g) &^ 7; n > 0 {
			t.maps = mapArgs{x: at(as32(g), 0), out: at(as32(g), 0), n: n}
			*t.maps.scale64() = divisor
			simd.divide((*byte)(unsafe.Pointer(&t.maps)))
		}
	}
	for i := n; i < len(g); i++ {
		g[i] = T(float64(g[i]) / divisor)
	}
}
