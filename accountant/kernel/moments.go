package kernel

import "math"

// Moments on the real axis. K(c) = Σ T log M(c), M(c) = E[weight · e^(c·loss)], with the first two derivatives in c.
//
// Quadrature: the trapezoid rule of step h on the line. The integrand is analytic where |Im z| < πσ/k, and on
// Im z = y it is at most e^(y²/2) times itself on the real axis, times cos(ky/2σ)^(−c) where A stands in the
// denominator (|Σ bⱼ e^(ijθ)| ≥ cos(kθ/2) Σ bⱼ for kθ < π). So the rule's error relative to M(c) is at most
// 2 e^(y²/2 − 2πy/h) cos(…)^(−c) (Trefethen and Weideman 2014, theorem 5.1); stepFor picks h for a wanted exponent.
//
// Truncation to [left, right]: the dropped terms are tails of Gaussians, see leftEnd and rightEnd.

// logTiny is the wanted log of each relative error of M(c)^T.
const logTiny = 37

// bentDown tells whether A stands in the denominator of the moment.
func bentDown(d Direction) bool { return d != Remove }

// stepFor returns the step h such that the rule's relative error for M(c+it) is at most e^(−goal), |t| ≤ top.
func stepFor(ph Phase, d Direction, k int, c, top, goal float64) float64 {
	best := math.Inf(1)
	limit := math.Pi * ph.Noise / float64(k)
	for i := 1; i <= 16; i++ {
		y := limit * float64(i) / 16
		lift := y*y/2 + top*y/ph.Noise*float64(span(d, k)) + goal + 0.7
		if bentDown(d) {
			if i == 16 {
				break
			}
			lift -= c * logCos(math.Pi*float64(i)/32)
		}
		best = math.Min(best, lift/y)
	}
	// For wide noise the strip is wider than is useful: the best y solves y²/2 = goal.
	if y := math.Sqrt(2 * (goal + 0.7)); y < limit/16 {
		lift := y*y + top*y/ph.Noise*float64(span(d, k))
		if bentDown(d) {
			lift -= c * logCos(y/ph.Noise*float64(k)/2)
		}
		best = math.Min(best, lift/y)
	}
	return math.Min(2*math.Pi/best, 1)
}

// span is how many times arg A counts in the argument of e^(loss), times the group's size.
func span(d Direction, k int) int {
	if d == Replace {
		return 2 * k
	}
	return k
}

// leftEnd returns a point below which the sum's terms add less than e^(−goal) relative to M(c) ≥ 1:
// there A ≤ 1, so a term is at most w(z)(1−q)^(−kc), and h Σ w ≤ e^(−z²/2) for steps up to 1.
func leftEnd(ph Phase, d Direction, k int, c, goal float64) float64 {
	if bentDown(d) {
		goal -= c * float64(k) * Log1p(-ph.Rate)
	}
	return -math.Sqrt(2 * goal)
}

// rightEnd is leftEnd's twin. A^(c+1) ≤ Σⱼ bⱼ e^((c+1)aⱼ) by convexity, and e^((c+1)aⱼ) shifts the Gaussian by
// (c+1)j/σ and multiplies it by e^(c(c+1)j²/(2σ²)); M(c) ≥ q^(k(c+1)) e^(c(c+1)k²/(2σ²)) takes that back.
func rightEnd(ph Phase, d Direction, k int, c, goal float64) float64 {
	if d == Add {
		return math.Sqrt(2 * goal)
	}
	if d == Replace {
		goal -= c * Log1p(-ph.Rate)
	}
	lift := c * (c + 1) / (2 * ph.Noise * ph.Noise)
	floor := math.Max(0, float64(k)*(c+1)*Log(ph.Rate)+lift*float64(k*k))
	end := math.Sqrt(2 * goal)
	for j := 1; j <= k; j++ {
		f := float64(j)
		rest := math.Max(0, goal+logBinomial(k, j, ph.Rate)+lift*f*f-floor)
		end = math.Max(end, (c+1)*f/ph.Noise+math.Sqrt(2*rest))
	}
	return end
}

