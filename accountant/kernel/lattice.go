package kernel

import "math"

// The lattice: the privacy loss distribution of a plan of Poisson-subsampled steps, for where the contour does not reach
// (few steps, tiny q·T). Each step's masses (cells.go) are tilted by e^(cx), so that what decides δ is not small beside
// what rounding adds, and composed by fast Fourier transforms on n points of a period P = nΔ.
//
// Errors, all in the bound of at: masses beyond the right end count as infinite loss (upper) or are dropped (lower);
// what the period folds together is bounded as in alias.go; a transform errs by fftUnits·log₂n units of its norm, which
// by the Cauchy-Schwarz inequality is at most that many units of Σ-norms at each point of the result.

// lattice is the composed distribution in a window of n points from base on: spare[0] holds D, δ at each point, and
// spare[1] the mass above it, both times e^(c(x − x_base)) and without the front.
type lattice struct {
	c, step  float64
	base, n  int
	fold     fold
	steps    float64 // ΣT
	offset   float64 // Σ T offset: point i of the window is (base+i)Δ + offset
	logFront float64 // Σ T log Σ tilted masses − c x_base
	missing  float64 // mass that is charged to δ whole
	wrong    float64 // error of the tilted probability at each point
	turned   float64 // relative error of the front
}

// rows of masses live in slack: index i stands for loss (low+i)Δ + offset. The offset puts the phase's extreme loss,
// where most of its mass is when q is small, on a point.
type row struct {
	low, n int
	offset float64
}

func (r row) at(i int, step float64) float64 { return float64(r.low+i)*step + r.offset }

// offset returns what puts the bulk of a small step's loss on a point. Upper: the extreme loss, the least or, for Add, the
// greatest. Lower: the conditional mean, in e^x, of what lies within half a step of the extreme, for no pair that is less
// distinguishable can have mass at the extreme itself.
func offset(ph Phase, d Direction, step float64, upper bool) float64 {
	extreme := Log1p(-ph.Rate)
	if d == Add {
		extreme = -extreme
	}
	if upper {
		return extreme
	}
	inner := extreme + step/2
	if d == Add {
		inner = extreme - step/2
	}
	e := edgeAt(ph, d, inner, 0)
	own, other := ownTail(ph, d, e, d == Add), otherTail(ph, d, e, d == Add)
	if x := Log(own / other); math.Abs(x-extreme) <= step/2 {
		return x
	}
	return extreme
}

// loss returns the loss at point i of the window; index the last point that is not above a loss.
func (l *lattice) loss(i int) float64 { return float64(l.base+i)*l.step + l.offset }

func (l *lattice) index(loss float64) int {
	return int(math.Floor((loss-l.offset)/l.step)) - l.base
}

// compose builds the lattice l of one side around the saddle; false where it does not fit the workspace.
func (w *Workspace) compose(p *Problem, s saddle, upper bool, l *lattice) bool {
	if p.Group > 1 || p.Direction == Replace || !w.window(p, s, l) {
		return false
	}
	for i := range p.Phases {
		left := leftmost(p.Phases[i], p.Direction, l.c)
		l.widen(w.greatest(p.Phases[i], p.Direction)-left, len(w.slack))
	}
	for i := range p.Phases {
		l.offset += p.Phases[i].Steps * offset(p.Phases[i], p.Direction, l.step, upper)
	}
	if !w.open(l, s) {
		return false
	}
	for i := range p.Phases {
		r, ok := w.masses(p, p.Phases[i], l, s, upper)
		if !ok {
			return false
		}
		w.raise(l, r, p.Phases[i].Steps)
	}
	return w.finish(l)
}

// window chooses tilt and period.
func (w *Workspace) window(p *Problem, s saddle, l *lattice) bool {
	*l = lattice{n: w.transformSize()}
	if l.n == 0 {
		return false
	}
	l.c, l.fold = w.soften(p, s, s.logDelta+usual.tight, usual.soft, false)
	l.fold.period *= 1.15 // a tenth of the window lies left of ε₀
	l.step = l.fold.period / float64(l.n)
	return true
}

// widen makes the period so long that a row of the given reach has room.
func (l *lattice) widen(reach float64, room int) {
	l.fold.period = math.Max(l.fold.period, reach*float64(l.n)/float64(room-16))
	l.step = l.fold.period / float64(l.n)
}

// open places the window and clears the sums.
func (w *Workspace) open(l *lattice, s saddle) bool {
	first := math.Floor((s.epsilon - l.offset - l.fold.period/10) / l.step)
	if !(math.Abs(first) < 1e9) {
		return false
	}
	n := l.n
	l.base = int(first)
	w.twiddle(n)
	for i := 0; i < n; i++ {
		w.re[n+i], w.im[n+i], w.spare[1][i] = 0, 0, 0
	}
	return true
}

