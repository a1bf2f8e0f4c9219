package kernel

import "math"

// Rényi DP. The Rényi divergence of order α = c + 1 is K(c)/c, and the best conversion known to (ε, δ) is
//   ε = [K(c) − log δ + β(c)]/c,  β(c) = c log(c/(1+c)) − log(1+c)
// (Canonne, Kamath and Steinke 2020, proposition 12), the Chernoff bound of alias.go solved for ε. K − log δ + β is
// convex in c, so the quotient has one minimum, over real orders.

// RDPEpsilon returns an upper bound of ε(δ) and the order α that gives it; ok is false where no order is finite.
func (w *Workspace) RDPEpsilon(p *Problem, delta float64) (epsilon, order float64, ok bool) {
	w.level, w.held = math.Inf(-1), -1
	logDelta := Log(delta)
	lo, hi := Log(1e-4), Log(1e9)
	const ratio = 0.61803398874989484820
	x1, x2 := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	f1, f2 := w.rdpAt(p, logDelta, x1), w.rdpAt(p, logDelta, x2)
	best, at := math.Inf(1), 0.0
	for range 60 {
		if f1 < best {
			best, at = f1, x1
		}
		if f2 < best {
			best, at = f2, x2
		}
		if hi-lo < 1e-6 {
			break
		}
		if f1 <= f2 && f1 < math.Inf(1) || f1 == math.Inf(1) && f2 == math.Inf(1) {
			hi, x2, f2 = x2, x1, f1
			x1 = hi - ratio*(hi-lo)
			f1 = w.rdpAt(p, logDelta, x1)
		} else {
			lo, x1, f1 = x1, x2, f2
			x2 = lo + ratio*(hi-lo)
			f2 = w.rdpAt(p, logDelta, x2)
		}
	}
	if best == math.Inf(1) {
		return best, 0, false
	}
	return math.Max(0, best*(1+1e-12)), Exp(at) + 1, true
}

// rdpAt returns the bound of order 1 + eˣ. K is the coarse rule's, whose error and rounding 1e-9 covers.
func (w *Workspace) rdpAt(p *Problem, logDelta, x float64) float64 {
	c := Exp(x)
	return (w.cumulant(p, c)*(1+1e-11) + 1e-9 - logDelta + chernoff(c)) / c
}

// RDPDelta returns an upper bound of δ(ε): the least e^(K(c) − cε + β(c)).
func (w *Workspace) RDPDelta(p *Problem, epsilon float64) float64 {
	w.level, w.held = math.Inf(-1), -1
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok {
		return 1
	}
	return math.Min(1, Exp(w.cumulant(p, s.c)*(1+1e-11)+1e-9-s.c*epsilon+chernoff(s.c)))
}

// Renyi returns an upper bound of the Rényi divergence of the given order > 1, +Inf where it is out of range.
func (w *Workspace) Renyi(p *Problem, order float64) float64 {
	w.level, w.held = math.Inf(-1), -1
	c := order - 1
	return (w.cumulant(p, c)*(1+1e-11) + 1e-12) / c
}
