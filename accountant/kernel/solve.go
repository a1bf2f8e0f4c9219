package kernel

import "math"

// wide is the relative width of δ from which a contour is laid again with more care.
const wide = 2e-9

// enough is the width of ε up to which it is not.
func enough(upper float64) float64 { return math.Max(5e-10*math.Min(upper, 1.6), 3e-11*upper) }

// deltaByContour returns the enclosure of δ(ε) of one direction.
func (w *Workspace) deltaByContour(p *Problem, epsilon float64) (out Interval, found bool) {
	w.setLevel(p, -60)
	out.Upper = math.Inf(1)
	s, ok := w.saddleForEpsilon(p, epsilon)
	w.setLevel(p, math.Max(-700, s.logDelta))
	how := usual
	w.spent = 0
	var k contour
	for range 4 {
		if !ok {
			break
		}
		if !w.build(p, s, how, &k) {
			break
		}
		d, _ := w.delta(&k, epsilon)
		if good := !(out.Upper-out.Lower <= d.Upper-d.Lower); good {
			out, found = d, true
		}
		switch {
		case d.Estimate > 0 && math.Abs(Log(d.Estimate)-s.logDelta) > 1:
			w.setLevel(p, Log(d.Estimate))
			s.logDelta = Log(d.Estimate) // the saddle's guess of δ was off: the tolerance was set by it
		case d.Upper-d.Lower > wide*d.Lower && how != careful:
			how = careful
		default:
			return out, found
		}
	}
	return out, found
}

// epsilonByContour returns the enclosure of ε(δ) of one direction: by Newton's method on log δ, on a contour that is moved
// until it stands near the solution, then by widening the estimate until δ's own bounds prove both ends (δ falls in ε).
func (w *Workspace) epsilonByContour(p *Problem, delta float64) (out Interval, found bool) {
	w.setLevel(p, Log(delta))
	s, ok := w.saddleForDelta(p, Log(delta))
	how := usual
	w.spent = 0
	lo, hi := 0.0, math.Inf(1)
	out.Upper = math.Inf(1)
	var k contour
	for range 16 {
		if !ok {
			break
		}
		s.logDelta = Log(delta)
		if !w.build(p, s, how, &k) {
			break
		}
		d, _ := w.delta(&k, s.epsilon)
		if d.Estimate > delta {
			lo = s.epsilon
		} else {
			hi = s.epsilon
		}
		eps := w.newton(&k, delta)
		near := math.Abs(eps-s.epsilon)*k.fold.far < 1 || eps <= 0 && s.epsilon == 0
		if near && how != locating {
			if v, ok := w.enclose(&k, delta, eps); ok && !(out.Upper-out.Lower <= v.Upper-v.Lower) {
				out, found = v, true
			}
			if how == careful || found && out.Upper-out.Lower <= enough(out.Upper) {
				break
			}
		}
		switch {
		case near && how == locating:
			how = usual
		case near:
			how = careful
		default:
			how = locating
		}
		if eps <= lo || eps >= hi {
			eps = lo + (math.Min(hi, 2*lo+1)-lo)/2
		}
		s, ok = w.saddleForEpsilon(p, math.Max(0, eps))
	}
	return out, found
}

// Stand is where a contour stands, for plans that differ by little: the zero value stands nowhere yet.
type Stand struct {
	k   contour
	top float64
}

// EpsilonNear returns an estimate of ε(δ) from one contour at guess. With again it stands where the last one stood, which
// saves half the time and serves while nothing has moved by more than a hundredth. For solvers, which prove what they find
// by Epsilon: what bounds the contour's errors belongs to the plan that it was first placed for.
func (w *Workspace) EpsilonNear(p *Problem, delta, guess float64, at *Stand, again bool) (float64, bool) {
	w.setLevel(p, Log(delta))
	w.spent = 0
	k := at.k
	if again && k.c > 0 {
		k = contour{epsilon: guess, c: k.c, fold: k.fold, trunc: k.trunc, cutLoss: k.cutLoss}
	} else {
		s, ok := w.saddleForEpsilon(p, guess)
		s.logDelta = Log(delta)
		if ok {
			at.top, ok = w.place(p, s, estimating, &k)
		}
		if at.k = k; !ok {
			at.k.c = 0
			return 0, false
		}
	}
	if !w.erect(p, &k, at.top, estimating) {
		return 0, false
	}
	return w.newton(&k, delta), true
}