// finish turns the sums into δ at each point; false where a number overflowed.
func (w *Workspace) finish(l *lattice) bool {
	w.invert(l)
	w.accumulate(l)
	return math.Abs(l.logFront) < math.Inf(1) && l.wrong < math.Inf(1) && l.fold.logRight < math.Inf(1)
}

// masses fills slack with the own-measure masses of one step, from the point below which the tilted mass is nothing to
// the point above which the mass is; false where they are too many.
func (w *Workspace) masses(p *Problem, ph Phase, l *lattice, s saddle, upper bool) (row, bool) {
	if ph.Rate == 1 {
		return row{}, false
	}
	d := p.Direction
	left := leftmost(ph, d, l.c)
	r := row{offset: offset(ph, d, l.step, upper)}
	low := math.Floor((left-r.offset)/l.step + 1e-6)
	if !(math.Abs(low) < 1e9) {
		return r, false
	}
	r.low = int(low)
	n, tail := w.fill(ph, d, l, r, w.greatest(ph, d), upper)
	if n == 0 {
		return r, false
	}
	r.n = n
	if upper {
		l.missing += ph.Steps * tail
		return r, true
	}
	w.lower(l, r)
	return r, true
}

// leftmost returns where a row begins: the least loss, or where the tilt has made nothing of the mass below.
func leftmost(ph Phase, d Direction, c float64) float64 {
	left := math.Max(-(45+Log(ph.Steps))/c, -650) // below, e^x is no normal number
	if d == Remove {
		return math.Max(left, Log1p(-ph.Rate))
	}
	return left
}

// greatest returns the loss at which a row ends: the greatest, or that at the cut.
func (w *Workspace) greatest(ph Phase, d Direction) float64 {
	if d == Add {
		return -Log1p(-ph.Rate)
	}
	v, _ := logMix(cut(ph, d, 1, w.level), ph.Noise, ph.Rate, 1)
	return v
}

// fill walks the cells from the left to the loss at which the row ends. It returns how many lattice points hold mass (0: too many) and
// the tail.
func (w *Workspace) fill(ph Phase, d Direction, l *lattice, r row, end float64, upper bool) (int, float64) {
	m := w.slack
	raise := 1.0
	if !upper {
		raise = -1
	}
	hardly := 1e-6 * l.step // a step aside from an extreme loss, beyond which there is no mass
	first := r.at(0, l.step)
	if d == Remove && first <= Log1p(-ph.Rate)+hardly {
		first -= hardly
	}
	at := edgeAt(ph, d, first, raise)
	m[0] = 0
	if upper {
		m[0] = ownTail(ph, d, at, false) // all loss below the first point counts as that point
	}
	for i := 0; i+2 < len(m); i++ {
		x := r.at(i, l.step)
		right := x + l.step
		if right >= end-hardly {
			right = end
			if d == Add {
				right += hardly // beyond the greatest loss there is nothing, whatever rounding says of the point itself
			}
		}
		next := edgeAt(ph, d, right, raise)
		c := split(ph, d, at, next, x, l.step)
		miss := c.miss
		if !upper {
			miss = -miss
			w.spare[2][i], w.spare[3][i] = c.alpha+c.miss, c.beta+c.miss
		}
		up := math.Min(c.a, math.Max(0, (c.beta+miss)*Exp(x+l.step)))
		m[i] += c.a - up
		m[i+1] = up
		at = next
		if x+l.step >= end-hardly {
			if d == Add {
				return i + 2, 0
			}
			return i + 2, ownTail(ph, d, next, true)
		}
	}
	return 0, 0
}

// otherTail is ownTail under the other measure.
func otherTail(ph Phase, d Direction, e edge, above bool) float64 {
	if d == Add {
		return ownTail(ph, Remove, e, !above)
	}
	return ownTail(ph, Add, e, !above)
}

// ownTail returns the mass under the direction's own measure above (or below) an edge.
func ownTail(ph Phase, d Direction, e edge, above bool) float64 {
	if d == Add {
		above = !above
	}
	base, moved := e.tail, e.shifted
	if (e.z >= 0) != above {
		base = 1 - base
	}
	if (e.z-1/ph.Noise >= 0) != above {
		moved = 1 - moved
	}
	if d == Add {
		return base * (1 + 64*unit)
	}
	return ((1-ph.Rate)*base + ph.Rate*moved) * (1 + 64*unit)
}

