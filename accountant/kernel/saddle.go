package kernel

import "math"

// The abscissa. On the line Re s = c the integrand of δ(ε) is e^(K(s) − sε)/(s(s+1)); it is smallest, and the contour
// shortest, where K(c) − cε − log c − log(1+c) has its minimum: ε = K'(c) − 1/c − 1/(1+c). The first term of the
// saddle-point expansion there is
//   log δ ≈ K(c) − cε − log c − log(1+c) − ½ log 2π(K”(c) + 1/c² + 1/(1+c)²).
// It only places the contour: nothing certified rests on it.

// saddle is a place for the contour: its abscissa, the ε it is best for, the estimate of log δ there, and K”(c) + 1/c² + 1/(1+c)².
type saddle struct{ c, epsilon, logDelta, spread float64 }

func (w *Workspace) saddleAt(p *Problem, c float64) (saddle, bool) {
	k0, k1, k2, ok := w.moments(p, c, 0)
	if !ok {
		return saddle{}, false
	}
	eps := k1 - 1/c - 1/(1+c)
	v := k2 + 1/(c*c) + 1/((1+c)*(1+c))
	return saddle{c, eps, k0 - c*eps - Log(c) - Log1p(c) - 0.5*Log(v) - logSqrt2Pi, v}, true
}

// saddleForDelta places the contour for ε(δ); where that ε is negative, for ε = 0.
func (w *Workspace) saddleForDelta(p *Problem, logDelta float64) (saddle, bool) {
	s, ok := w.seek(p, 0, logDelta, true)
	if !ok || s.epsilon >= 0 {
		return s, ok
	}
	return w.saddleForEpsilon(p, 0)
}

// saddleForEpsilon places the contour for δ(ε).
func (w *Workspace) saddleForEpsilon(p *Problem, epsilon float64) (saddle, bool) {
	s, ok := w.seek(p, epsilon, 0, false)
	s.logDelta += s.c * (s.epsilon - epsilon)
	s.epsilon = epsilon
	return s, ok
}

// seek solves logDelta(c) = target, or epsilon(c) = target, both monotone in c.
func (w *Workspace) seek(p *Problem, epsilon, logDelta float64, byDelta bool) (best saddle, found bool) {
	c, lo, hi := 4.0, 0.0, math.Inf(1)
	last := math.Inf(1)
	for range 80 {
		s, ok := w.saddleAt(p, c)
		gap, next := math.Inf(-1), 0.0 // positive: c is too small
		if ok {
			best, found = s, true
			value, target, slope := s.epsilon, epsilon, c*s.spread
			if byDelta {
				value, target, slope = -s.logDelta, -logDelta, c*slope
			}
			gap = target - value
			next = c * follow(value, target, slope)
			if !byDelta {
				gap *= c
			}
			if math.Abs(gap) < 0.02 {
				return s, true
			}
		}
		if gap > 0 {
			lo = c
		} else {
			hi = c
		}
		c = next
		if !(c > lo && c < hi) || math.Abs(gap) > 0.8*last {
			c = nextAbscissa(lo, hi, 0, math.Inf(-1))
		}
		last = math.Abs(gap)
		if c < 1e-9 || c > 1e13 || hi < lo*(1+1e-6) {
			break
		}
	}
	return best, found
}

// follow returns the factor of c by which Newton's method reaches the target; slope is that of the value in log c. The logs of both, where they have any,
// take a heavy tail for the exponential that it is.
func follow(value, target, slope float64) float64 {
	move := (target - value) / slope
	if value > 0 && target > 0 {
		move = value * Log(target/value) / slope
	}
	if move < 0 {
		return math.Max(0.25, Exp(move))
	}
	return math.Min(2.5, 1+move)
}

// nextAbscissa interpolates in log c, kept inside the bracket.
func nextAbscissa(lo, hi, glo, ghi float64) float64 {
	switch {
	case lo == 0:
		return hi / 4
	case hi == math.Inf(1):
		return lo * 2.5
	case ghi == math.Inf(-1):
		return math.Sqrt(lo * hi)
	}
	x := glo / (glo - ghi)
	return lo * Exp(Log(hi/lo)*math.Min(math.Max(x, 0.1), 0.9))
}

// RoughEpsilon returns an estimate of ε(δ) good to a percent or so where the loss has no heavy tail: a start for solvers.
func (w *Workspace) RoughEpsilon(p *Problem, delta float64) (float64, bool) {
	w.setLevel(p, Log(delta))
	s, ok := w.saddleForDelta(p, Log(delta))
	return s.epsilon, ok
}
