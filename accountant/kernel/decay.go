package kernel

import "math"

// Truncation in t. φ(t) = M(c+it)/M(c). Moving the line of integration in z up to Im z = bσ (down for Add) turns
// |e^(it·loss)| into e^(−t·arg), arg ≥ 0 the angle of e^(loss) there, and leaves |weights| ≤ e^(b²σ²/2) times
// (|A(x+ibσ)|/A(x))^(±) times themselves. So for 0 < b ≤ π/(2k), all t > 0:
//   |φ(t)| ≤ g(t) = e^(b²σ²/2) E_c[(|A(x+ibσ)|/A(x))^(…) e^(−t·arg(x))],
// E_c the tilted mean on the real axis; g falls with t. Hence the terms of the trapezoid sum beyond t* add less than
//   (1/π) e^(K(c)−cε) Π g(t*)^T / t*.
// The mean is the coarse rule's: its integrand is analytic for |Im x| < σ(π/k − b) with the same bounds as in
// moments.go, so the rule's error is at most 2e^(y²/2−2πy/h) cos^(−c), which is added; so is what the cut at the right end
// adds, the integrand there along the height bσ.

// decay returns log Π g(t)^T. With search it looks for the best shift of each phase, else it takes the last ratio b/t.
func (w *Workspace) decay(p *Problem, c, t float64, search bool) float64 {
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
		if w.tiltedAt != c || w.tiltedPhase != i {
			w.tilt(p, i, c)
			search = true
		}
		sum += ph.Steps * w.phaseDecay(p, ph, c, t, search)
	}
	return sum
}

// tilt fills turn[0] with the tilted weights, turn[1] with the shares qeᵘ/A, of the coarse nodes that carry more than
// 1e-22 of the tilted mass; it counts them and starts the shift at the slope's mean, as for q = 1.
func (w *Workspace) tilt(p *Problem, i int, c float64) {
	tab := &w.coarse
	ph := p.Phases[i]
	front := 1 + tab.excess(p.Direction, c)
	var slope float64
	w.first, w.last = tab.n, 0
	for j := 0; j < tab.n; j++ {
		weight := (tab.term(j, tab.exponent(j, p.Direction, c)) + tab.mass[j]) / front
		w.turn[0][j] = weight
		w.turn[1][j] = 1 - (1-ph.Rate)*Exp(-tab.la[j])
		slope += weight * tab.slope[j]
		if weight > 1e-22 {
			w.first, w.last = min(w.first, j), j+1
		}
	}
	w.tiltedAt, w.tiltedPhase = c, i
	w.lean = slope / (ph.Noise * ph.Noise)
	w.edge = tab.jump(p.Direction, c, Log(front))
}

// phaseDecay returns log g(t), the smallest over a few shifts b with search.
func (w *Workspace) phaseDecay(p *Problem, ph Phase, c, t float64, search bool) float64 {
	top := math.Pi / 2 / float64(p.Group)
	b := math.Min(top, t*w.lean)
	best := w.shifted(p, ph, c, t, b)
	for turn := 0; search && turn < 2; turn++ {
		factor := 1.5
		if turn == 1 {
			factor = 1 / 1.5
		}
		for range 20 {
			next := math.Min(top, b*factor)
			g := w.shifted(p, ph, c, t, next)
			if !(g < best) {
				break
			}
			best, b = g, next
			turn = 1
		}
	}
	w.lean = b / t
	return best
}

// shifted returns log g(t) for one shift b.
func (w *Workspace) shifted(p *Problem, ph Phase, c, t, b float64) float64 {
	sin, cos := Sincos(b)
	var sum float64
	if p.Group == 1 && p.Direction != Replace {
		power := (c + 1) / 2
		if p.Direction == Add {
			power = -c / 2
		}
		for j := w.first; j < w.last; j++ {
			share := w.turn[1][j]
			re, im := 1+share*(cos-1), share*sin
			sum += w.turn[0][j] * Exp(power*Log(re*re+im*im)-t*Atan2(im, re))
		}
	} else {
		sum = w.shiftedMix(p, ph, c, t, b, sin, cos)
	}
	return 0.5*b*b*ph.Noise*ph.Noise + Log(sum+Exp(w.ruleError(p, ph, c, b))+(1+b*ph.Noise)*w.edge+1e-16)
}

// ruleError returns the log of the coarse rule's error in the mean, for the best height y of the strip.
func (w *Workspace) ruleError(p *Problem, ph Phase, c, b float64) float64 {
	limit := math.Min(ph.Noise*(math.Pi/float64(p.Group)-b), 2*math.Pi/w.coarse.step)
	best := math.Inf(1)
	for y := 0.98 * limit; y > 0.01*limit; y *= 0.7 {
		wrong := y*y/2 - 2*math.Pi*y/w.coarse.step + 1
		if bentDown(p.Direction) {
			wrong -= c * (w.coarse.bend(y/ph.Noise+b, p.Group) + w.coarse.bend(y/ph.Noise-b, p.Group)) / 2
		}
		best = math.Min(best, wrong)
	}
	return best
}

// shiftedMix is the sum of shifted for groups and for replace-one.
func (w *Workspace) shiftedMix(p *Problem, ph Phase, c, t, b, sin, cos float64) float64 {
	tab := &w.coarse
	var sum float64
	for j := w.first; j < w.last; j++ {
		bent, arg := mixAt(tab.z[j], tab.la[j], ph, p.Group, b, sin, cos)
		bent *= c + 1
		switch p.Direction {
		case Add:
			bent *= -c / (c + 1)
		case Replace:
			other, more := mixAt(-tab.z[j], tab.lb[j], ph, p.Group, b, sin, cos)
			bent -= c * other
			arg += more
		}
		sum += w.turn[0][j] * Exp(bent-t*arg)
	}
	return sum
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

// truncation returns t* where the bound's log, K − cε included in goal, is at most goal. The bound falls like a power of
// t between 1 and 2 in its log, which sizes the steps.
func (w *Workspace) truncation(p *Problem, c, start, goal float64) (float64, bool) {
	t := start
	w.tiltedAt = -1
	for i := range 60 {
		g := w.decay(p, c, t, i%3 == 0) - Log(math.Pi*t)
		if g <= goal {
			return t, true
		}
		if g == math.Inf(1) || t > 1e15 {
			break
		}
		step := 2.0
		if g < 0 {
			step = math.Min(2, math.Max(1.04, Exp(0.6*Log(goal/g))))
		}
		t *= step
	}
	return t, false
}
