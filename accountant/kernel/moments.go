package kernel

import "math"

// Moments on the real axis. K(c) = Σ T log M(c), M(c) = E[weight · e^(c·loss)], with the first two derivatives in c.
//
// Quadrature: the trapezoid rule of step h on the line. The integrand is analytic where |Im z| < πσ/k, and on
// Im z = y it is at most e^(y²/2) times itself on the real axis, times cos(ky/2σ)^(−c) where A stands in the
// denominator (|Σ bⱼ e^(ijθ)| ≥ cos(kθ/2) Σ bⱼ for kθ < π). So the rule's error relative to M(c) is at most
// 2 e^(y²/2 − 2πy/h) cos(…)^(−c) (Trefethen and Weideman 2014, theorem 5.1); stepFor picks h for a wanted exponent, with
// sharper bounds of |A| and arg A (strip) where all shares qeᵘ/A are small.
//
// Truncation to [left, right]: the dropped terms are tails of Gaussians, see leftEnd and rightEnd.

// logTiny is the wanted log of each relative error of M(c)^T.
const logTiny = 37

// bentDown tells whether A stands in the denominator of the moment.
func bentDown(d Direction) bool { return d != Remove }

// stepFor returns the step h such that the rule's relative error for M(c+it) is at most e^(−goal), |t| ≤ top.
func (t *table) stepFor(ph Phase, d Direction, k int, c, top, goal float64) float64 {
	best := math.Inf(1)
	y := math.Min(math.Sqrt(2*(goal+0.7)), t.height*0.999) // for wide noise: the best y of the plain Gaussian
	for i := range 16 {
		turn, bend := t.strip(y/ph.Noise, k)
		lift := y*y/2 + top*turn*float64(span(d)) + goal + 0.7
		if bentDown(d) {
			lift -= c * bend
		}
		if lift == lift {
			best = math.Min(best, lift/y)
		}
		if y *= 0.8; i == 0 {
			y = t.height * 0.95
		}
	}
	return math.Min(2*math.Pi/best, 1)
}

// strip bounds arg A(z+iy) from above and log |A(z+iy)|/A(z) from below for b = y/σ: |…| is at least cos kb/2, and at least its real part,
// 1 − share(1 − cos kb), and the angle is at most kb, and its tangent at most share sin kb over that, where for several records the
// sine is at most kb.
func (t *table) strip(b float64, k int) (turn, bend float64) {
	x := math.Abs(b) * float64(k)
	sin, cos := Sincos(x / 2)
	even := 1 - 2*t.share*sin*sin
	turn, bend = x, math.Inf(-1)
	if even > 0 {
		turn = math.Min(x, t.share*x/even)
	}
	if v := math.Max(cos, even); x < math.Pi && v > 0 {
		bend = Log(v)
	}
	return turn, bend
}

// span is how many times arg A counts in the argument of e^(loss).
func span(d Direction) int {
	if d == Replace {
		return 2
	}
	return 1
}

// cut returns the point z above which one step's own mass is at most e^level: every tail of the mixture is at most half
// e^(−x²/2). What lies above is cut off: that lowers δ by at most the mass, and the composition's by at most T times it,
// which is added to upper bounds. It keeps M(c) of a heavy-tailed loss within reach.
func cut(ph Phase, d Direction, k int, level float64) float64 {
	if d == Add || level == math.Inf(-1) {
		return math.Inf(1)
	}
	level -= Log(float64(k + 1))
	end := math.Sqrt(-2 * level)
	for j := 1; j <= k; j++ {
		rest := math.Max(0, -level+logBinomial(k, j, ph.Rate))
		end = math.Max(end, float64(j)/ph.Noise+math.Sqrt(2*rest))
	}
	return end
}

// cutLoss is what cutting adds to upper bounds of δ.
func (w *Workspace) cutLoss(p *Problem) float64 {
	if p.Direction == Add || w.level == math.Inf(-1) {
		return 0
	}
	var steps float64
	for i := range p.Phases {
		steps += p.Phases[i].Steps
	}
	return 1.01 * steps * Exp(w.level)
}

// setLevel allows to cut off e^(−55) of δ in all.
func (w *Workspace) setLevel(p *Problem, logDelta float64) {
	var steps float64
	for i := range p.Phases {
		steps += p.Phases[i].Steps
	}
	w.level = logDelta - 55 - Log(steps)
	w.held = -1
}

