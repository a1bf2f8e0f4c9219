package kernels

import "math"

const inverseRoot = 0.3989422804014326779399460599343819 // 1/√(2π)

// normal is Φ(x), the normal distribution function.
func normal[T Float](x T) float64 { return 0.5 * math.Erfc(-float64(x)/math.Sqrt2) }

// slope is the derivative of x Φ(x): Φ(x) + x φ(x).
func slope[T Float](x T) float64 {
	v := float64(x)
	return normal(x) + v*inverseRoot*math.Exp(-v*v/2)
}

// GELU computes y = x Φ(x) = x/2 (1 + erf(x/√2)). In single precision the
// relative error is at most 8e-7 + 1e-7 x² where x < -1, and 8e-7 elsewhere:
// also in the tail, where the textbook form cancels.
func GELU[T Float](p *Pool, x, y []T) {
	if vectors[T](p) {
		p.eachRange(len(x), p.simd.gelu, as32(x), nil, nil, as32(y))
		return
	}
	p.For(len(x), p.chunk(len(x)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y[i] = T(float64(x[i]) * normal(x[i]))
		}
	})
}

// GELUGrad computes dx = g (Φ(x) + x φ(x)). In single precision the factor of
// g errs by at most 4e-7.
func GELUGrad[T Float](p *Pool, x, g, dx []T) {
	if vectors[T](p) {
		p.eachRange(len(x), p.simd.geluGrad, as32(x), as32(g), nil, as32(dx))
		return
	}
	p.For(len(x), p.chunk(len(x)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dx[i] = T(float64(g[i]) * slope(x[i]))
		}
	})
}

// GELUBoth computes y = x Φ(x) and its derivative s = Φ(x) + x φ(x), by which
// the gradient of y is to be multiplied. s may be x.
func GELUBoth[T Float](p *Pool, x, y, s []T) {
	if vectors[T](p) {
		p.eachRange(len(x), p.simd.geluBoth, as32(x), nil, as32(s), as32(y))
		return
	}
	p.For(len(x), p.chunk(len(x)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			v := x[i]
			y[i], s[i] = T(float64(v)*normal(v)), T(slope(v))
		}
	})
}

// Tanh computes y = tanh(x).
func Tanh[T Float](p *Pool, x, y []T) {
	p.For(len(x), p.chunk(len(x)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y[i] = T(math.Tanh(float64(x[i])))
		}
	})
}

// TanhGrad computes dx = g (1 - y²) from the output y of Tanh.
func TanhGrad[T Float](p *Pool, y, g, dx []T) {
	p.For(len(y), p.chunk(len(y)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dx[i] = g[i] * (1 - T(y[i]*y[i]))
		}
	})
}

// Add computes y = a + b. y may be a or b.
func Add[T Float](p *Pool, a, b, y []T) {
	if vectors[T](p) {
		p.eachRange(len(y), p.simd.add, as32(a), as32(b), nil, as32(y))
		return
	}
	p.For(len(y), p.chunk(len(y)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y[i] = a[i] + b[i]
		}
	})
}

// Multiply computes y = a b, number by number. y may be a or b.
func Multiply[T Float](p *Pool, a, b, y []T) {
	if vectors[T](p) {
		p.eachRange(len(y), p.simd.multiply, as32(a), as32(b), nil, as32(y))
		return
	}
	p.For(len(y), p.chunk(len(y)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y[i] = a[i] * b[i]
		}
	})
}
