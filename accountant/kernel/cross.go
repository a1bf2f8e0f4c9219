package kernel

import "math"

// Where the bent contour crosses the real axis, and the cut that lets it cross further right.

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
		gap, ok := w.pull(p, b, t, &held, most)
		if !ok {
			return 0
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

// pull returns a less the slope of Σ T log N at start; held is the phase whose table t is, most how far it is to reach.
func (w *Workspace) pull(p *Problem, b *bend, t *rays, held *int, most float64) (gap float64, ok bool) {
	gap = b.a
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			gap -= ph.Steps / (ph.Noise * ph.Noise) * (b.start - 0.5)
			continue
		}
		if *held != i {
			t.direct = b.add
			if !t.lay(ph, most, 1e6+60/b.a, roughly, -60, math.Inf(1)) {
				return 0, false
			}
			*held = i
		}
		m, _, d, _ := t.whole(1, b.start, 0)
		gap -= ph.Steps * d / m
	}
	return gap, true
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
	most := cutReach(p, level)
	if !(most > 2*b.start) {
		return 0
	}
	old := *b
	b.level, b.cutting = level, true
	if !w.climb(p, b, most) {
		*b = old
		return 0
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
	if !w.chargeCut(p, b) {
		return 0
	}
	return b.start - 1
}

// cutReach returns how far right the sums up to the cut serve; 0 where a phase is unsampled.
func cutReach(p *Problem, level float64) float64 {
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
	return most
}

// climb moves start to where the integrand of the cut plan is smallest on the real axis, at most to most.
func (w *Workspace) climb(p *Problem, b *bend, most float64) bool {
	lo, hi := b.start, most
	b.start = most
	for i := 0; i < 12 && hi > 1.1*lo; i++ {
		slope, ok := w.slopeAt(p, b)
		if !ok {
			return false
		}
		if slope > 0 {
			hi = b.start
		} else if lo = b.start; i == 0 {
			break
		}
		b.start = math.Sqrt(lo * hi)
	}
	return true
}

// chargeCut adds to the errors what going over from the cut plan to the whole one costs.
func (w *Workspace) chargeCut(p *Problem, b *bend) bool {
	value, _ := b.exponent(b.start, 0)
	far := 0.0
	for i := range p.Phases {
		t := w.table(p, i, b)
		if t == nil {
			return false
		}
		z := cut(p.Phases[i], Remove, 1, b.level)
		m, _, _, _ := t.whole(1, b.start, 0)
		value += t.steps * Log(m)
		far += t.steps * Exp(b.start*t.rhoCut-z*z/2-logSqrt2Pi) / (0.87 * z * m)
	}
	b.wrong += Exp(value-b.logScale) * Expm1(far) / b.high
	return true
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
