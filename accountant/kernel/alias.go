package kernel

import "math"

// Aliasing. The trapezoid rule of step h = 2π/P in t returns Σₖ δ(ε + kP) e^(ckP) over all whole k (Poisson's
// summation formula), so it errs upwards, by
//   left:  Σ_{k<0} ≤ e^(−cP)/(1 − e^(−cP)), for δ ≤ 1;
//   right: Σ_{k>0} ≤ Σ e^(K(c') − c'(ε+kP) + β(c') + ckP), for every c' > c, by
//          δ(x) ≤ e^(K(c') − c'x) sup_y (1 − e^(−y))e^(−c'y), whose log is β(c') = c' log(c'/(1+c')) − log(1+c').

// chernoff returns β(c).
func chernoff(c float64) float64 { return -c*Log1p(1/c) - Log1p(c) }

// fold is a chosen period with what bounds its right side.
type fold struct {
	period, far float64 // P and c'
	logRight    float64 // K(c') + β(c') + log 2, the 2 for the geometric sum
}

// period returns a P for which each side is at most e^goal.
func (w *Workspace) period(p *Problem, c, epsilon, goal float64) (fold, bool) {
	left := -(goal - 0.1) / c
	lo, hi := Log(0.03), Log(30.0)
	const ratio = 0.61803398874989484820
	x1, x2 := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	f1, f2 := w.rightPeriod(p, c, x1, epsilon, goal), w.rightPeriod(p, c, x2, epsilon, goal)
	best := f1
	if f2.period < best.period {
		best = f2
	}
	for range 9 {
		if best.period <= left {
			break
		}
		next := f1
		if f1.period <= f2.period {
			hi, x2, f2 = x2, x1, f1
			x1 = hi - ratio*(hi-lo)
			f1 = w.rightPeriod(p, c, x1, epsilon, goal)
			next = f1
		} else {
			lo, x1, f1 = x1, x2, f2
			x2 = lo + ratio*(hi-lo)
			f2 = w.rightPeriod(p, c, x2, epsilon, goal)
			next = f2
		}
		if next.period < best.period {
			best = next
		}
	}
	best.period = math.Max(left, best.period)
	return best, best.period < math.Inf(1)
}

// rightPeriod returns the P that the Chernoff bound at c' = c(1 + eˣ) asks for. The bound's geometric sum is at most
// twice its first term where (c'−c)P ≥ 1. K is the coarse rule's, whose error and rounding 1e-9 covers.
func (w *Workspace) rightPeriod(p *Problem, c, x, epsilon, goal float64) fold {
	gap := c * Exp(x)
	far := c + gap
	k := w.cumulant(p, far)
	if k == math.Inf(1) {
		return fold{k, far, k}
	}
	logRight := k*(1+1e-11) + 1e-9 + chernoff(far) + 0.7
	return fold{math.Max(1, logRight-far*epsilon-goal) / gap, far, logRight}
}

// alias returns the bound of the aliasing error at ε.
func (f *fold) alias(c, epsilon float64) float64 {
	turn := c * f.period
	return 1.1*Exp(-turn) + Exp(f.logRight-f.far*(epsilon+f.period)+turn)
}
