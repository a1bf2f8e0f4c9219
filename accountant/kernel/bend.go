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
// Each is proportional to |e^(−sε)|. For an ε beside the contour's own it grows by at most e^(back·|ε−ε₀|) where a is
// larger there, for Re s ≥ −back, and else by e^(far·|ε−ε₀|), far the largest |s|; beyond far the tail's rate is taken a
// hundredth smaller.

const (
	bendAngle = 1.33 // bendAngle + rayGap > π/2: e^(SL) decays along the path on rays 2 and 3
	mostBend  = 1300 // nodes
	mostPanel = 200

	bendEffort = 2.2e6 // terms of all contours of a call: about 60 ms
)

// bend is a laid contour: its nodes s and amplitudes stand in the workspace.
type bend struct {
	epsilon, logScale float64 // amplitudes are relative to e^logScale
	n                 int
	wrong             float64 // all errors of the integral over π
	mass              float64 // Σ|amplitude|
	far, back         float64 // how far |s| reaches, and how far the ellipses reach left of Re s = 0 (Re S for Add)
	add               bool
	sin, cos          float64 // of bendAngle
	lambda, a         float64
	start, tight      float64 // where it crosses the real axis; −log of its tolerance
	high              float64 // it rises straight to here, then it leans
	cutting           bool    // up to there steps are cut, at level
	heavy             bool    // much of the integrand cancels: a rough contour is of no use
	level, cutLoss    float64 // log of the mass of one step that is cut off, and of all
}

