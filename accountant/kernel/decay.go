package kernel

import "math"

// Truncation in t. φ(t) = M(c+it)/M(c). Moving the line of integration in z up to Im z = bσ (down for Add) turns
// |e^(it·loss)| into e^(−t·arg), arg ≥ 0 the angle of e^(loss) there, and leaves |weights| ≤ e^(b²σ²/2) times
// (|A(x+ibσ)|/A(x))^(±) times themselves. So for 0 < b ≤ π/(2k), all t > 0:
//   |φ(t)| ≤ g(t) = e^(b²σ²/2) E_c[(|A(x+ibσ)|/A(x))^(…) e^(−t·arg(x))],
// E_c the tilted mean on the real axis; g falls with t. Hence the terms of the trapezoid sum beyond t* add less than
//   (1/π) e^(K(c)−cε) Π g(t*)^T / t*.
// The mean is the coarse rule's: its integrand is analytic for |Im x| < σ(π/k − b) with the same bounds as in
// moments.go, so the rule's error is at most 2e^(y²/2−2πy/h) cos^(−c), which is added.

// decay is log Π g^T at t; shift is the ratio b/t tried first and is left at the best one found.
func (w *Workspace) decay(p *Problem, c, t float64) float64 {
	var sum float64
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			mu := distance(p, ph)
			sum -= ph.Steps * t * t * mu * mu / 2
			continue
		}
		if !w.hold(p, i, c) {
			return math.Inf(1)
		}
		sum += ph.Steps * w.phaseDecay(p, ph, c, t)
	}
	return sum
}

// phaseDecay returns the smallest log g(t) over a few shifts b.
func (w *Workspace) phaseDecay(p *Problem, ph Phase, c, t float64) float64 {
	tab := &w.coarse
	k0 := Log1p(tab.excess(p.Direction, c))
	tilted := w.turn[0]
	var slope float64
	for j := 0; j < tab.n; j++ {
		tilted[j] = Exp(tab.weight[j] + tab.exponent(j, p.Direction, c) - k0)
		slope += tilted[j] * tab.slope[j]
	}
	top := math.Pi / 2 / float64(p.Group)
	b := math.Min(top, t*slope/(ph.Noise*ph.Noise))
	best := w.shifted(p, ph, c, t, b)
	for _, factor := range [2]float64{1.6, 1 / 1.6} {
		for range 12 {
			next := math.Min(top, b*factor)
			g := w.shifted(p, ph, c, t, next)
			if !(g < best) {
				break
			}
			best, b = g, next
		}
	}
	return best
}

// shifted returns log g(t) for one shift b; turn[0] holds the tilted weights.
func (w *Workspace) shifted(p *Problem, ph Phase, c, t, b float64) float64 {
	tab := &w.coarse
	sin, cos := Sincos(b)
	var sum float64
	for j := 0; j < tab.n; j++ {
		bent, arg := mixAt(tab.z[j], tab.la[j], ph, p.Group, b, sin, cos)
		power := c + 1
		switch p.Direction {
		case Add:
			power = -c
		case Replace:
			other, more := mixAt(-tab.z[j], tab.lb[j], ph, p.Group, b, sin, cos)
			bent -= c / (c + 1) * other
			arg += more
		}
		sum += w.turn[0][j] * Exp(power*bent-t*arg)
	}
	y := math.Min(ph.Noise*(math.Pi/float64(p.Group)-b)*0.999, 2*math.Pi/tab.step)
	wrong := y*y/2 - 2*math.Pi*y/tab.step + 1
	if bentDown(p.Direction) {
		wrong -= c * (logCos((y/ph.Noise+b)*float64(p.Group)/2) + logCos((y/ph.Noise-b)*float64(p.Group)/2)) / 2
	}
	return 0.5*b*b*ph.Noise*ph.Noise + Log(sum+Exp(wrong)+1e-16)
}

// mixAt returns log|A(z+ibσ)| − log A(z) and arg A(z+ibσ).
func mixAt(z, la float64, ph Phase, k int, b, sin, cos float64) (bent, arg float64) {
	if k == 1 {
		share := 1 - (1-ph.Rate)*Exp(-la) // q eᵘ / A
		re, im := 1+share*(cos-1), share*sin
		return 0.5 * Log(re*re+im*im), Atan2(im, re)
	}
	var re, im float64
	for j := 0; j <= k; j++ {
		e := Exp(logBinomial(k, j, ph.Rate) + groupExponent(z, ph.Noise, j) - la)
		s, co := Sincos(b * float64(j))
		re += e * co
		im += e * s
	}
	return 0.5 * Log(re*re+im*im), Atan2(im, re)
}

// truncation returns t* where the bound's log, K − cε included in goal, is at most goal.
func (w *Workspace) truncation(p *Problem, c, start, goal float64) (float64, bool) {
	t := start
	for range 200 {
		if w.decay(p, c, t)-Log(math.Pi*t) <= goal {
			return t, true
		}
		t *= 1.12
	}
	return t, false
}
