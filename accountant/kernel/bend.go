package kernel

import "math"

// The bent contour, for plans where e^K does not decay on a vertical line: few steps, rare steps, heavy tails. With
// S = 1 + s for Remove and S = −s for Add (rays.go), Λ = Σ Tλ, and a = Λ + ε or Λ − ε, both directions are
//   δ(ε) = (1/π) Im ∫ e^(E(S)) dS/(S(S−1)),  E(S) = Σ T log(1 + J(S)) − Sa (+ ε for Remove),
// from 1 + c or −c upwards, and since the integrand is entire up to its poles the path may lean to the right, where
// e^(−Sa) decays: it is the straight line of angle bendAngle. It is cut into panels, each summed by Gauss's rule.
//
// Errors, all added up in bend.at:
//   panels      gauss.go, with the integrand's largest size on the panel's ellipse (largest);
//   skipped     panels of which that size times the length is below the tolerance are left out;
//   tail        beyond the last panel (tail);
//   amplitudes  T log1p(η/|1+J|), η from rays.go, and the rounding of E;
//   summation   of the panels' nodes.
// Each is proportional to |e^(−sε)|. For an ε beside the contour's own where a is larger it grows by at most e^(back·|ε−ε₀|),
// for Re s ≥ −back on the ellipses (Re S for Add), and for Remove not at all at the nodes, where Re s > 0; where a is smaller it grows
// by e^(far·|ε−ε₀|), far the largest |s|; beyond far the tail's rate is taken a hundredth smaller.

const (
	bendAngle = 1.33 // bendAngle + rayGap > π/2: e^(SL) decays along the path on rays 2 and 3
	mostBend  = 1200 // nodes
	mostPanel = 200

	bendEffort = 3.5e6 // terms of all contours of a call: about 80 ms
	addEffort  = 6e5   // for Add, which seldom decides
)

// bend is a laid contour: its nodes s and amplitudes stand in the workspace.
type bend struct {
	epsilon, logScale float64 // amplitudes are relative to e^logScale
	n                 int
	wrong, rule       float64 // errors of the nodes, and all others, of the integral over π
	mass              float64 // Σ|amplitude|
	far, back         float64 // how far |s| reaches, and how far the ellipses reach left of Re s = 0 (Re S for Add)
	add               bool
	sin, cos          float64 // of bendAngle
	lambda, a         float64
	start, tight      float64 // where it crosses the real axis; −log of its tolerance
	high              float64 // it rises straight to here, then it leans
	sr, si            float64 // how far it is laid
	length, grow      float64 // how long the next panel is to be, and by how much longer than this one
	cutting           bool    // up to there steps are cut, at level
	heavy             bool    // much of the integrand cancels: a rough contour is of no use
	level, cutLoss    float64 // log of the mass of one step that is cut off, and of all
	fine              fine    // the nodes in double-double, where it has any
}

// mostRays is how many phases' tables are held at once.
const mostRays = 4

// bendMemory carves the nodes and a table for each sampled phase over what the vertical contour uses, except the coarse
// table; plans of more phases than mostRays lay one table again and again.
func (w *Workspace) bendMemory(p *Problem) {
	rest := w.rest
	for i := range w.bent {
		rest = w.bent[i].take(rest, mostBend)
	}
	w.spread = 0
	for i := range p.Phases {
		if p.Phases[i].Rate < 1 {
			w.spread++
		}
	}
	if w.spread > mostRays {
		w.spread = 1
	}
	for i := range w.spread {
		n := len(rest) / (13 * (w.spread - i))
		rest = w.rays[i].carve(rest, n)
		w.rays[i].phase = -1
	}
}

// table returns the rays of phase i, nil where they do not fit. For Add they sum e^(SL) itself where 1 + J is small at the
// crossing.
func (w *Workspace) table(p *Problem, i int, b *bend) *rays {
	k := min(i, w.spread-1)
	for j := range w.spread {
		if w.rays[j].phase == i {
			return w.rays[j].stop(b.cutting)
		}
		if w.rays[j].phase < 0 {
			k = min(k, j)
		}
	}
	t, far := &w.rays[k], (math.Abs(b.start)+60/b.a)*5
	t.phase, t.direct = -1, false
	if b.level > math.Inf(-1) {
		if !t.lay(p.Phases[i], 1, far, cutDepth, 0, cut(p.Phases[i], Remove, 1, b.level)) {
			return nil
		}
		t.phase = i
		return t.stop(b.cutting)
	}
	none := math.Inf(1)
	if !t.lay(p.Phases[i], b.start, far, b.depth(), 0, none) {
		return nil
	}
	if b.add {
		if m, _, _, _ := t.whole(1, b.start, 0); m < 0.6 {
			t.direct = true
			if m < 1e-4 && t.lay(p.Phases[i], b.start, far, b.depth(), -60, none) {
				m, _, _, _ = t.whole(1, b.start, 0)
			}
			if !(m > 0) || !t.lay(p.Phases[i], b.start, far, b.depth(), Log(m), none) {
				return nil
			}
		}
	}
	t.phase = i
	return t
}

