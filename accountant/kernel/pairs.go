package kernel

import "math"

// The lattice for every plan: the same as lattice.go, with the masses of each step from its pair of mixtures (pair.go). It
// prices phases without sampling, replace-one and groups, which the quicker masses of cells.go do not. It is apart, for
// programs that must stay small.

// plain tells whether the quicker masses serve the plan.
func plain(p *Problem) bool {
	for i := range p.Phases {
		if p.Phases[i].Rate == 1 {
			return false
		}
	}
	return p.Group == 1 && p.Direction != Replace
}

// AnyLatticeDelta returns the enclosure of δ(ε) by the lattice alone.
func (w *Workspace) AnyLatticeDelta(p *Problem, epsilon float64) (Interval, bool) {
	if epsilon >= greatestLoss(p) {
		return Interval{0, 0, 1e-320}, true
	}
	if plain(p) {
		return w.deltaByLattice(p, epsilon)
	}
	w.setLevel(p, -60)
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok || s.logDelta < -650 { // no lattice holds what is so small
		top := w.RDPDelta(p, epsilon)
		return Interval{0, 0, top}, top < 1e-250
	}
	w.setLevel(p, math.Max(-700, s.logDelta))
	var l lattice
	out := Interval{}
	if !w.composePairs(p, s, true, &l) {
		return out, false
	}
	if out.Upper, ok = w.read(&l, epsilon, true); !ok {
		return out, false
	}
	if w.composePairs(p, s, false, &l) {
		if low, ok := w.read(&l, epsilon, false); ok && low > 0 && low <= out.Upper {
			out.Lower = low
		}
	}
	if !(out.Upper <= 1) { // or the front overflowed
		out.Upper = 1
	}
	out.Lower = math.Min(out.Lower, 1)
	out.Estimate = out.Lower + (out.Upper-out.Lower)/2
	return out, true
}

// greatestLoss returns an upper bound of the loss of the whole plan: a record that is not there cannot be ruled out by more than
// (1−q)^(−k) a step.
func greatestLoss(p *Problem) float64 {
	if p.Direction != Add {
		return math.Inf(1)
	}
	sum := 0.0
	for i := range p.Phases {
		sum -= p.Phases[i].Steps * float64(p.Group) * Log1p(-p.Phases[i].Rate)
	}
	return sum * (1 + 1e-12)
}

// AnyLatticeEpsilon returns the enclosure of ε(δ) by the lattice alone. Where the solution was found far from where the lattice
// stands, which is coarse there, a second one stands at the solution.
func (w *Workspace) AnyLatticeEpsilon(p *Problem, delta float64) (out Interval, found bool) {
	if plain(p) {
		return w.epsilonByLattice(p, delta)
	}
	w.setLevel(p, Log(delta))
	s, ok := w.saddleForDelta(p, Log(delta))
	h := hunt{eps: math.Max(0, s.epsilon), hi: math.Inf(1)}
	var l lattice
	for range 6 {
		if !ok {
			break
		}
		if s, ok = w.saddleForEpsilon(p, h.eps); !ok {
			break
		}
		s.logDelta = Log(delta)
		if !w.composePairs(p, s, true, &l) {
			break
		}
		if w.nothing(&l, delta) {
			return Interval{}, true
		}
		up, crosses := w.crossing(&l, delta, true)
		switch {
		case crosses && found:
			return Meet(out, ends(w.lowPairs(p, s, delta, &l), up)), true
		case crosses:
			out, found = ends(w.lowPairs(p, s, delta, &l), up), true
			if math.Abs(up-h.eps)*s.c < 0.5 {
				return out, true
			}
			h.eps = up
		case found:
			return out, true
		default:
			w.move(&l, &h, delta)
		}
	}
	return out, found
}

// lowPairs returns a lower bound of ε(δ) from a lattice at s, 0 where it shows none.
func (w *Workspace) lowPairs(p *Problem, s saddle, delta float64, l *lattice) float64 {
	if w.composePairs(p, s, false, l) {
		if low, ok := w.crossing(l, delta, false); ok {
			return low
		}
	}
	return 0
}

