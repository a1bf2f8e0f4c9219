package kernel

import "math"

// roughly is the tolerance with which the bent contour locates ε, finely that of its answer.
const (
	roughly = 14
	finely  = 32
)

// mostPlain is by how much the integrand may outweigh δ before float64 leaves the interval broad.
const mostPlain = 300

// mostGrowth is the log of how much larger a contour's errors may become aside of it before its proofs are not worth having.
const mostGrowth = 20

// bendFor lays the bent contour for ε, where δ is about e^logDelta.
func (w *Workspace) bendFor(p *Problem, epsilon, logDelta, tight float64, fine bool) (bend, bool) {
	s, ok := w.seek(p, epsilon, 0, false)
	length := 0.0
	if ok {
		length = 1.5 / math.Sqrt(s.spread)
	}
	if !ok || math.Abs(s.epsilon-epsilon)*s.c > 0.3 {
		s.c = 0 // the coarse table does not reach
	}
	return w.bendAt(p, s.c, length, epsilon, logDelta, tight, fine)
}

// bends tells whether the bent contour serves a problem.
func bends(p *Problem) bool { return p.Group == 1 && p.Direction != Replace }

// bentSearch is where ε(δ) was sought: between lo and hi, at eps next.
type bentSearch struct {
	lo, hi, eps float64
	end         float64 // Λ
	seen        bool    // lo is known to be too small
	tight       float64
	fine        bool
	moved       bool // it was tried with all care at the solution
	best        Interval
	found       bool
}

// epsilonByBend encloses ε(δ) of one direction: Newton's method in a bracket, first roughly, then on a contour that stands
// at the solution; in double-double where float64 leaves the interval broad.
func (w *Workspace) epsilonByBend(p *Problem, delta float64) (Interval, bool) {
	if !bends(p) {
		return Interval{}, false
	}
	logDelta := Log(delta)
	h := w.bentStart(p, delta)
	w.level, w.held = math.Inf(-1), -1
	w.clearEffort()
	for range 24 {
		h.inside(p.Direction == Add)
		b, ok := w.bendFor(p, h.eps, logDelta, h.tight, h.fine)
		if b.heavy {
			h.tight, h.fine = finely, w.finer(p)
			continue
		}
		if !ok {
			if h.coarser() {
				continue
			}
			break
		}
		d, _ := w.bentAt(&b, h.eps)
		if h.eps == 0 && d.Upper <= delta {
			return Interval{}, true
		}
		if !w.searchOn(p, &h, &b, d, delta) {
			break
		}
	}
	return h.best, h.found
}

// searchOn proves what the contour b, where δ is d, allows, and chooses the next; false at the end.
func (w *Workspace) searchOn(p *Problem, h *bentSearch, b *bend, d Interval, delta float64) bool {
	vague := d.Upper-d.Lower > 0.2*delta
	root := w.newtonBent(b, delta)
	if !vague || h.tight == finely {
		if v, ok := w.encloseBent(b, delta, root); ok && h.prove(v) {
			again := broad(h.best) && (h.finer(w.finer(p)) || !h.moved)
			h.moved = h.moved || again && h.tight == finely && h.fine == w.finer(p)
			h.eps = h.best.Estimate
			return again
		}
	}
	if vague && d.Upper > delta && d.Lower < delta {
		return h.finer(w.finer(p))
	}
	h.bracket(d, delta)
	h.follow(b, root, w.finer(p))
	return true
}

// PatientEpsilon is the bent contour's ε(δ) with the effort for Remove, for where Add decides.
func (w *Workspace) PatientEpsilon(p *Problem, delta float64) (Interval, bool) {
	old := w.patience
	w.patience = math.Max(old, bendEffort)
	out, ok := w.epsilonByBend(p, delta)
	w.patience = old
	return out, ok
}

// bentStart places the search.
func (w *Workspace) bentStart(p *Problem, delta float64) bentSearch {
	h := bentSearch{hi: math.Inf(1), end: w.greatestLoss(p), tight: roughly}
	if p.Direction == Add {
		h.hi = h.end
	}
	switch {
	case p.Direction == Remove:
		h.eps = w.removeGuess(p, delta)
	case len(p.Phases) == 1 && p.Phases[0].Steps <= 30:
		h.eps = math.Max(w.firstGuess(p, delta), extremeGuess(p.Phases[0], Log(delta)))
	default:
		h.eps, _ = w.RoughEpsilon(p, delta)
	}
	return h
}

// inside moves eps into the bracket.
func (h *bentSearch) inside(add bool) {
	if h.eps >= h.lo && h.eps < h.hi {
		return
	}
	h.eps = h.lo + (math.Min(h.hi, 4*h.lo+1)-h.lo)/2
	if add { // the middle of the logs of the distances from the end
		h.eps = h.end - math.Sqrt((h.end-h.lo)*(h.end-h.hi+1e-12*h.end))
	} else if h.hi < math.Inf(1) {
		h.eps = math.Sqrt((h.end+h.lo)*(h.end+h.hi)) - h.end
	}
}

// finer goes on with more care, at the same place: finely, or in double-double where that serves; false where it was so already.
func (h *bentSearch) finer(double bool) bool {
	switch {
	case double && !h.fine:
		h.fine = true
	case h.tight == roughly:
		h.tight = finely
	default:
		return false
	}
	return true
}

