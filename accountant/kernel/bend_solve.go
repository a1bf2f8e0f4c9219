package kernel

import "math"

// roughly is the tolerance with which the bent contour locates ε, finely that of its answer.
const (
	roughly = 10
	finely  = 32
)

// bendFor lays the bent contour for ε, where δ is about e^logDelta.
func (w *Workspace) bendFor(p *Problem, epsilon, logDelta, tight float64) (bend, bool) {
	s, ok := w.seek(p, epsilon, 0, false)
	length := 0.0
	if ok {
		_, _, k2, _ := w.moments(p, s.c)
		length = 1.5 / math.Sqrt(k2+1/(s.c*s.c)+1/((1+s.c)*(1+s.c)))
	}
	if !ok || math.Abs(s.epsilon-epsilon)*s.c > 0.3 {
		s.c = 0 // the coarse table does not reach
	}
	return w.bendAt(p, s.c, length, epsilon, logDelta, tight)
}

// bends tells whether the bent contour serves a problem.
func bends(p *Problem) bool { return p.Group == 1 && p.Direction != Replace }

// epsilonByBend encloses ε(δ) of one direction: Newton's method in a bracket, first roughly, then on a contour that stands
// at the solution.
func (w *Workspace) epsilonByBend(p *Problem, delta float64) (Interval, bool) {
	if !bends(p) {
		return Interval{}, false
	}
	logDelta := Log(delta)
	w.level, w.held = math.Inf(-1), -1
	lo, hi := 0.0, math.Inf(1)
	if p.Direction == Add {
		hi = w.greatestLoss(p)
	}
	eps := 0.0
	if b := w.greatestLoss(p); b < 0.3 {
		eps = w.firstGuess(p, delta)
	} else if s, ok := w.saddleForDelta(p, logDelta); ok {
		eps = s.epsilon
	}
	w.clearEffort()
	tight := float64(roughly)
	for range 24 {
		if !(eps >= lo && eps < hi) {
			eps = lo + (math.Min(hi, 4*lo+1)-lo)/2
		}
		b, ok := w.bendFor(p, eps, logDelta, tight)
		if !ok {
			return Interval{}, false
		}
		d, slope := w.bentAt(&b, eps)
		vague := d.Upper-d.Lower > 0.2*delta
		switch {
		case vague && tight == roughly && d.Upper > delta && d.Lower < delta:
			tight = finely
			continue
		case d.Lower > delta:
			lo = eps
		case d.Upper < delta:
			hi = eps
		case tight == finely && vague:
			return Interval{}, false
		}
		if tight == finely {
			if eps == 0 && d.Upper <= delta {
				return Interval{}, true
			}
			if v, ok := w.encloseBent(&b, delta, d, slope); ok {
				return v, true
			}
		}
		if hi == 0 {
			tight, hi, eps = finely, math.Inf(1), 0
			continue
		}
		next := w.newtonBent(&b, logDelta, d, slope)
		if math.Abs(next-eps)*b.far < 0.05 || math.Abs(next-eps) < 1e-3*eps {
			tight = finely
		}
		eps = math.Max(0, next)
		if next < 0 && lo > 0 {
			eps = -1
		}
	}
	return Interval{}, false
}

// newtonBent solves δ(ε) = e^logDelta by Newton's method on log δ, on the contour's nodes as far as they serve: they do well
// where a grows, for there the integrand falls. −1: δ is not known.
func (w *Workspace) newtonBent(b *bend, logDelta float64, d Interval, slope float64) float64 {
	eps := b.epsilon
	for range 8 {
		if !(d.Estimate > 0 && slope > 0) {
			return -1
		}
		gap := Log(d.Estimate) - logDelta
		move := gap * d.Estimate / slope
		if b.add { // δ is smooth in the log of the distance from its end
			a := b.lambda - eps
			move = -a * Expm1(-move/a)
		}
		eps += move
		from := eps - b.epsilon
		if b.add {
			from = -from
		}
		if math.Abs(gap) < 1e-4 || from > 0.5*b.a || from < -0.1*b.a {
			break
		}
		d, slope = w.bentAt(b, eps)
	}
	return eps
}

// greatestLoss is Λ, beyond which δ of Add is 0; no such bound with an unsampled phase.
func (w *Workspace) greatestLoss(p *Problem) float64 {
	sum := 0.0
	for i := range p.Phases {
		if p.Phases[i].Rate == 1 {
			return math.Inf(1)
		}
		sum -= p.Phases[i].Steps * Log1p(-p.Phases[i].Rate)
	}
	return sum
}

// encloseBent proves ends about the solution that lies near the contour's own ε.
func (w *Workspace) encloseBent(b *bend, delta float64, d Interval, slope float64) (Interval, bool) {
	eps := b.epsilon
	for range 8 {
		move := (d.Estimate - delta) / slope
		eps += move
		if eps <= 0 {
			eps = 0
		}
		d, slope = w.bentAt(b, eps)
		if math.Abs(move) <= 4*unit*eps+0.01*(d.Upper-d.Lower)/slope {
			break
		}
	}
	if !(math.Abs(eps-b.epsilon)*b.far < 0.7) || !(slope > 0) {
		return Interval{}, false
	}
	gap := 0.6*(d.Upper-d.Lower)/slope + 4*unit*eps
	out := Interval{Estimate: eps, Upper: math.Inf(1)}
	for range 8 {
		if out.Upper == math.Inf(1) && gap*b.far < 0.3 {
			if up, _ := w.bentAt(b, eps+gap); up.Upper <= delta {
				out.Upper = eps + gap
			}
		}
		if out.Lower == 0 && gap < eps && gap*b.far < 0.3 {
			if low, _ := w.bentAt(b, eps-gap); low.Lower >= delta {
				out.Lower = eps - gap
			}
		}
		if out.Upper < math.Inf(1) && (out.Lower > 0 || gap >= eps) {
			return out, true
		}
		gap *= 1.6
	}
	return out, out.Upper < math.Inf(1)
}

// deltaByBend encloses δ(ε).
func (w *Workspace) deltaByBend(p *Problem, epsilon float64) (Interval, bool) {
	if !bends(p) {
		return Interval{}, false
	}
	if p.Direction == Add && epsilon >= w.greatestLoss(p)*(1+1e-15) {
		return Interval{0, 0, 1e-320}, true
	}
	w.level, w.held = math.Inf(-1), -1
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok {
		return Interval{}, false
	}
	logDelta := s.logDelta
	w.clearEffort()
	for range 4 {
		b, ok := w.bendFor(p, epsilon, logDelta, finely)
		if !ok {
			return Interval{}, false
		}
		d, _ := w.bentAt(&b, epsilon)
		if d.Estimate > 0 && math.Abs(Log(d.Estimate)-logDelta) < 1.5 {
			return d, true
		}
		logDelta = Log(math.Max(d.Upper, 1e-300))
	}
	return Interval{}, false
}

// clearEffort begins a call's count.
func (w *Workspace) clearEffort() {
	for i := range w.rays {
		w.rays[i].spent = 0
	}
}