// effort returns the terms summed so far.
func (w *Workspace) effort() (sum float64) {
	for i := range w.spread {
		sum += w.rays[i].spent
	}
	return sum
}

// allowed returns the terms that a call may take.
func (w *Workspace) allowed(b *bend) float64 {
	if b.add {
		return math.Max(addEffort, w.patience)
	}
	return math.Max(bendEffort, w.patience)
}

// bendAt builds the bent contour that crosses the real axis at abscissa c (0: seek it), for ε, relative to e^logDelta.
// With fine its heavy panels are summed in double-double.
func (w *Workspace) bendAt(p *Problem, c, length, epsilon, logDelta, tight float64, fine bool) (bend, bool) {
	b := bend{epsilon: epsilon, logScale: logDelta, add: p.Direction == Add, tight: tight, level: math.Inf(-1), length: length}
	if b.fine.on = fine; fine && tight == finely {
		b.tight -= fineSlack
	}
	if !w.begin(p, &b, c) {
		return b, false
	}
	goal := Exp(-b.tight) / 8
	for range mostPanel {
		floor := math.Max(goal, 1e-13*b.mass) // no finer than rounding
		pan, size, ok := w.nextPanel(p, &b, floor)
		if b.heavy = ok && b.si == 0 && tight == roughly && !fine && size-logDelta+Log(b.length) > 8; !ok || b.heavy {
			return b, false
		}
		if whole := b.length * Exp(size-logDelta); whole < floor/64 {
			b.rule += whole
		} else if !w.addPanel(p, &b, &pan) {
			return b, false
		}
		b.advance(&pan)
		if pan.cos == 0 {
			continue
		}
		if t, ok := w.tail(p, &b, b.sr, b.si); !ok {
			return b, false
		} else if t-logDelta < Log(floor) {
			w.sumFine(p, &b)
			b.end(Exp(t - logDelta))
			return b, b.wrong+b.rule < math.Inf(1)
		}
	}
	return b, false
}

// begin sets the contour to where it crosses the real axis; false where there is no such place.
func (w *Workspace) begin(p *Problem, b *bend, c float64) bool {
	b.sin, b.cos = Sincos(bendAngle)
	for i := range p.Phases {
		if p.Phases[i].Rate < 1 {
			b.lambda -= p.Phases[i].Steps * Log1p(-p.Phases[i].Rate)
		}
	}
	b.a = b.lambda + b.epsilon
	if b.add {
		b.a = b.lambda - b.epsilon
	}
	if !(b.a > 0) {
		return false
	}
	w.bendMemory(p)
	if c == 0 {
		if c = w.cross(p, b); !(c > 0) {
			return false
		}
		b.length = c / 2
	}
	b.cross(c)
	for i := range w.spread {
		w.rays[i].phase = -1
	}
	if b.fine.on && !w.stepBack(p, b) {
		return false
	}
	if b.high = 0.3 * b.start; !b.add && !b.fine.on {
		if moved := w.cutOff(p, b); moved > 0 {
			b.length = moved / 2
		}
	}
	b.sr = b.start
	return true
}

// nextPanel shortens the next stretch until the rule's error on it is small beside floor.
func (w *Workspace) nextPanel(p *Problem, b *bend, floor float64) (pan panel, size float64, ok bool) {
	b.grow = 1.7
	for range 25 {
		if w.effort() > w.allowed(b) {
			return pan, size, false
		}
		cos, sin := b.cos, b.sin
		if b.si < b.high { // straight up first, where a heavy tail makes e^E large to the right
			cos, sin = 0, 1
			b.length = math.Min(b.length, b.high-b.si)
		}
		half := b.length / 2
		pan = panel{mr: b.sr + half*cos, mi: b.si + half*sin, half: half, cos: cos, sin: sin, ray: pan.ray}
		var rule float64
		if size, rule, ok = w.largest(p, b, &pan); !ok {
			return pan, size, false
		}
		if rule <= floor/16 {
			b.rule += rule
			return pan, size, true
		}
		b.length *= 0.6
		b.grow = 1.25 // the next is about as long
	}
	return pan, size, false
}

// addPanel sums the panel, or keeps it for sumFine.
func (w *Workspace) addPanel(p *Problem, b *bend, pan *panel) bool {
	if b.fine.on && pan.lift > fineLeast {
		return w.keepPanel(p, b, pan)
	}
	return w.sumPanel(p, b, pan)
}

