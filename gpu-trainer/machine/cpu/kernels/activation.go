package kernels

import "math"

// elements calls f on the ranges of n numbers that the threads take in turn.
func elements(p *Pool, n int, f func(lo, hi int)) { p.For(n, max(p.share(n, 64), 1<<12), f) }

// GELU computes y = x Φ(x) = x/2 (1 + erf(x/√2)).
func GELU[T Float](p *Pool, x, y []T) {
	elements(p, len(x), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			v := float64(x[i])
			y[i] = T(v * 0.5 * math.Erfc(-v/math.Sqrt2))
		}
	})
}

// GELUGrad computes dx = g (Φ(x) + x φ(x)).
func GELUGrad[T Float](p *Pool, x, g, dx []T) {
	const inverseRoot = 0.3989422804014326779399460599343819 // 1/√(2π)
	elements(p, len(x), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			v := float64(x[i])
			slope := 0.5*math.Erfc(-v/math.Sqrt2) + v*inverseRoot*math.Exp(-v*v/2)
			dx[i] = T(float64(g[i]) * slope)
		}
	})
}

// Tanh computes y = tanh(x).
func Tanh[T Float](p *Pool, x, y []T) {
	elements(p, len(x), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y[i] = T(math.Tanh(float64(x[i])))
		}
	})
}

// TanhGrad computes dx = g (1 - y²) from the output y of Tanh.
func TanhGrad[T Float](p *Pool, y, g, dx []T) {
	elements(p, len(y), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dx[i] = g[i] * (1 - T(y[i]*y[i]))
		}
	})
}

// Add computes y = a + b. y may be a or b.
func Add[T Float](p *Pool, a, b, y []T) {
	elements(p, len(y), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y[i] = a[i] + b[i]
		}
	})
}