// composePairs is compose for every plan.
func (w *Workspace) composePairs(p *Problem, s saddle, upper bool, l *lattice) bool {
	if !w.window(p, s, l) {
		return false
	}
	for i := range p.Phases {
		t := w.parts(p, p.Phases[i])
		left, right := w.reachOf(p, p.Phases[i], &t, l.c)
		l.widen(right-left, len(w.slack))
	}
	for i := range p.Phases {
		t := w.parts(p, p.Phases[i])
		l.offset += p.Phases[i].Steps * w.offsetOf(&t, l.step, upper)
	}
	if !(l.step > 1e-11) || !w.open(l, s) {
		return false
	}
	for i := range p.Phases {
		r, ok := w.massesOf(p, p.Phases[i], l, upper)
		if !ok {
			return false
		}
		w.raise(l, r, p.Phases[i].Steps)
	}
	return w.finish(l)
}

// reachOf returns between which losses a row lies: where the tilt, or the measure itself, has made nothing of the mass below,
// and the greatest loss or that at the cut.
func (w *Workspace) reachOf(p *Problem, ph Phase, t *pair, c float64) (left, right float64) {
	few := math.Sqrt(2 * (45 + Log(ph.Steps)))
	left = math.Max(-(45+Log(ph.Steps))/c, -650)
	if t.swap {
		x, _, _ := w.pairLoss(t, few)
		return math.Max(left, -x), -t.least
	}
	x, _, _ := w.pairLoss(t, -few)
	end := w.fine.z[t.n-1] + math.Sqrt(2*(1-w.level))
	if ph.Rate < 1 {
		end = cut(ph, p.Direction, p.Group, w.level)
	}
	right, _, _ = w.pairLoss(t, end)
	return math.Max(left, math.Max(x, t.least)), right
}

// offsetOf is offset: the extreme loss, or the mean near it, where there is one.
func (w *Workspace) offsetOf(t *pair, step float64, upper bool) float64 {
	if t.least == math.Inf(-1) {
		return 0
	}
	extreme, inner := t.least, t.least+step/2
	if t.swap {
		extreme, inner = -extreme, -inner
	}
	if upper {
		return extreme
	}
	near := w.side(t, w.rimAt(t, inner, rim{}), t.swap)
	if x := Log(near.own / near.other); math.Abs(x-extreme) <= step/2 {
		return x
	}
	return extreme
}

// massesOf is masses for every phase.
func (w *Workspace) massesOf(p *Problem, ph Phase, l *lattice, upper bool) (row, bool) {
	t := w.parts(p, ph)
	left, end := w.reachOf(p, ph, &t, l.c)
	r := row{offset: w.offsetOf(&t, l.step, upper)}
	low := math.Floor((left-r.offset)/l.step + 1e-6)
	if !(math.Abs(low) < 1e9) {
		return r, false
	}
	r.low = int(low)
	n, tail := w.fillPair(&t, l, r, end, upper)
	if r.n = n; n == 0 {
		return r, false
	}
	if upper {
		l.missing += ph.Steps * tail
	} else {
		w.lower(l, r)
	}
	return r, true
}

// fillPair is fill for every pair.
func (w *Workspace) fillPair(t *pair, l *lattice, r row, end float64, upper bool) (int, float64) {
	m := w.slack
	hardly := 1e-6 * l.step
	at := w.rimAt(t, r.at(0, l.step), rim{})
	m[0] = 0
	if below := w.side(t, at, false); upper {
		m[0] = below.own + below.wrongOwn
	}
	before := 1.0
	for i := 0; i+2 < len(m); i++ {
		x := r.at(i, l.step)
		right := math.Min(x+l.step, end)
		last := x+l.step >= end-hardly
		if last {
			right = end
		}
		guess := at
		if at.slope > 0 && !t.swap {
			guess.z += (right - x) / at.slope
		}
		next := w.rimAt(t, right, guess)
		if !(next.slip < l.step/4) {
			return 0, 0
		}
		c := w.cellOf(t, at, next, x, l.step, before)
		before = w.chunkOf(t, at.z, next.z).other
		miss := c.miss
		if !upper {
			miss = -miss
			w.spare[2][i], w.spare[3][i] = c.alpha+c.miss, c.beta+c.miss
		}
		up := math.Min(c.a, math.Max(0, (c.beta+miss)*Exp(x+l.step)))
		m[i] += c.a - up
		m[i+1] = up
		if at = next; last {
			above := w.side(t, next, true)
			return i + 2, above.own + above.wrongOwn
		}
	}
	return 0, 0
}
