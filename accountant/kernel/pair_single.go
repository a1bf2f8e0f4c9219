package kernel

import "math"

// One step under replace-one or of a group, without a lattice: δ(ε) = P(l > ε) − e^ε Q(l > ε).

// SinglePair tells whether p is one step that singleDelta does not price.
func SinglePair(p *Problem) bool {
	return len(p.Phases) == 1 && p.Phases[0].Steps == 1 && p.Phases[0].Rate < 1 && !plain(p)
}

// SinglePairDelta encloses δ(ε) of one step.
func (w *Workspace) SinglePairDelta(p *Problem, epsilon float64) Interval {
	w.held = -1
	t := w.parts(p, p.Phases[0])
	return w.pairDelta(&t, epsilon)
}

// pairDelta reads δ at the edge, which falls short by what lies between it and the exact one (pair.go): less than the other
// measure has above an edge that is surely to the left.
func (w *Workspace) pairDelta(t *pair, epsilon float64) Interval {
	if t.swap && epsilon >= -t.least {
		return Interval{0, 0, 1e-320}
	}
	e := w.rimAt(t, epsilon, rim{})
	above := w.side(t, e, true)
	short := 0.0
	if e.slip > 0 {
		left := w.side(t, w.rimAt(t, epsilon-4*e.slip-1e-9, e), true)
		short = 1.1 * Expm1(math.Min(e.slip, 700)) * (left.other + left.wrongOther)
	}
	y := Exp(epsilon) * (1 + 4*unit*(epsilon+2))
	if !(y < math.Inf(1)) {
		return Interval{0, 0, math.Min(1, above.own+above.wrongOwn)}
	}
	wrong := above.wrongOwn + y*above.wrongOther + (8+8*epsilon)*unit*(above.own+y*above.other)
	est := above.own - Exp(epsilon)*above.other
	return Interval{math.Max(0, est-wrong), math.Max(0, est), math.Min(1, math.Max(0, est+wrong+y*short)+1e-320)}
}

// SinglePairEpsilon encloses ε(δ) of one step, by halving as closedEpsilon does.
func (w *Workspace) SinglePairEpsilon(p *Problem, delta float64) (Interval, bool) {
	w.held = -1
	t := w.parts(p, p.Phases[0])
	if w.pairDelta(&t, 0).Upper <= delta {
		return Interval{}, true
	}
	top := 1.0
	for w.pairDelta(&t, top).Upper > delta {
		if top *= 2; top > 1e4 {
			return Interval{}, false
		}
	}
	var out Interval
	lo, hi := 0.0, top
	for hi-lo > 1e-15*hi {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if w.pairDelta(&t, mid).Upper > delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	out.Upper = hi
	lo = 0
	for hi-lo > 1e-15*hi {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if w.pairDelta(&t, mid).Lower >= delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	out.Lower = lo
	out.Estimate = lo + (out.Upper-lo)/2
	return out, true
}