// advance goes to the panel's end and guesses the next one's length.
func (b *bend) advance(pan *panel) {
	b.back = math.Max(b.back, pan.ha-pan.mr)
	if b.sr, b.si = b.endOf(pan); pan.cos == 0 && b.si == b.high {
		b.cutting = false
	}
	b.length *= b.grow
}

// endOf returns the panel's end.
func (b *bend) endOf(pan *panel) (sr, si float64) {
	sr, si = b.sr+float64(b.length*pan.cos), b.si+float64(b.length*pan.sin)
	if pan.cos == 0 && si >= b.high*(1-1e-12) {
		si = b.high
	}
	return sr, si
}

// end closes the account of errors with the tail's.
func (b *bend) end(tail float64) {
	b.far = 1 + math.Sqrt(b.sr*b.sr+b.si*b.si)
	if !b.add {
		b.back++
	}
	b.wrong += unit*(40+float64(b.n))*b.mass + fineUnit*(40+float64(b.fine.n))*b.fine.mass
	b.wrong, b.rule = b.wrong/math.Pi, (b.rule+tail)/math.Pi
}

// exponent returns −Sa, and ε for Remove.
func (b *bend) exponent(sr, si float64) (re, im float64) {
	re = -sr * b.a
	if !b.add {
		re += b.epsilon
	}
	return re, -si * b.a
}

// tail returns the log of a bound of what lies beyond S. On rays 2 and 3 e^(SL) decays along the path, so that
// |1 + J| grows from its value by at most G₁(S) a unit: the whole falls if Σ T G₁/|1+J| ≤ a cos; or |1+J| ≤ G₀(S) from here on.
func (w *Workspace) tail(p *Problem, b *bend, sr, si float64) (float64, bool) {
	value, _ := b.exponent(sr, si)
	flat, rate := value, 0.0
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			v := ph.Steps / (ph.Noise * ph.Noise)
			re := v * (sr*sr - sr - si*si) / 2
			value, flat = value+re, flat+re
			rate += math.Max(0, v*((sr-0.5)*b.cos-si*b.sin))
			continue
		}
		t := w.table(p, i, b)
		if t == nil {
			return 0, false
		}
		ray := 2
		at := t.bound(2, sr, si)
		if other := t.bound(3, sr, si); other.g1 < at.g1 {
			at, ray = other, 3
		}
		x, y, _, _ := t.whole(ray, sr, si)
		abs := math.Sqrt(x*x+y*y) * (1 - 1e-6)
		value += t.steps * Log(abs)
		rate += t.steps * at.g1 / abs
		flat += t.steps * Log(at.g0)
	}
	if !(rate <= 0.98*b.a*b.cos) {
		value = math.Inf(1)
	}
	value = math.Min(value, flat)
	if value != value {
		value = math.Inf(1)
	}
	near := math.Sqrt(math.Min(sr*sr+si*si, (sr-1)*(sr-1)+si*si))
	if !((sr-1)*b.cos+si*b.sin > 0) {
		return math.Inf(1), true
	}
	return value + Log(1.6/near) + 1e-6, true
}

// growth is the log of how much larger the errors are at ε than at the contour's own.
func (b *bend) growth(epsilon float64) float64 {
	d := epsilon - b.epsilon
	if b.add {
		d = -d
	}
	if d >= 0 {
		return b.back * d
	}
	return -b.far * d
}

// bentAt returns the enclosure of δ(ε) and −dδ/dε, for ε near the contour's own.
func (w *Workspace) bentAt(b *bend, epsilon float64) (Interval, float64) {
	d := epsilon - b.epsilon
	re, im, wr, wi := w.bent[0][:b.n], w.bent[1][:b.n], w.bent[2][:b.n], w.bent[3][:b.n]
	value, slope, wrong := w.fineAt(b, d)
	var mass float64
	for k := range re {
		e := Exp(-re[k] * d)
		s, c := Sincos(-im[k] * d)
		x, y := e*(wr[k]*c-wi[k]*s), e*(wr[k]*s+wi[k]*c)
		value += y
		slope += re[k]*y + im[k]*x
		mass += math.Abs(x) + math.Abs(y)
	}
	scale := Exp(b.logScale)
	grown := Exp(b.growth(epsilon))
	wrong += b.rule * grown
	if b.add || d < 0 {
		wrong += b.wrong * grown
	} else { // the nodes' own errors fall, Re s > 0
		wrong += b.wrong
	}
	wrong += 16 * unit * mass * (1 + b.far*math.Abs(d))
	value /= math.Pi
	return Interval{
		Lower:    math.Max(0, scale*(value-wrong)*(1-8*unit)),
		Estimate: scale * value,
		Upper:    scale*(value+wrong)*(1+8*unit) + b.cutLoss + 1e-320,
	}, scale * slope / math.Pi
}

// depth is the −log of the error of the sums on the rays.
func (b *bend) depth() float64 {
	if b.tight < 20 {
		return 22
	}
	return finely + 1
}