// newton solves δ(ε) = delta on the contour.
func (w *Workspace) newton(k *contour, delta float64) float64 {
	eps := k.epsilon
	target := Log(delta)
	for range 12 {
		d, slope := w.delta(k, eps)
		if !(d.Estimate > 0) || !(slope > 0) {
			return eps
		}
		move := (Log(d.Estimate) - target) * d.Estimate / slope
		eps += move
		if eps <= 0 && k.epsilon == 0 {
			return 0
		}
		if math.Abs(move) <= 4*unit*eps+1e-3*(d.Upper-d.Lower)/slope || math.Abs(eps-k.epsilon)*k.c > 4 {
			break
		}
	}
	return eps
}

// enclose proves ends around eps.
func (w *Workspace) enclose(k *contour, delta, eps float64) (Interval, bool) {
	eps = math.Max(0, eps)
	d, slope := w.delta(k, eps)
	if eps == 0 && d.Upper <= delta {
		return Interval{}, true
	}
	gap := (d.Upper-d.Lower)/slope + 4*unit*eps
	out := Interval{Lower: 0, Estimate: eps, Upper: math.Inf(1)}
	for range 6 {
		if out.Upper == math.Inf(1) {
			if up, _ := w.delta(k, eps+gap); up.Upper <= delta {
				out.Upper = eps + gap
			}
		}
		if out.Lower == 0 && gap < eps {
			if low, _ := w.delta(k, eps-gap); low.Lower >= delta {
				out.Lower = eps - gap
			}
		}
		if out.Upper < math.Inf(1) && (out.Lower > 0 || gap >= eps) {
			return out, true
		}
		gap *= 2
	}
	return out, out.Upper < math.Inf(1)
}

// Epsilon returns the enclosure of ε(δ) of one direction and how it was reached.
func (w *Workspace) Epsilon(p *Problem, delta float64) (Interval, Method) {
	out, method := w.BentEpsilon(p, delta)
	if method == Ceiling {
		if tight, ok := w.epsilonByLattice(p, delta); ok {
			return Meet(out, tight), Lattice
		}
	}
	return out, method
}

// BentEpsilon is Epsilon without the lattice.
func (w *Workspace) BentEpsilon(p *Problem, delta float64) (Interval, Method) {
	out, method := w.ContourEpsilon(p, delta)
	if method == ClosedForm || !broad(out) {
		return out, method
	}
	if tight, ok := w.epsilonByBend(p, delta); ok {
		if out = Meet(out, tight); method == Ceiling && narrow(out) {
			return out, Bent
		}
	}
	return out, method
}

// sharp is the relative width of δ above which a second way is worth its time.
const sharp = 1e-8

// broad tells whether a second way is worth its time.
func broad(x Interval) bool {
	width := x.Upper - x.Lower
	return width > 1e-8*x.Upper || width > 9e-10 && width > 3e-11*x.Upper
}

// narrow tells whether an enclosure need not be improved on.
func narrow(x Interval) bool { return x.Upper-x.Lower <= 1e-6*x.Upper }

// ContourEpsilon is Epsilon without bent contour and lattice, for programs that must stay small.
func (w *Workspace) ContourEpsilon(p *Problem, delta float64) (Interval, Method) {
	if touched(p) <= delta {
		return Interval{}, ClosedForm
	}
	if kind := closed(p); kind != 0 {
		return closedEpsilon(p, kind, delta), ClosedForm
	}
	out, ok := w.epsilonByContour(p, delta)
	if ok && narrow(out) {
		return out, Contour
	}
	bound := w.epsilonByCeiling(p, delta)
	if !ok {
		return bound, Ceiling
	}
	return Meet(out, bound), Ceiling
}

