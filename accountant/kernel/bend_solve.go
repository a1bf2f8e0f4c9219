package kernel

import "math"

// roughly is the tolerance with which the bent contour locates ε, finely that of its answer.
const (
	roughly = 14
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
	end := w.greatestLoss(p)
	switch {
	case p.Direction == Add && len(p.Phases) == 1 && p.Phases[0].Steps <= 30:
		eps = math.Max(w.firstGuess(p, delta), extremeGuess(p.Phases[0], logDelta))
	case end < 0.3 && p.Direction == Remove:
		eps = w.firstGuess(p, delta)
	default:
		eps, _ = w.RoughEpsilon(p, delta)
		w.level, w.held = math.Inf(-1), -1
	}
	w.clearEffort()
	tight := float64(roughly)
	var best Interval
	found, seen := false, false // seen: lo is known to be too small
	for range 24 {
		if !(eps >= lo && eps < hi) || eps == lo && seen {
			eps = lo + (math.Min(hi, 4*lo+1)-lo)/2
			if p.Direction == Add { // the middle of the logs of the distances from the end
				eps = end - math.Sqrt((end-lo)*(end-hi+1e-12*end))
			} else if hi < math.Inf(1) {
				eps = math.Sqrt((end+lo)*(end+hi)) - end
			}
		}
		b, ok := w.bendFor(p, eps, logDelta, tight)
		if b.heavy {
			tight = finely
			continue
		}
		if !ok {
			break
		}
		d, slope := w.bentAt(&b, eps)
		if eps == 0 && d.Upper <= delta {
			return Interval{}, true
		}
		vague := d.Upper-d.Lower > 0.2*delta
		if !vague || tight == finely {
			if v, ok := w.encloseBent(&b, delta, d, slope); ok {
				if !found || v.Upper-v.Lower < best.Upper-best.Lower {
					best, found = v, true
				}
				if tight == finely || !broad(best) {
					break
				}
			}
		}
		switch {
		case vague && tight == roughly && d.Upper > delta && d.Lower < delta:
			tight = finely
			continue
		case d.Lower > delta:
			lo, seen = eps, true
		case d.Upper < delta:
			hi = eps
		case vague:
			return best, found
		}
		next := w.newtonBent(&b, logDelta, d, slope)
		scale := math.Min(b.a, 30/math.Abs(b.start))
		if math.Abs(next-eps) < 0.2*scale {
			tight = finely
		}
		if aside := 0.01 * scale; p.Direction == Add { // errors do not grow towards larger a
			next += aside
		} else if next > 0 {
			next = math.Max(0, next-aside)
		}
		if eps = next; next < 0 && !seen {
			eps = 0
		}
	}
	return best, found
}

// extremeGuess returns about the ε of Add at which all T steps lie so near their greatest loss as has probability δ.
func extremeGuess(ph Phase, logDelta float64) float64 {
	one := Exp(logDelta / ph.Steps)
	lo, hi := -40.0, 40.0
	for range 40 {
		if mid := (lo + hi) / 2; normUpper(-mid) < one {
			lo = mid
		} else {
			hi = mid
		}
	}
	la, _ := logMix(lo, ph.Noise, ph.Rate, 1)
	return math.Max(0, -ph.Steps*la)
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
	if !(b.growth(eps) < 0.7) || !(slope > 0) {
		return Interval{}, false
	}
	gap := 0.6*(d.Upper-d.Lower)/slope + 4*unit*eps
	out := Interval{Estimate: eps, Upper: math.Inf(1)}
	for range 8 {
		if out.Upper == math.Inf(1) {
			if up, _ := w.bentAt(b, eps+gap); up.Upper <= delta {
				out.Upper = eps + gap
			}
		}
		if out.Lower == 0 && gap < eps {
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
	if p.Direction == Add && epsilon >= w.greatestLoss(p)*(1+1e-14) {
		return Interval{0, 0, 1e-320}, true
	}
	w.level, w.held = math.Inf(-1), -1
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok {
		return Interval{}, false
	}
	logDelta := s.logDelta
	w.clearEffort()
	best, found := Interval{}, false
	for range 3 {
		b, ok := w.bendFor(p, epsilon, logDelta, finely)
		if !ok {
			break
		}
		d, _ := w.bentAt(&b, epsilon)
		if !found || d.Upper-d.Lower < best.Upper-best.Lower {
			best, found = d, true
		}
		if d.Upper-d.Lower <= 1e-8*d.Upper || math.Abs(Log(math.Max(d.Estimate, 1e-300))-logDelta) < 1.5 {
			break
		}
		logDelta = Log(math.Max(d.Upper, 1e-300))
	}
	return best, found
}

// clearEffort begins a call's count.
func (w *Workspace) clearEffort() {
	for i := range w.rays {
		w.rays[i].spent = 0
	}
}