// panel is a stretch of the path.
type panel struct {
	mr, mi, half float64
	cos, sin     float64 // direction
	ha, hb       float64 // semi-axes of the ellipse
	abs          float64 // |1 + J| in the middle
	ray          int
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

// bendAt builds the bent contour that crosses the real axis at abscissa c (0: seek it), for ε, relative to e^logDelta.
func (w *Workspace) bendAt(p *Problem, c, length, epsilon, logDelta, tight float64) (bend, bool) {
	b := bend{epsilon: epsilon, logScale: logDelta, add: p.Direction == Add, tight: tight, level: math.Inf(-1)}
	b.sin, b.cos = Sincos(bendAngle)
	for i := range p.Phases {
		if p.Phases[i].Rate < 1 {
			b.lambda -= p.Phases[i].Steps * Log1p(-p.Phases[i].Rate)
		}
	}
	b.a = b.lambda + epsilon
	if b.add {
		b.a = b.lambda - epsilon
	}
	if !(b.a > 0) {
		return b, false
	}
	w.bendMemory(p)
	if c == 0 {
		if c = w.cross(p, &b); !(c > 0) {
			return b, false
		}
		length = c / 2
	}
	b.cross(c)
	for i := range w.spread {
		w.rays[i].phase = -1
	}
	if b.high = 0.3 * b.start; !b.add {
		if moved := w.cutOff(p, &b); moved > 0 {
			length = moved / 2
		}
	}
	sr, si := b.start, 0.0
	goal := Exp(-tight) / 8
	for range mostPanel {
		pan := panel{}
		size, ok := 0.0, false
		floor := math.Max(goal, 1e-13*b.mass) // no finer than rounding
		for range 25 {
			if w.effort() > bendEffort {
				return b, false
			}
			cos, sin := b.cos, b.sin
			if si < b.high { // straight up first, where a heavy tail makes e^E large to the right
				cos, sin = 0, 1
				length = math.Min(length, b.high-si)
			}
			pan = panel{mr: sr + length/2*cos, mi: si + length/2*sin, half: length / 2, cos: cos, sin: sin, ray: pan.ray}
			var rule float64
			if size, rule, ok = w.largest(p, &b, &pan); !ok {
				return b, false
			}
			if rule <= floor/16 {
				b.wrong += rule
				break
			}
			ok = false
			length *= 0.6
		}
		if !ok {
			return b, false
		}
		if si == 0 && tight == roughly && size-logDelta+Log(length) > 8 {
			b.heavy = true
			return b, false
		}
		if whole := length * Exp(size-logDelta); whole < floor/64 {
			b.wrong += whole
		} else if !w.sumPanel(p, &b, &pan) {
			return b, false
		}
		b.back = math.Max(b.back, pan.ha-pan.mr)
		sr, si = sr+length*pan.cos, si+length*pan.sin
		if pan.cos == 0 {
			if si >= b.high*(1-1e-12) {
				si, b.cutting = b.high, false
			}
			length *= 1.7
			continue
		}
		if t, ok := w.tail(p, &b, sr, si); !ok {
			return b, false
		} else if t-logDelta < Log(floor) {
			b.wrong += Exp(t - logDelta)
			b.far = 1 + math.Sqrt(sr*sr+si*si)
			if !b.add {
				b.back++
			}
			b.wrong = (b.wrong + unit*(40+float64(b.n))*b.mass) / math.Pi
			return b, b.wrong < math.Inf(1)
		}
		length *= 1.7
	}
	return b, false
}

// exponent returns −Sa, and ε for Remove.
func (b *bend) exponent(sr, si float64) (re, im float64) {
	re = -sr * b.a
	if !b.add {
		re += b.epsilon
	}
	return re, -si * b.a
}

// largest chooses the panel's ellipse, and returns the log of a bound of the integrand on it and what the rule's error may
// be. Two bounds: Taylor's about the middle m,
//
//	|e^E| ≤ |e^E(m)| e^(max Re E'(m)(S−m) + B|S−m|²/2),  B = Σ T (G₂/|M| + (G₁/|M|)²),  |M| ≥ |1+J(m)| − G₁|S−m|,
//
// and e^(T log G₀).
func (w *Workspace) largest(p *Problem, b *bend, pan *panel) (size, rule float64, ok bool) {
	base, _ := b.exponent(pan.mr, pan.mi)
	value, dr, di := base, -b.a, 0.0
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			v := ph.Steps / (ph.Noise * ph.Noise)
			value += v * (pan.mr*pan.mr - pan.mr - pan.mi*pan.mi) / 2
			dr, di = dr+v*(pan.mr-0.5), di+v*pan.mi
			continue
		}
		t := w.table(p, i, b)
		if t == nil {
			return 0, 0, false
		}
		if pan.ray == 0 || len(p.Phases) > 1 {
			pan.ray = t.best(pan.mr, pan.mi)
		}
		re, im, jr, ji := t.whole(pan.ray, pan.mr, pan.mi)
		sq := re*re + im*im
		value += t.steps * 0.5 * Log(sq)
		dr += t.steps * (jr*re + ji*im) / sq
		di += t.steps * (ji*re - jr*im) / sq
		pan.abs = math.Sqrt(sq) // of the last phase
	}
	near := math.Sqrt(pan.mr*pan.mr + pan.mi*pan.mi)
	other := math.Sqrt((pan.mr-1)*(pan.mr-1) + pan.mi*pan.mi)
	lift := value - b.logScale - Log(near*other/pan.half)
	spread := Exp((b.tight + 9 + math.Max(lift, 0)) / (2 * gaussOrder))
	pan.ha, pan.hb = pan.half*(spread+1/spread)/2, pan.half*(spread-1/spread)/2
	near, other = near-pan.ha, other-pan.ha
	if !(near > 0) || !(other > 0) || !(spread < 20) {
		return math.Inf(1), math.Inf(1), true
	}
	along, across := dr*pan.cos-di*pan.sin, dr*pan.sin+di*pan.cos
	taylor := value + math.Sqrt(along*along*pan.ha*pan.ha+across*across*pan.hb*pan.hb) + 1e-6
	flat := base + b.a*math.Sqrt(pan.ha*pan.ha*pan.cos*pan.cos+pan.hb*pan.hb*pan.sin*pan.sin)
	bent := 0.0
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			v := ph.Steps / (ph.Noise * ph.Noise)
			bent += v
			gr, gi := v*(pan.mr-0.5), v*pan.mi
			flat += v*(pan.mr*pan.mr-pan.mr-pan.mi*pan.mi)/2 + math.Sqrt(gr*gr+gi*gi)*pan.ha + v*pan.ha*pan.ha/2
			continue
		}
		t := w.table(p, i, b)
		if t == nil {
			return 0, 0, false
		}
		if len(p.Phases) > 1 {
			pan.ray = t.best(pan.mr, pan.mi)
			re, im, _, _ := t.whole(pan.ray, pan.mr, pan.mi)
			pan.abs = math.Sqrt(re*re + im*im)
		}
		top := t.corners(pan)
		flat += t.steps * Log(top.g0)
		if low := pan.abs*(1-1e-6) - top.g1*pan.ha - 1e-12; low > 0.1*pan.abs {
			bent += t.steps * (top.g2/low + top.g1*top.g1/(low*low))
		} else {
			bent = math.Inf(1)
		}
	}
	size = math.Min(taylor+bent*pan.ha*pan.ha/2, flat)
	if size != size {
		size = math.Inf(1)
	}
	size -= Log(near) + Log(other)
	return size, 4.2 * pan.half * Exp(size-b.logScale-2*gaussOrder*Log(spread)) / (1 - 1/(spread*spread)), true
}