// jump bounds what the cut at the right end does to the rule, relative to M(c): the integrand ends there, half-way between
// two nodes, where the difference of sum and integral is at most twice its size there times the height of the strip (on
// the vertical line through a mid-point the rule's weight |1/(1+e^(2πy/h))| is at most ½ and falls faster than the
// integrand grows).
func (t *table) jump(d Direction, c, k0 float64) float64 {
	i := t.n - 1
	return (1 + 2*t.height) * Exp(t.weight[i]-Log(t.step)+t.exponent(i, d, c)-k0) * edgeGrowth
}

// edgeGrowth is how much larger the integrand may be half a step beyond the last node: steps are short against its slopes.
const edgeGrowth = 3

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

// lay fills the table for moments up to abscissa c and height top; false where it has too few nodes. With an end at the
// cut the last node lies half a step before it.
func (t *table) lay(ph Phase, d Direction, k int, c, top, goal, level float64) bool {
	t.height = math.Pi * ph.Noise / float64(k)
	far := goal + 3 + Log(1+2*t.height)
	left, right := leftEnd(ph, d, k, c, goal+1), rightEnd(ph, d, k, c, far)
	end := cut(ph, d, k, level)
	t.isCut = end < right
	right = math.Min(right, end)
	_, t.share = mixShare(right, ph, k)
	if d == Replace {
		_, other := mixShare(-left, ph, k)
		t.share = math.Max(t.share, other)
	}
	h := t.stepFor(ph, d, k, c, top, goal)
	n := math.Floor((right-left)/h) + 2
	if !(n <= float64(len(t.z))) {
		return false
	}
	t.n, t.step = int(n), h
	logStep := Log(h) - logSqrt2Pi
	for i := 0; i < t.n; i++ {
		t.node(i, right-h*(float64(t.n-1-i)+0.5), logStep, ph, d, k)
	}
	return true
}

// mixShare returns log A(z) and the share 1 − (1−q)ᵏ/A(z) of the shifted parts in it.
func mixShare(z float64, ph Phase, k int) (la, share float64) {
	la, _ = logMix(z, ph.Noise, ph.Rate, k)
	return la, math.Min(1, -Expm1(float64(k)*Log1p(-ph.Rate)-la)*(1+1e-9)+1e-15)
}

// moments returns K(c), K'(c) and K”(c); ok is false where a number overflows or the table is too small. With edge 1 what a cut does to the
// rule (jump) counts as a mass at its end: an upper bound of K, up to 1e-9 and rounding. With edge 0 over is how much that would add.
func (w *Workspace) moments(p *Problem, c, edge float64) (k0, k1, k2 float64, ok bool) {
	w.over = 0
	for i := range p.Phases {
		a0, a1, a2, fine := w.phaseMoments(p, i, c, edge)
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

func (w *Workspace) phaseMoments(p *Problem, i int, c, edge float64) (k0, k1, k2 float64, ok bool) {
	ph := p.Phases[i]
	if ph.Rate == 1 {
		mu := distance(p, ph)
		return c * (c + 1) * mu * mu / 2, (c + 0.5) * mu * mu, mu * mu, true
	}
	if !w.hold(p, i, c) {
		return 0, 0, 0, false
	}
	t := &w.coarse
	jump, l := t.jump(p.Direction, c, 0), t.loss(t.n-1, p.Direction)
	excess := jump * edge
	s1 := excess * l
	s2 := s1 * l
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
	w.over += ph.Steps * jump / (1 + excess)
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
	if w.held == i || p.Direction == Add {
		reach = 2.5 * c
	}
	w.held = -1
	ph := p.Phases[i]
	if !w.coarse.lay(ph, p.Direction, p.Group, reach, 0, logTiny+Log(ph.Steps), w.level) {
		if !w.coarse.lay(ph, p.Direction, p.Group, c, 0, logTiny+Log(ph.Steps), w.level) {
			return false
		}
		reach = c
	}
	w.held, w.reach = i, reach
	return true
}

// cumulant returns the upper bound of K(c) alone, +Inf where it overflows or the table is too small.
func (w *Workspace) cumulant(p *Problem, c float64) float64 {
	k0, _, _, ok := w.moments(p, c, 1)
	if !ok {
		return math.Inf(1)
	}
	return k0
}