// coarser falls back to float64 where double-double does not reach and float64 has proven nothing yet.
func (h *bentSearch) coarser() bool {
	back := h.fine && !h.found
	h.fine, h.tight = h.fine && !back, finely
	return back
}

// prove notes an enclosure, and tells whether the search has come as far as its care allows.
func (h *bentSearch) prove(v Interval) bool {
	if !h.found || v.Upper-v.Lower < h.best.Upper-h.best.Lower {
		h.best, h.found = v, true
	}
	return h.tight == finely || h.best.Upper-h.best.Lower <= 1e-9*h.best.Upper
}

// bracket notes on which side of the solution eps lies.
func (h *bentSearch) bracket(d Interval, delta float64) {
	if d.Lower > delta {
		h.lo, h.seen = h.eps, true
	} else if d.Upper < delta {
		h.hi = h.eps
	}
}

// follow goes to where Newton's method leads, finely once that is near; a little aside, where errors do not grow towards the
// solution.
func (h *bentSearch) follow(b *bend, next float64, double bool) {
	scale := math.Min(b.a, 30/math.Abs(b.start))
	near := math.Abs(next-h.eps) < 0.2*scale
	again := near && h.tight == finely // here nothing is gained
	if near {
		h.tight = finely
		h.fine = h.fine || double && b.mass > mostPlain
	}
	aside := 0.01 * scale
	switch {
	case b.add && next >= 0:
		h.eps = next + math.Max(0, math.Min(aside, (h.hi-next)/2))
	case next > h.lo && !again:
		h.eps = math.Max(h.lo, next-math.Min(aside, 0.01*next))
	default:
		h.eps = next
	}
	if h.eps == 0 {
		h.tight = finely
	}
}

// removeGuess returns the saddle point's ε, if that is the same without the largest losses: those that any step has with some, or
// with thousands of times the probability δ. Else it returns an ε that is rather too small, for a contour serves to its right.
func (w *Workspace) removeGuess(p *Problem, delta float64) float64 {
	logDelta := Log(delta)
	rough, _ := w.RoughEpsilon(p, delta)
	less, least := w.bulkGuess(p, logDelta, 2), w.bulkGuess(p, logDelta, 8)
	switch {
	case math.Abs(rough-least) < 0.1*rough:
		return rough
	case math.Abs(less-least) < 0.03*least:
		return 0.99 * least
	}
	return math.Max(w.firstGuess(p, delta), least/2)
}

// bulkGuess is the saddle point's ε without what a step has with e^more times the probability δ.
func (w *Workspace) bulkGuess(p *Problem, logDelta, more float64) float64 {
	w.setLevel(p, math.Min(logDelta+more, -4)+55)
	s, _ := w.saddleForDelta(p, logDelta)
	return s.epsilon
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

// newtonBent solves δ(ε) = delta by Newton's method on log δ, on the contour's nodes as far as they serve: they do well
// where a grows, for there the integrand falls. −1: δ is not known.
func (w *Workspace) newtonBent(b *bend, delta float64) float64 {
	eps, target := b.epsilon, Log(delta)
	left := -20 / (b.far * b.cos) // beyond, the end of the path comes up
	for i := range 24 {
		d, slope := w.bentAt(b, eps)
		if !(d.Estimate > 0 && slope > 0) {
			if i == 0 {
				return -1
			}
			break
		}
		move := (Log(d.Estimate) - target) * d.Estimate / slope
		switch {
		case b.add: // δ is smooth in the log of the distance from its end
			a := b.lambda - eps
			move = -a * Expm1(-move/a)
		case move < 0 && move > -30*eps: // where it is far, δ falls like a power of ε
			move = eps * Expm1(move/eps)
		}
		eps += move
		from := eps - b.epsilon
		if b.add {
			from = -from
		}
		if eps <= 0 || math.Abs(move) <= 1e-13*eps || from > 0.5*b.a || from < left {
			break
		}
	}
	return math.Max(0, eps)
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

// encloseBent proves ends about the solution eps that lies near the contour's own ε.
func (w *Workspace) encloseBent(b *bend, delta, eps float64) (Interval, bool) {
	if eps < 0 || !(b.growth(eps) < mostGrowth) {
		return Interval{}, false
	}
	d, slope := w.bentAt(b, eps)
	if !(slope > 0) {
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
	best, found, fine := Interval{}, false, false
	for range 4 {
		b, ok := w.bendFor(p, epsilon, logDelta, finely, fine)
		if !ok {
			break
		}
		d, _ := w.bentAt(&b, epsilon)
		if !found || d.Upper-d.Lower < best.Upper-best.Lower {
			best, found = d, true
		}
		near := math.Max(d.Estimate, 1e-300)
		switch {
		case d.Upper-d.Lower <= sharp*d.Upper:
			return best, found
		case !fine && w.finer(p):
			fine = true
		case math.Abs(Log(near)-logDelta) < 1.5:
			return best, found
		}
		if d.Upper-d.Lower < 0.5*d.Upper {
			logDelta = Log(near)
		} else {
			logDelta = Log(math.Max(math.Min(d.Upper, 1), 1e-300))
		}
	}
	return best, found
}

// clearEffort begins a call's count.
func (w *Workspace) clearEffort() {
	for i := range w.rays {
		w.rays[i].spent = 0
	}
}