// raise tilts the row by e^(cx), folds it into n points, transforms, and adds T times the logarithm of the transform to the
// upper halves of re and im; spare[1] collects what the rounding of the logarithms is in proportion to.
func (w *Workspace) raise(l *lattice, r row, steps float64) {
	n := l.n
	re, im := w.re[:n], w.im[:n]
	for i := range re {
		re[i], im[i] = 0, 0
	}
	var sum float64
	for i := 0; i < r.n; i++ {
		v := w.slack[i] * Exp(l.c*r.at(i, l.step))
		re[((r.low+i)%n+n)%n] += v
		sum += v
	}
	var norm float64
	for i := range re {
		re[i] /= sum
		norm += re[i] * re[i]
	}
	l.steps += steps
	l.logFront += steps * Log(sum)
	l.turned += steps * unit * (24 + float64(n)/64)
	l.wrong += steps * unit * (fftUnits*Log(float64(n))*log2e + 24) * math.Sqrt(norm)
	w.transform(re, im, false)
	for i := range re {
		size := 0.5 * Log(re[i]*re[i]+im[i]*im[i]+1e-300)
		turn := Atan2(im[i], re[i])
		w.re[n+i] += steps * size
		w.im[n+i] += steps * turn
		w.spare[1][i] += steps * (math.Abs(size) + math.Abs(turn))
	}
}

// invert turns the sums of logarithms back into tilted probabilities, in re.
func (w *Workspace) invert(l *lattice) {
	n := l.n
	re, im := w.re[:n], w.im[:n]
	var rounding float64
	for i := range re {
		size := Exp(w.re[n+i]) / float64(n)
		sin, cos := Sincos(w.im[n+i])
		re[i], im[i] = size*cos, size*sin
		rounding += size * Expm1(math.Min(8*unit*w.spare[1][i]+8*unit, 1))
	}
	w.transform(re, im, true)
	var norm float64
	for i := range re {
		norm += re[i] * re[i]
	}
	l.wrong += rounding + unit*fftUnits*Log(float64(n))*log2e*math.Sqrt(norm)
}

// accumulate sums δ from the top of the window down: with r the mass at a point, G = Σ_{above} r and D = Σ r(1 − e^(x−x')),
// one step down D ← (1 − e^(−Δ))G + e^(−Δ)D after G ← G + r: positive terms only.
func (w *Workspace) accumulate(l *lattice) {
	n := l.n
	shrink, part := Exp(-l.step), -Expm1(-l.step)
	climb := Exp(-l.c * l.step)
	var d, g float64 // in units of e^(−c x) of the current point
	for i := n - 1; i >= 0; i-- {
		w.spare[0][i], w.spare[1][i] = d, g
		r := math.Max(0, w.re[((l.base+i)%n+n)%n])
		g = (g + r) * climb
		d = part*g + shrink*climb*d
	}
	l.logFront -= l.c * l.loss(0)
}

// at returns the side's bound of δ at point i of the window: upper, or lower.
func (l *lattice) at(d float64, i int, upper bool) float64 {
	x := l.loss(i)
	scale := Exp(l.logFront - l.c*float64(i)*l.step)
	noise := scale * l.wrong / Expm1(l.c*l.step)
	rel := Expm1(l.turned + unit*(40+float64(l.n)+8*math.Abs(l.logFront)))
	spread := l.steps * (l.fold.far + 1) * (l.fold.far + 1) * l.step * l.step / 4
	log := l.fold.logRight - chernoff(l.fold.far) + spread
	if upper {
		top := l.loss(l.n - 1)
		return scale*d*(1+rel) + noise + l.missing + Exp(log-l.fold.far*top)
	}
	turn := l.c * l.fold.period
	folded := 1.1*Exp(-turn) + Exp(log-l.fold.far*(x+l.fold.period)+turn)
	return math.Max(0, scale*d*(1-rel)-noise-l.missing-folded)
}

// crossing returns ε where the side's bound of δ passes delta. Between points D is linear in e^ε and the errors fall.
func (w *Workspace) crossing(l *lattice, delta float64, upper bool) (float64, bool) {
	d := w.spare[0]
	lo, hi := 0, l.n-2
	if upper {
		if !(l.at(d[lo], lo, upper) >= delta && l.at(d[hi], hi, upper) <= delta) {
			return 0, false
		}
		for hi-lo > 1 {
			mid := (lo + hi) / 2
			if l.at(d[mid], mid, upper) > delta {
				lo = mid
			} else {
				hi = mid
			}
		}
	} else {
		// The lower bound is not monotone: what the period folds grows to the left. The rightmost crossing is the best.
		lo = hi
		for lo >= 0 && l.at(d[lo], lo, upper) < delta {
			lo--
		}
		if hi = lo + 1; lo < 0 || hi > l.n-2 {
			return 0, false
		}
	}
	// At lo the bound is above delta, at hi not. With the errors of lo kept, solve the chord for delta.
	up, down := l.at(d[lo], lo, upper), l.at(d[hi]*Exp(-l.c*l.step), lo, upper)
	x := l.loss(lo)
	if !(up > down) {
		return x + l.step, upper
	}
	share := (up - delta) / (up - down)
	if share >= 1 {
		share = 1
	}
	e := x + Log1p(share*Expm1(l.step))
	slip := 8*unit*(math.Abs(e)+l.step) + 1e-9*l.step
	if upper {
		return e + slip, true
	}
	return e - slip, true
}

