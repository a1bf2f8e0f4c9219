package kernel

import "math"

// Rényi DP. The Rényi divergence of order α = c + 1 is K(c)/c, and the best conversion known to (ε, δ) is
//   ε = [K(c) − log δ + β(c)]/c,  β(c) = c log(c/(1+c)) − log(1+c)
// (Canonne, Kamath and Steinke 2020, proposition 12), the Chernoff bound of alias.go solved for ε. K − log δ + β is
// convex in c, so the quotient has one minimum, over real orders.

// RDPEpsilon returns an upper bound of ε(δ) and the order α that gives it; ok is false where no order is finite.
func (w *Workspace) RDPEpsilon(p *Problem, delta float64) (epsilon, order float64, ok bool) {
	w.level, w.held = math.Inf(-1), -1
	best := w.chord(p, 0, -Log(delta), 0, Log(delta), 4, 0, 1e-5)
	return math.Max(0, best.period*(1+1e-12)), best.far + 1, best.period < math.Inf(1)
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