// best returns the ray whose strip has the smallest G₁ at S.
func (t *rays) best(sr, si float64) int {
	if t.end == t.cut {
		return 1
	}
	best, at := math.Inf(1), 1
	before := t.bound(0, sr, si).g1
	here := t.bound(1, sr, si).g1
	for i := 1; i <= 3; i++ {
		next := t.bound(i+1, sr, si).g1
		if most := math.Max(before, next); most < best {
			best, at = most, i
		}
		before, here = here, next
	}
	return at
}

// corners bounds G on the rectangle about the panel's ellipse.
func (t *rays) corners(pan *panel) bounds {
	var top bounds
	for k := range 4 {
		x, y := pan.ha, pan.hb
		if k&1 != 0 {
			x = -x
		}
		if k&2 != 0 {
			y = -y
		}
		top.most(t.bound(pan.ray, pan.mr+x*pan.cos-y*pan.sin, pan.mi+x*pan.sin+y*pan.cos))
	}
	return top
}

// sumPanel adds the panel's nodes.
func (w *Workspace) sumPanel(p *Problem, b *bend, pan *panel) bool {
	if b.n+gaussOrder > mostBend {
		return false
	}
	re, im, wr, wi, slack := w.bent[0][b.n:], w.bent[1][b.n:], w.bent[2][b.n:], w.bent[3][b.n:], w.bent[4][b.n:]
	for k := range gaussOrder {
		x := gaussNode[k/2]
		if k&1 != 0 {
			x = -x
		}
		re[k], im[k] = pan.mr+x*pan.half*pan.cos, pan.mi+x*pan.half*pan.sin
		wr[k], wi[k] = b.exponent(re[k], im[k])
		size := math.Sqrt(re[k]*re[k] + im[k]*im[k])
		slack[k] = 8 * unit * (math.Abs(wr[k]) + math.Abs(wi[k]) + size*(b.lambda+b.epsilon) + b.epsilon + 10)
	}
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			v := ph.Steps / (ph.Noise * ph.Noise)
			for k := range gaussOrder {
				x, y := v*(re[k]*re[k]-re[k]-im[k]*im[k])/2, v*im[k]*(re[k]-0.5)
				wr[k], wi[k] = wr[k]+x, wi[k]+y
				slack[k] += 8 * unit * v * (re[k]*re[k] + math.Abs(re[k]) + im[k]*im[k])
			}
			continue
		}
		t := w.table(p, i, b)
		if t == nil {
			return false
		}
		ray, eta := t.surest(pan)
		for k := range gaussOrder {
			x, y, _, _ := t.sum(ray, re[k], im[k])
			var logAbs, arg float64
			if t.direct {
				logAbs, arg = 0.5*Log(x*x+y*y+1e-300), Atan2(y, x)
			} else {
				sq := 2*x + x*x + y*y
				if arg = Atan2(y, 1+x); sq > -0.5 {
					logAbs = 0.5 * Log1p(sq)
				} else {
					logAbs = 0.5 * Log((1+x)*(1+x)+y*y+1e-300)
				}
			}
			wr[k], wi[k] = wr[k]+t.steps*logAbs, wi[k]+t.steps*arg
			slack[k] += t.steps * (Log1p(eta*Exp(-logAbs)) + 8*unit*(math.Abs(logAbs)+math.Abs(arg)))
		}
	}
	for k := range gaussOrder {
		b.finish(re, im, wr, wi, slack, k, pan)
	}
	b.n += gaussOrder
	return b.mass < math.Inf(1)
}

