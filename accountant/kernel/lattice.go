package kernel

import "math"

// The lattice: the privacy loss distribution of a plan of Poisson-subsampled steps, for where the contour does not reach
// (few steps, tiny q·T). Each step's masses (cells.go) are tilted by e^(cx), so that what decides δ is not small beside
// what rounding adds, and composed by fast Fourier transforms on n points of a period P = nΔ.
//
// Errors, all in the bound of finish: masses beyond the right end count as infinite loss (upper) or are dropped (lower);
// what the period folds together is bounded as in alias.go; a transform errs by fftUnits·log₂n units of its norm, which
// by the Cauchy-Schwarz inequality is at most that many units of Σ-norms at each point of the result.

// lattice is the composed distribution in a window of n points from base on: spare[0] holds D, δ at each point, and
// spare[1] the mass above it, both times e^(c(x − x_base)) and without the front.
type lattice struct {
	c, step  float64
	base, n  int
	fold     fold
	steps    float64 // ΣT
	logFront float64 // Σ T log Σ tilted masses − c x_base
	missing  float64 // mass that is charged to δ whole
	wrong    float64 // error of the tilted probability at each point
	turned   float64 // relative error of the front
}

// rows of masses live in slack: index i stands for loss (low+i)Δ.
type row struct{ low, n int }

// compose builds the lattice of one side around the saddle; false where it does not fit the workspace.
func (w *Workspace) compose(p *Problem, s saddle, upper bool) (lattice, bool) {
	n := w.transformSize()
	if n == 0 || p.Group > 1 || p.Direction == Replace {
		return lattice{}, false
	}
	l := lattice{n: n}
	l.c, l.fold = w.soften(p, s, s.logDelta+usual.tight, usual.soft)
	for i := range p.Phases {
		if reach := w.reachOf(p.Phases[i], p.Direction, l.c, tiniest(s, p.Phases[i])); reach*float64(n) > l.fold.period*float64(len(w.slack)-16) {
			l.fold.period = reach * float64(n) / float64(len(w.slack)-16)
		}
	}
	l.step = l.fold.period / float64(n)
	first := math.Floor((s.epsilon - l.fold.period/4) / l.step)
	if !(math.Abs(first) < 1e9) {
		return l, false
	}
	l.base = int(first)
	w.twiddle(n)
	for i := 0; i < n; i++ {
		w.re[n+i], w.im[n+i], w.spare[1][i] = 0, 0, 0
	}
	for i := range p.Phases {
		r, ok := w.masses(p, p.Phases[i], &l, s, upper)
		if !ok {
			return l, false
		}
		w.raise(&l, r, p.Phases[i].Steps)
	}
	w.invert(&l)
	w.accumulate(&l)
	return l, true
}

// masses fills slack with the own-measure masses of one step, from the point below which the tilted mass is nothing to
// the point above which the mass is; false where they are too many.
func (w *Workspace) masses(p *Problem, ph Phase, l *lattice, s saddle, upper bool) (row, bool) {
	if ph.Rate == 1 {
		return row{}, false
	}
	d := p.Direction
	left, hard := leftmost(ph, d, l.c)
	low := math.Floor(left/l.step) - 1
	if !(math.Abs(low) < 1e9) {
		return row{}, false
	}
	r := row{low: int(low)}
	n, tail := w.fill(ph, d, l, r.low, tiniest(s, ph), upper)
	if n == 0 {
		return r, false
	}
	r.n = n
	if upper {
		l.missing += ph.Steps * tail
		return r, true
	}
	w.lower(l, r, hard, d == Add)
	return r, true
}

// leftmost returns where a row begins: the least loss (hard), or where the tilt has made nothing of the mass below.
func leftmost(ph Phase, d Direction, c float64) (left float64, hard bool) {
	left = -(45 + Log(ph.Steps)) / c
	if d == Remove && Log1p(-ph.Rate) > left {
		return Log1p(-ph.Rate), true
	}
	return left, false
}

// tiniest is the mass of one step above which a row ends.
func tiniest(s saddle, ph Phase) float64 { return Exp(s.logDelta-40) / ph.Steps }