// lay fills the table for moments up to abscissa c and height top; false where it has too few nodes.
func (t *table) lay(ph Phase, d Direction, k int, c, top, goal float64) bool {
	h := stepFor(ph, d, k, c, top, goal)
	left, right := leftEnd(ph, d, k, c, goal+1), rightEnd(ph, d, k, c, goal+1)
	n := math.Floor((right-left)/h) + 2
	if !(n <= float64(len(t.z))) {
		return false
	}
	t.n, t.step = int(n), h
	logStep := Log(h) - logSqrt2Pi
	for i := 0; i < t.n; i++ {
		t.node(i, left+h*float64(i), logStep, ph, d, k)
	}
	return true
}

// moments returns K(c), K'(c) and K”(c); ok is false where a number overflows or the table is too small.
func (w *Workspace) moments(p *Problem, c float64) (k0, k1, k2 float64, ok bool) {
	for i := range p.Phases {
		a0, a1, a2, fine := w.phaseMoments(p, i, c)
		if !fine {
			return 0, 0, 0, false
		}
		t := p.Phases[i].Steps
		k0 += t * a0
		k1 += t * a1
		k2 += t * a2
	}
	return k0, k1, k2, k0 < math.Inf(1) && k2 < math.Inf(1)
}

// distance is the distance of the two Gaussians of an unsampled phase, in units of σ.
func distance(p *Problem, ph Phase) float64 {
	mu := float64(p.Group) / ph.Noise
	if p.Direction == Replace {
		return 2 * mu
	}
	return mu
}

func (w *Workspace) phaseMoments(p *Problem, i int, c float64) (k0, k1, k2 float64, ok bool) {
	ph := p.Phases[i]
	if ph.Rate == 1 {
		mu := distance(p, ph)
		return c * (c + 1) * mu * mu / 2, (c + 0.5) * mu * mu, mu * mu, true
	}
	if !w.hold(p, i, c) {
		return 0, 0, 0, false
	}
	t := &w.coarse
	var excess, s1, s2 float64
	for j := 0; j < t.n; j++ {
		term := t.term(j, t.exponent(j, p.Direction, c))
		l := t.loss(j, p.Direction)
		excess += term
		term = (term + t.mass[j]) * l
		s1 += term
		s2 += term * l
	}
	if !(s2 < math.Inf(1)) || !(excess < math.Inf(1)) {
		return 0, 0, 0, false
	}
	mean := s1 / (1 + excess)
	return Log1p(excess), mean, s2/(1+excess) - mean*mean, true
}

// excess returns M(c) − 1.
func (t *table) excess(d Direction, c float64) float64 {
	var sum float64
	for j := 0; j < t.n; j++ {
		sum += t.term(j, t.exponent(j, d, c))
	}
	return sum
}

// hold makes the coarse table that of phase i, reaching to abscissa c at least.
func (w *Workspace) hold(p *Problem, i int, c float64) bool {
	if w.held == i && c <= w.reach {
		return true
	}
	reach := c
	if w.held == i {
		reach = 1.5 * c
	}
	w.held = -1
	ph := p.Phases[i]
	if !w.coarse.lay(ph, p.Direction, p.Group, reach, 0, logTiny+Log(ph.Steps)) {
		if !w.coarse.lay(ph, p.Direction, p.Group, c, 0, logTiny+Log(ph.Steps)) {
			return false
		}
		reach = c
	}
	w.held, w.reach = i, reach
	return true
}

// cumulant returns K(c) alone, +Inf where it overflows or the table is too small.
func (w *Workspace) cumulant(p *Problem, c float64) float64 {
	var sum float64
	for i := range p.Phases {
		ph := p.Phases[i]
		switch {
		case ph.Rate == 1:
			mu := distance(p, ph)
			sum += ph.Steps * c * (c + 1) * mu * mu / 2
		case !w.hold(p, i, c):
			return math.Inf(1)
		default:
			sum += ph.Steps * Log1p(w.coarse.excess(p.Direction, c))
		}
	}
	if sum != sum {
		return math.Inf(1)
	}
	return sum
}

func logCos(x float64) float64 {
	_, cos := Sincos(x)
	return Log(cos)
}