// touched bounds the probability that a plan looks at any of the records, and so δ(0).
func touched(p *Problem) float64 {
	sum := 0.0
	for i := range p.Phases {
		sum += p.Phases[i].Steps * p.Phases[i].Rate
	}
	return sum * float64(p.Group*span(p.Direction)) * (1 + 1e-9)
}

// Meet returns what two enclosures of one number allow together, around the estimate of the narrower one where it fits.
func Meet(a, b Interval) Interval {
	out := Interval{math.Max(a.Lower, b.Lower), a.Estimate, math.Min(a.Upper, b.Upper)}
	if b.Upper-b.Lower < a.Upper-a.Lower {
		out.Estimate = b.Estimate
	}
	out.Estimate = math.Min(math.Max(out.Estimate, out.Lower), out.Upper)
	return out
}

// Delta returns the enclosure of δ(ε) of one direction and how it was reached.
func (w *Workspace) Delta(p *Problem, epsilon float64) (Interval, Method) {
	out, method := w.ContourDelta(p, epsilon)
	if method == ClosedForm || out.Upper-out.Lower <= sharp*out.Upper {
		return out, method
	}
	if tight, ok := w.deltaByBend(p, epsilon); ok {
		if out = Meet(out, tight); method == Ceiling && narrow(out) {
			return out, Bent
		}
	}
	if method != Ceiling {
		return out, method
	}
	if tight, ok := w.deltaByLattice(p, epsilon); ok {
		return Meet(out, tight), Lattice
	}
	return out, method
}

// ContourDelta is Delta without bent contour and lattice.
func (w *Workspace) ContourDelta(p *Problem, epsilon float64) (Interval, Method) {
	if kind := closed(p); kind != 0 {
		return closedDelta(p, kind, epsilon), ClosedForm
	}
	out, ok := w.deltaByContour(p, epsilon)
	if ok && narrow(out) {
		return out, Contour
	}
	top := w.RDPDelta(p, epsilon)
	bound := Interval{math.Min(top, w.floorDelta(p, epsilon)), top, top}
	if !ok {
		return bound, Ceiling
	}
	return Meet(out, bound), Ceiling
}

// Method tells how an enclosure was reached.
type Method int

// The ways to an enclosure, from the tightest to the widest.
const (
	ClosedForm Method = iota
	Contour
	Bent
	Lattice
	Ceiling
)

// epsilonByCeiling encloses ε(δ) by the Rényi bound above and by one step below: steps never lower ε.
func (w *Workspace) epsilonByCeiling(p *Problem, delta float64) Interval {
	top, _, ok := w.RDPEpsilon(p, delta)
	if !ok {
		top = math.Inf(1)
	}
	var step [1]Phase
	one, low := *p, 0.0
	if p.Group == 1 && p.Direction != Replace {
		for i := range p.Phases {
			step[0] = Phase{p.Phases[i].Rate, p.Phases[i].Noise, 1}
			one.Phases = step[:]
			low = math.Max(low, closedEpsilon(&one, closed(&one), delta).Lower)
		}
	}
	return Interval{math.Min(low, top), top, top}
}

// floorDelta returns a lower bound of δ(ε): that of the costliest single step.
func (w *Workspace) floorDelta(p *Problem, epsilon float64) float64 {
	if p.Group > 1 || p.Direction == Replace {
		return 0
	}
	low := 0.0
	for i := range p.Phases {
		step := p.Phases[i]
		step.Steps = 1
		if step.Rate == 1 {
			low = math.Max(low, GaussianDelta(1/step.Noise, epsilon).Lower)
		} else {
			low = math.Max(low, singleDelta(step, p.Direction, epsilon).Lower)
		}
	}
	return low
}

// LatticeDelta returns the enclosure of δ(ε) by the lattice alone, of sampled phases and single records, add or remove; for
// every plan, AnyLatticeDelta.
func (w *Workspace) LatticeDelta(p *Problem, epsilon float64) (Interval, bool) {
	return w.deltaByLattice(p, epsilon)
}

// LatticeEpsilon returns the enclosure of ε(δ) by the lattice alone, as LatticeDelta.
func (w *Workspace) LatticeEpsilon(p *Problem, delta float64) (Interval, bool) {
	return w.epsilonByLattice(p, delta)
}