// finish turns node k's exponent into its amplitude and S into s.
func (b *bend) finish(re, im, wr, wi, slack list, k int, pan *panel) {
	sr, si := re[k], im[k]
	dr, di := sr*sr-sr-si*si, 2*sr*si-si // S(S−1)
	norm := dr*dr + di*di
	size := gaussWeight[k/2] * pan.half / math.Sqrt(norm)
	e := Exp(wr[k] - b.logScale)
	if slack[k] < 0.1 {
		b.wrong += size * e * Expm1(slack[k])
	} else {
		b.wrong += size * (Exp(wr[k]-b.logScale+slack[k]) + e)
	}
	b.mass += size * e
	s, c := Sincos(wi[k])
	size *= e / math.Sqrt(norm)
	x, y := size*(c*dr+s*di), size*(s*dr-c*di)
	wr[k], wi[k] = x*pan.cos-y*pan.sin, x*pan.sin+y*pan.cos
	if b.add {
		re[k], im[k] = -sr, -si
	} else {
		re[k] = sr - 1
	}
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
	var value, slope, mass float64
	for k := range re {
		e := Exp(-re[k] * d)
		s, c := Sincos(-im[k] * d)
		x, y := e*(wr[k]*c-wi[k]*s), e*(wr[k]*s+wi[k]*c)
		value += y
		slope += re[k]*y + im[k]*x
		mass += math.Abs(x) + math.Abs(y)
	}
	scale := Exp(b.logScale)
	grown := b.wrong * Exp(b.growth(epsilon))
	wrong := grown + 16*unit*mass*(1+b.far*math.Abs(d))
	value /= math.Pi
	return Interval{
		Lower:    math.Max(0, scale*(value-wrong)*(1-8*unit)),
		Estimate: scale * value,
		Upper:    scale*(value+wrong)*(1+8*unit) + b.cutLoss + 1e-320,
	}, scale * slope / math.Pi
}

// cross sets where the contour crosses the real axis.
func (b *bend) cross(c float64) {
	b.start = 1 + c
	if b.add {
		b.start = -c
	}
}

// cross seeks the abscissa where the integrand is smallest on the real axis, to a few per cent.
func (w *Workspace) cross(p *Problem, b *bend) float64 {
	c, lo, hi := 4.0, 0.0, math.Inf(1)
	var glo, ghi float64
	t, held, most := &w.rays[0], -1, 1000.0
	if b.add {
		most = -1
	}
	for range 60 {
		b.cross(c)
		gap := b.a
		for i := range p.Phases {
			ph := p.Phases[i]
			if ph.Rate == 1 {
				gap -= ph.Steps / (ph.Noise * ph.Noise) * (b.start - 0.5)
				continue
			}
			if held != i {
				t.direct = b.add
				if !t.lay(ph, most, 1e6+60/b.a, roughly, -60, math.Inf(1)) {
					return 0
				}
				held = i
			}
			m, _, d, _ := t.whole(1, b.start, 0)
			gap -= ph.Steps * d / m
		}
		if b.add {
			gap = -gap
		}
		gap = gap*c + 1 + c/(1+c) // positive: c is too small
		if math.Abs(gap) < 0.1 {
			return c
		}
		if gap > 0 {
			lo, glo = c, gap
		} else {
			hi, ghi = c, gap
			if gap != gap {
				ghi = math.Inf(-1)
			}
		}
		c = nextAbscissa(lo, hi, glo, ghi)
		if hi < 1.03*lo || c > 1e14 || c < 1e-8 {
			return c
		}
	}
	return c
}