// reachOf returns the length of a row.
func (w *Workspace) reachOf(ph Phase, d Direction, c, tiny float64) float64 {
	left, _ := leftmost(ph, d, c)
	if d == Add {
		return -Log1p(-ph.Rate) - left
	}
	lo, hi := 0.0, 1e-6
	for ownTail(ph, d, edgeAt(ph, d, hi, 1), true) > tiny && hi < 1e9 {
		lo, hi = hi, 2*hi
	}
	for range 30 {
		mid := (lo + hi) / 2
		if ownTail(ph, d, edgeAt(ph, d, mid, 1), true) > tiny {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi - left
}

// fill walks the cells from the left until the tail is tiny. It returns how many lattice points hold mass (0: too many) and
// the tail.
func (w *Workspace) fill(ph Phase, d Direction, l *lattice, low int, tiny float64, upper bool) (int, float64) {
	m := w.slack
	raise := 1.0
	if !upper {
		raise = -1
	}
	at := edgeAt(ph, d, float64(low)*l.step, raise)
	m[0] = 0
	if upper {
		m[0] = ownTail(ph, d, at, false) // all loss below the first point counts as that point
	}
	for i := 0; i+2 < len(m); i++ {
		x := float64(low+i) * l.step
		next := edgeAt(ph, d, x+l.step, raise)
		c := split(ph, d, at, next, x, l.step)
		miss := c.miss
		if !upper {
			miss = -miss
			w.spare[2][i], w.spare[3][i] = c.alpha+c.miss, c.beta+c.miss
		}
		right := math.Min(c.a, math.Max(0, (c.beta+miss)*Exp(x+l.step)))
		m[i] += c.a - right
		m[i+1] = right
		at = next
		if tail := ownTail(ph, d, next, true); tail <= tiny {
			return i + 2, tail
		}
	}
	return 0, 0
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
		v := w.slack[i] * Exp(l.c*float64(r.low+i)*l.step)
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
	l.logFront -= l.c * float64(l.base) * l.step
}

// at returns the side's bound of δ at point i of the window: upper, or lower.
func (l *lattice) at(d float64, i int, upper bool) float64 {
	x := float64(l.base+i) * l.step
	scale := Exp(l.logFront - l.c*float64(i)*l.step)
	noise := scale * l.wrong / Expm1(l.c*l.step)
	rel := Expm1(l.turned + unit*(40+float64(l.n)+8*math.Abs(l.logFront)))
	spread := l.steps * (l.fold.far + 1) * (l.fold.far + 1) * l.step * l.step / 4
	log := l.fold.logRight - chernoff(l.fold.far) + spread
	if upper {
		top := float64(l.base+l.n-1) * l.step
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
	if l.at(d[lo], lo, upper) < delta || l.at(d[hi], hi, upper) > delta {
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
	// At lo the bound is above delta, at hi not. With the errors of lo kept, solve the chord for delta.
	up, down := l.at(d[lo], lo, upper), l.at(d[hi]*Exp(-l.c*l.step), lo, upper)
	x := float64(l.base+lo) * l.step
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

// epsilonByLattice encloses ε(δ) by both sides.
func (w *Workspace) epsilonByLattice(p *Problem, delta float64) (Interval, bool) {
	w.held = -1
	s, ok := w.saddleForDelta(p, Log(delta))
	s.logDelta = Log(delta)
	for range 3 {
		if !ok {
			return Interval{}, false
		}
		l, ok1 := w.compose(p, s, true)
		if !ok1 {
			return Interval{}, false
		}
		if l.base <= 0 && l.at(w.spare[0][-l.base], -l.base, true) <= delta {
			return Interval{}, true
		}
		up, ok2 := w.crossing(&l, delta, true)
		if !ok2 {
			s, ok = w.saddleForEpsilon(p, s.epsilon/2)
			s.logDelta = Log(delta)
			continue
		}
		out := Interval{0, up, up}
		l, ok1 = w.compose(p, s, false)
		if ok1 {
			if down, ok3 := w.crossing(&l, delta, false); ok3 {
				out.Lower = math.Max(0, math.Min(down, up))
			}
		}
		out.Upper = math.Max(0, up)
		out.Estimate = out.Lower + (out.Upper-out.Lower)/2
		return out, true
	}
	return Interval{}, false
}

// deltaByLattice encloses δ(ε).
func (w *Workspace) deltaByLattice(p *Problem, epsilon float64) (Interval, bool) {
	w.held = -1
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok {
		return Interval{}, false
	}
	l, ok := w.compose(p, s, true)
	i := int(math.Floor(epsilon/l.step)) - l.base
	if !ok || i < 0 || i+2 >= l.n {
		return Interval{}, false
	}
	share := Expm1(epsilon-float64(l.base+i)*l.step) / Expm1(l.step)
	out := Interval{0, 0, l.between(w.spare[0], i, share, true)}
	if l, ok = w.compose(p, s, false); ok {
		out.Lower = l.between(w.spare[0], i, share, false)
	}
	out.Estimate = out.Lower + (out.Upper-out.Lower)/2
	return out, true
}

// between returns the side's bound at a share of the way, in e^ε, from point i to the next, with the errors of point i.
func (l *lattice) between(d list, i int, share float64, upper bool) float64 {
	share = math.Min(1, math.Max(0, share))
	return l.at(d[i]*(1-share)+d[i+1]*Exp(-l.c*l.step)*share, i, upper)
}
