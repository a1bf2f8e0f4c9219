package kernel

import "math"

// Aliasing. The trapezoid rule of step h = 2π/P in t returns Σₖ δ(ε + kP) e^(ckP) over all whole k (Poisson's
// summation formula), so it errs upwards, by
//   left:  Σ_{k<0} ≤ e^(−cP)/(1 − e^(−cP)), for δ ≤ 1;
//   right: Σ_{k>0} ≤ Σ e^(K(c') − c'(ε+kP) + β(c') + ckP), for every c' > c, by
//          δ(x) ≤ e^(K(c') − c'x) sup_y (1 − e^(−y))e^(−c'y), whose log is β(c') = c' log(c'/(1+c')) − log(1+c').

// chernoff returns β(c).
func chernoff(c float64) float64 { return -c*Log1p(1/c) - Log1p(c) }

// period returns a P for which both sides are at most e^(goal), and the log of the right bound that was met.
func (w *Workspace) period(p *Problem, c, epsilon, goal float64) (float64, bool) {
	left := -(goal - 0.1) / c
	lo, hi := Log(0.03), Log(30.0)
	const ratio = 0.61803398874989484820
	x1, x2 := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	f1, f2 := w.rightPeriod(p, c, x1, epsilon, goal), w.rightPeriod(p, c, x2, epsilon, goal)
	best := math.Min(f1, f2)
	for range 9 {
		if best <= left {
			break
		}
		if f1 <= f2 {
			hi, x2, f2 = x2, x1, f1
			x1 = hi - ratio*(hi-lo)
			f1 = w.rightPeriod(p, c, x1, epsilon, goal)
		} else {
			lo, x1, f1 = x1, x2, f2
			x2 = lo + ratio*(hi-lo)
			f2 = w.rightPeriod(p, c, x2, epsilon, goal)
		}
		best = math.Min(best, math.Min(f1, f2))
	}
	period := math.Max(left, best)
	return period, period < math.Inf(1)
}

// rightPeriod returns the P that the Chernoff bound at c' = c(1 + eˣ) asks for. The bound's geometric sum is at most
// twice its first term where (c'−c)P ≥ 1.
func (w *Workspace) rightPeriod(p *Problem, c, x, epsilon, goal float64) float64 {
	gap := c * Exp(x)
	far := c + gap
	k := w.cumulant(p, far)
	if k == math.Inf(1) {
		return k
	}
	return math.Max(1, k+1e-9-far*epsilon+chernoff(far)-goal+0.7) / gap
}
