package kernel

import "math"

// The panels of the bent contour: how large the integrand may be about one, and its sum.

// panel is a stretch of the path.
type panel struct {
	mr, mi, half float64
	cos, sin     float64 // direction
	ha, hb       float64 // semi-axes of the ellipse
	abs          float64 // |1 + J| in the middle
	lift         float64 // log of the integrand there times half the length, over the scale
	ray          int
}

// largest chooses the panel's ellipse, and returns the log of a bound of the integrand on it and what the rule's error may
// be. Two bounds: Taylor's about the middle m,
//
//	|e^E| ≤ |e^E(m)| e^(max Re E'(m)(S−m) + B|S−m|²/2),  B = Σ T (G₂/|M| + (G₁/|M|)²),  |M| ≥ |1+J(m)| − G₁|S−m|,
//
// and e^(T log G₀).
func (w *Workspace) largest(p *Problem, b *bend, pan *panel) (size, rule float64, ok bool) {
	value, dr, di, ok := w.middle(p, b, pan)
	if !ok {
		return 0, 0, false
	}
	near := math.Sqrt(pan.mr*pan.mr + pan.mi*pan.mi)
	other := math.Sqrt((pan.mr-1)*(pan.mr-1) + pan.mi*pan.mi)
	pan.lift = value - b.logScale - Log(near*other/pan.half)
	spread := Exp((b.tight + 9 + math.Max(pan.lift, 0)) / (2 * gaussOrder))
	pan.ha, pan.hb = pan.half*(spread+1/spread)/2, pan.half*(spread-1/spread)/2
	near, other = near-pan.ha, other-pan.ha
	if !(near > 0) || !(other > 0) || !(spread < 20) {
		return math.Inf(1), math.Inf(1), true
	}
	flat, bent, ok := w.about(p, b, pan)
	if !ok {
		return 0, 0, false
	}
	along, across := dr*pan.cos-di*pan.sin, dr*pan.sin+di*pan.cos
	taylor := value + math.Sqrt(along*along*pan.ha*pan.ha+across*across*pan.hb*pan.hb) + 1e-6
	size = math.Min(taylor+bent*pan.ha*pan.ha/2, flat)
	if size != size {
		size = math.Inf(1)
	}
	size -= Log(near) + Log(other)
	return size, 4.2 * pan.half * Exp(size-b.logScale-2*gaussOrder*Log(spread)) / (1 - 1/(spread*spread)), true
}

// middle returns Re E and E' in the panel's middle, and sets its ray and |1 + J| there, those of the last phase.
func (w *Workspace) middle(p *Problem, b *bend, pan *panel) (value, dr, di float64, ok bool) {
	value, _ = b.exponent(pan.mr, pan.mi)
	dr = -b.a
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
			return 0, 0, 0, false
		}
		if pan.ray == 0 || len(p.Phases) > 1 {
			pan.ray = t.best(pan.mr, pan.mi)
		}
		re, im, jr, ji := t.whole(pan.ray, pan.mr, pan.mi)
		sq := re*re + im*im
		value += t.steps * 0.5 * Log(sq)
		dr += t.steps * (jr*re + ji*im) / sq
		di += t.steps * (ji*re - jr*im) / sq
		pan.abs = math.Sqrt(sq)
	}
	return value, dr, di, true
}

// about returns, on the panel's ellipse, a bound of Re E by G₀ and the B of Taylor's bound.
func (w *Workspace) about(p *Problem, b *bend, pan *panel) (flat, bent float64, ok bool) {
	flat, _ = b.exponent(pan.mr, pan.mi)
	flat += b.a * math.Sqrt(pan.ha*pan.ha*pan.cos*pan.cos+pan.hb*pan.hb*pan.sin*pan.sin)
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
	return flat, bent, true
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

// corners bounds G on the rectangle about the panel's ellipse, on the ray that does best at the corner next to the real axis:
// there e^(SL) grows first. Along the path that is the last one's ray or a later one.
func (t *rays) corners(pan *panel) bounds {
	var top bounds
	least := math.Inf(1)
	for i := t.outer; i < min(t.outer+2, rayCount) && t.end != t.cut; i++ {
		v := t.bound(i, pan.mr-pan.ha*pan.cos+pan.hb*pan.sin, pan.mi-pan.ha*pan.sin-pan.hb*pan.cos).g2
		if v < least {
			t.outer, least = i, v
		}
	}
	for k := range 4 {
		x, y := pan.ha, pan.hb
		if k&1 != 0 {
			x = -x
		}
		if k&2 != 0 {
			y = -y
		}
		top.most(t.bound(t.outer, pan.mr+x*pan.cos-y*pan.sin, pan.mi+x*pan.sin+y*pan.cos))
	}
	return top
}

// sumPanel adds the panel's nodes.
func (w *Workspace) sumPanel(p *Problem, b *bend, pan *panel) bool {
	if b.n+gaussOrder > mostBend-slots*b.fine.panels {
		return false
	}
	var slack [gaussOrder]float64
	re, im, wr, wi := w.bent[0][b.n:], w.bent[1][b.n:], w.bent[2][b.n:], w.bent[3][b.n:]
	for k := range gaussOrder {
		slack[k] = b.begun(pan, k, re, im, wr, wi)
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
			logAbs, arg := t.logOf(ray, re[k], im[k])
			wr[k], wi[k] = wr[k]+t.steps*logAbs, wi[k]+t.steps*arg
			slack[k] += t.steps * (Log1p(eta*Exp(-logAbs)) + 8*unit*(math.Abs(logAbs)+math.Abs(arg)))
		}
	}
	for k := range gaussOrder {
		b.finish(re, im, wr, wi, slack[k], k, pan)
	}
	b.n += gaussOrder
	return b.mass < math.Inf(1)
}

// begun sets S and −Sa at node k, and returns the error of the latter.
func (b *bend) begun(pan *panel, k int, re, im, wr, wi list) float64 {
	x := gaussNode[k/2]
	if k&1 != 0 {
		x = -x
	}
	re[k], im[k] = pan.mr+x*pan.half*pan.cos, pan.mi+x*pan.half*pan.sin
	wr[k], wi[k] = b.exponent(re[k], im[k])
	size := math.Sqrt(re[k]*re[k] + im[k]*im[k])
	return 8 * unit * (math.Abs(wr[k]) + math.Abs(wi[k]) + size*(b.lambda+b.epsilon) + b.epsilon + 10)
}

// logOf returns log(1 + J(S)) by the ray.
func (t *rays) logOf(ray int, sr, si float64) (logAbs, arg float64) {
	x, y, _, _ := t.sum(ray, sr, si)
	if t.direct {
		return 0.5 * Log(x*x+y*y+1e-300), Atan2(y, x)
	}
	if sq := 2*x + x*x + y*y; sq > -0.5 {
		return 0.5 * Log1p(sq), Atan2(y, 1+x)
	}
	return 0.5 * Log((1+x)*(1+x)+y*y+1e-300), Atan2(y, 1+x)
}

// finish turns node k's exponent into its amplitude and S into s.
func (b *bend) finish(re, im, wr, wi list, slack float64, k int, pan *panel) {
	sr, si := re[k], im[k]
	dr, di := sr*sr-sr-si*si, 2*sr*si-si // S(S−1)
	norm := dr*dr + di*di
	size := gaussWeight[k/2] * pan.half / math.Sqrt(norm)
	e := Exp(wr[k] - b.logScale)
	if slack < 0.1 {
		b.wrong += size * e * Expm1(slack)
	} else {
		b.wrong += size * (Exp(wr[k]-b.logScale+slack) + e)
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
