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

// period returns a P for which each side is at most e^goal; size is the log of the integrand at c, and the best c' is looked for from far
// on. The right bound's geometric sum is at most twice its first term where (c'−c)P ≥ 1.
func (w *Workspace) period(p *Problem, c, size, epsilon, goal, far float64) fold {
	left := -(goal - 0.1) / c
	best := w.chord(p, c, size+Log(c)-goal, epsilon, goal-0.7, math.Max(far, 1.01*c), left, 0.1)
	best.period = math.Max(math.Max(left, best.period), 1/(best.far-c))
	best.logRight += 0.7
	return best
}

// chord looks for the c' > c, from far on, where P = N(c')/(c' − c) is least, N = K + β − c'ε − goal, as far as P is enough or c' − c known up
// to the share fine; start is about N(c). As N is convex, that is where ψ = (c' − c)N' − N + N(c) is N(c): by Newton's method on the
// logs, for a heavy tail makes ψ exponential. K is the coarse rule's, whose error and rounding 1e-9 covers.
func (w *Workspace) chord(p *Problem, c, start, epsilon, goal, far, enough, fine float64) fold {
	best := fold{period: math.Inf(1), far: far}
	start = math.Max(0.1, start)
	gap, low, high := far-c, 0.0, math.Inf(1)
	for range 60 {
		far := c + gap
		k0, k1, k2, ok := w.moments(p, far, 1)
		next, short := 0.0, false
		if ok {
			logRight := k0*(1+1e-11) + 1e-9 + chernoff(far)
			n := logRight - far*epsilon - goal
			if n < gap*best.period {
				best = fold{n / gap, far, logRight}
			}
			psi, slope := gap*(k1-Log1p(1/far)-epsilon)-n+start, gap*gap*(k2+1/(far*(1+far)))
			next, short = 3, psi < start
			if psi > 0 && slope > 0 {
				next = math.Min(3, math.Max(0.2, 1-psi*Log(psi/start)/slope))
			}
			next *= gap
		}
		if short {
			low = gap
		} else {
			high = gap
		}
		if !(next > low && next < high) {
			if next = gap / 4; low > 0 {
				next = math.Sqrt(low * high)
			}
		}
		if best.period <= enough || math.Abs(next-gap) < fine*gap {
			break
		}
		gap = next
	}
	return best
}

// alias returns the bound of the aliasing error at ε.
func (f *fold) alias(c, epsilon float64) float64 {
	turn := c * f.period
	return 1.1*Exp(-turn) + Exp(f.logRight-f.far*(epsilon+f.period)+turn)
}