// stop makes the sums end at the cut, or not.
func (t *rays) stop(cutting bool) *rays {
	t.end = t.n
	if cutting && t.cut > 0 {
		t.end = t.cut
	}
	return t
}

// cutDepth is depth with a cut: finer, for the sake of what happens there.
const cutDepth = 50

// cutOff moves the crossing of Remove to the right where a far tail keeps it left: the tail makes e^E grow there, though
// it has next to no mass. Steps are cut at z where their mass beyond is e^level, which costs δ at most cutLoss. The contour
// of the cut plan rises at start to high = 4 start with the cut, and goes on, as before, without: from there on,
// where arg S + 2 rayGap > π/2, one step's moment beyond the cut, taken along a ray from there, is at most
//
//	f = e^(ρ start) φ(z)/(0.87 z),
//
// so that straight up the two contours differ by at most e^E(start) expm1(Σ T f/(1+J))/high, and leaning changes neither.
// It returns the new abscissa, 0 where it leaves all as it is.
func (w *Workspace) cutOff(p *Problem, b *bend) float64 {
	steps := 0.0
	for i := range p.Phases {
		steps += p.Phases[i].Steps
	}
	level := b.logScale - finely - 3 - Log(steps)
	step := 2 * math.Pi * rayGap / cutDepth
	most := math.Inf(1)
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			return 0
		}
		z := cut(ph, Remove, 1, level)
		la, _ := logMix(z, ph.Noise, ph.Rate, 1)
		rho := la - Log1p(-ph.Rate)
		reach := math.Min(z*z/2-Log(ph.Steps)-38, ((4.1/(1.3*step))-z*ph.Noise*(1+rho)-4)/4.2)
		most = math.Min(most, reach/rho)
	}
	if !(most > 2*b.start) {
		return 0
	}
	old := *b
	b.level, b.cutting = level, true
	lo, hi := b.start, most
	b.start = most
	for i := 0; i < 12 && hi > 1.1*lo; i++ {
		slope, ok := w.slopeAt(p, b)
		if !ok {
			*b = old
			return 0
		}
		if slope > 0 {
			hi = b.start
		} else if lo = b.start; i == 0 {
			break
		}
		b.start = math.Sqrt(lo * hi)
	}
	if b.start < 2*old.start {
		for i := range w.spread {
			w.rays[i].phase = -1
		}
		*b = old
		return 0
	}
	b.high = 4 * b.start
	b.cutLoss = 1.01 * steps * Exp(level)
	value, _ := b.exponent(b.start, 0)
	far := 0.0
	for i := range p.Phases {
		t := w.table(p, i, b)
		if t == nil {
			return 0
		}
		z := cut(p.Phases[i], Remove, 1, level)
		m, _, _, _ := t.whole(1, b.start, 0)
		value += t.steps * Log(m)
		far += t.steps * Exp(b.start*t.rhoCut-z*z/2-logSqrt2Pi) / (0.87 * z * m)
	}
	b.wrong += Exp(value-b.logScale) * Expm1(far) / b.high
	return b.start - 1
}

// slopeAt returns the slope of the log of the integrand on the real axis at start.
func (w *Workspace) slopeAt(p *Problem, b *bend) (float64, bool) {
	slope := -b.a - 1/b.start - 1/(b.start-1)
	for i := range p.Phases {
		t := w.table(p, i, b)
		if t == nil {
			return 0, false
		}
		m, _, d, _ := t.whole(1, b.start, 0)
		slope += t.steps * d / m
	}
	return slope, slope == slope
}

// depth is the −log of the error of the sums on the rays.
func (b *bend) depth() float64 {
	if b.tight < 20 {
		return 22
	}
	return finely + 1
}
