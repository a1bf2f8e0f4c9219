package kernel

import "math"

// deltaByContour returns the enclosure of δ(ε) of one direction.
func (w *Workspace) deltaByContour(p *Problem, epsilon float64) (Interval, bool) {
	w.held = -1
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok {
		return Interval{}, false
	}
	k, ok := w.build(p, s)
	if !ok {
		return Interval{}, false
	}
	d, _ := w.delta(&k, epsilon)
	return d, true
}

// epsilonByContour returns the enclosure of ε(δ) of one direction: by Newton's method on log δ, then by widening the
// estimate until δ's own bounds prove both ends (δ falls in ε).
func (w *Workspace) epsilonByContour(p *Problem, delta float64) (Interval, bool) {
	w.held = -1
	s, ok := w.saddleForDelta(p, Log(delta))
	for range 3 {
		if !ok {
			return Interval{}, false
		}
		k, built := w.build(p, s)
		if !built {
			return Interval{}, false
		}
		eps, near := w.newton(&k, delta)
		if near {
			return w.enclose(&k, delta, eps)
		}
		s, ok = w.saddleForEpsilon(p, math.Max(0, eps))
	}
	return Interval{}, false
}

// newton solves δ(ε) = delta on the contour; near is false where ε left the contour's neighbourhood.
func (w *Workspace) newton(k *contour, delta float64) (eps float64, near bool) {
	eps = k.epsilon
	target := Log(delta)
	for range 12 {
		d, slope := w.delta(k, eps)
		if !(d.Estimate > 0) || !(slope > 0) {
			return eps, false
		}
		move := (Log(d.Estimate) - target) * d.Estimate / slope
		eps += move
		if eps <= 0 && k.epsilon == 0 {
			return 0, true
		}
		if math.Abs(move) <= 4*unit*eps+1e-3*(d.Upper-d.Lower)/slope {
			break
		}
	}
	return eps, math.Abs(eps-k.epsilon)*k.c < 0.3
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
	if kind := closed(p); kind != 0 {
		return closedEpsilon(p, kind, delta), ClosedForm
	}
	if out, ok := w.epsilonByContour(p, delta); ok {
		return out, Contour
	}
	return w.epsilonByCeiling(p, delta), Ceiling
}

// Delta returns the enclosure of δ(ε) of one direction and how it was reached.
func (w *Workspace) Delta(p *Problem, epsilon float64) (Interval, Method) {
	if kind := closed(p); kind != 0 {
		return closedDelta(p, kind, epsilon), ClosedForm
	}
	if out, ok := w.deltaByContour(p, epsilon); ok {
		return out, Contour
	}
	top := w.RDPDelta(p, epsilon)
	return Interval{w.floorDelta(p, epsilon), top, top}, Ceiling
}

// Method tells how an enclosure was reached.
type Method int

// The ways to an enclosure, from the tightest to the widest.
const (
	ClosedForm Method = iota
	Contour
	Lattice
	Ceiling
)

// epsilonByCeiling encloses ε(δ) by the Rényi bound above and by one step below: steps never lower ε.
func (w *Workspace) epsilonByCeiling(p *Problem, delta float64) Interval {
	top, _, ok := w.RDPEpsilon(p, delta)
	if !ok {
		top = math.Inf(1)
	}
	one, low := *p, 0.0
	if p.Group == 1 && p.Direction != Replace {
		for i := range p.Phases {
			step := [1]Phase{{p.Phases[i].Rate, p.Phases[i].Noise, 1}}
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