// epsilonByLattice encloses ε(δ) by both sides, moving the window until the solution lies in it. It begins where a single
// step would have δ/T, which is near for few steps and for rare events.
func (w *Workspace) epsilonByLattice(p *Problem, delta float64) (Interval, bool) {
	w.setLevel(p, Log(delta))
	h := hunt{eps: w.firstGuess(p, delta), hi: math.Inf(1)}
	var l lattice
	for range 3 {
		s, ok := w.saddleForEpsilon(p, h.eps)
		s.logDelta = Log(delta)
		if !ok {
			return Interval{}, false
		}
		if !w.compose(p, s, true, &l) {
			return Interval{}, false
		}
		if w.nothing(&l, delta) {
			return Interval{}, true
		}
		up, ok := w.crossing(&l, delta, true)
		if ok {
			low := 0.0
			if w.compose(p, s, false, &l) {
				if down, ok := w.crossing(&l, delta, false); ok {
					low = down
				}
			}
			return ends(low, up), true
		}
		w.move(&l, &h, delta)
	}
	return Interval{}, false
}

// hunt is where the window was tried: eps, and what lies below and above.
type hunt struct{ eps, lo, hi float64 }

// move places the next window after one without the solution.
func (w *Workspace) move(l *lattice, h *hunt, delta float64) {
	if l.at(w.spare[0][0], 0, true) < delta {
		h.hi = h.eps
	} else {
		h.lo = h.eps
	}
	if h.eps = 2*h.eps + l.fold.period/4; h.hi < math.Inf(1) {
		h.eps = h.lo + (h.hi-h.lo)/2
	}
}

// nothing tells whether the upper side has no more than delta at ε = 0.
func (w *Workspace) nothing(l *lattice, delta float64) bool {
	i := l.index(0)
	return i >= 0 && i < l.n && l.at(w.spare[0][i], i, true) <= delta
}

// ends makes an interval of the crossings of both sides.
func ends(low, up float64) Interval {
	up = math.Max(0, up)
	low = math.Max(0, math.Min(low, up))
	return Interval{low, low + (up-low)/2, up}
}

// firstGuess returns the largest ε that a single step of a phase has at δ/T.
func (w *Workspace) firstGuess(p *Problem, delta float64) float64 {
	eps := 0.0
	for i := range p.Phases {
		step := [1]Phase{{p.Phases[i].Rate, p.Phases[i].Noise, 1}}
		one := Problem{Phases: step[:], Direction: p.Direction, Group: 1}
		if kind := closed(&one); kind == 2 {
			eps = math.Max(eps, closedEpsilon(&one, kind, delta/p.Phases[i].Steps).Estimate)
		}
	}
	return eps
}

// deltaByLattice encloses δ(ε).
func (w *Workspace) deltaByLattice(p *Problem, epsilon float64) (Interval, bool) {
	w.setLevel(p, -60)
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok {
		return Interval{}, false
	}
	w.setLevel(p, math.Max(-700, s.logDelta))
	out := Interval{}
	if out.Upper, ok = w.deltaOfSide(p, s, epsilon, true); !ok {
		return out, false
	}
	if low, ok := w.deltaOfSide(p, s, epsilon, false); ok {
		out.Lower = low
	}
	out.Estimate = out.Lower + (out.Upper-out.Lower)/2
	return out, true
}

// deltaOfSide returns the side's bound of δ(ε).
func (w *Workspace) deltaOfSide(p *Problem, s saddle, epsilon float64, upper bool) (float64, bool) {
	var l lattice
	if !w.compose(p, s, upper, &l) {
		return 0, false
	}
	return w.read(&l, epsilon, upper)
}

// read returns the side's bound of δ(ε); false outside the window.
func (w *Workspace) read(l *lattice, epsilon float64, upper bool) (float64, bool) {
	i := l.index(epsilon)
	if i < 0 || i+2 >= l.n {
		return 0, false
	}
	return l.between(w.spare[0], i, Expm1(epsilon-l.loss(i))/Expm1(l.step), upper), true
}

// between returns the side's bound at a share of the way, in e^ε, from point i to the next, with the errors of point i.
func (l *lattice) between(d list, i int, share float64, upper bool) float64 {
	share = math.Min(1, math.Max(0, share))
	return l.at(d[i]*(1-share)+d[i+1]*Exp(-l.c*l.step)*share, i, upper)
}
