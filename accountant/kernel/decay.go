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

// decay returns log Π g(t)^T. With search it looks for the best shift of each phase, else it takes the last ratio b/t, if that was this phase's.
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
			search = search || len(p.Phases) > 1 // the last ratio was another phase's
		}
		sum += ph.Steps * w.phaseDecay(p, ph, c, t, search)
	}
	return sum
}

// tilt fills turn[0] with the tilted weights; it counts those that carry more than 1e-22 of the mass, and starts the shift at
// the slope's mean, as for q = 1.
func (w *Workspace) tilt(p *Problem, i int, c float64) {
	tab := &w.coarse
	ph := p.Phases[i]
	weights := w.turn[0][:tab.n]
	var front, slope float64
	for j := range weights {
		weights[j] = tab.tilted(j, p.Direction, c)
		front += weights[j]
		slope += weights[j] * tab.slope[j]
	}
	w.first, w.last = tab.n, 0
	for j := range weights {
		if weights[j] /= front; weights[j] > 1e-22 {
			w.first, w.last = min(w.first, j), j+1
		}
	}
	w.tiltedAt, w.tiltedPhase = c, i
	w.lean = slope / front / (ph.Noise * ph.Noise)
	w.edge = tab.jump(p.Direction, c, Log(front))
}

// phaseDecay returns log g(t), the smallest over a few shifts b with search.
func (w *Workspace) phaseDecay(p *Problem, ph Phase, c, t float64, search bool) float64 {
	top := math.Pi / 2 / float64(p.Group)
	b := math.Min(top, t*w.lean)
	best := w.shifted(p, ph, c, t, b)
	factor := 1.5
	for turn := 0; search && turn < 20; turn++ {
		next := math.Min(top, b*factor)
		if g := w.shifted(p, ph, c, t, next); g < best {
			best, b = g, next
			continue
		}
		if turn > 0 {
			break
		}
		factor = 1 / factor
	}
	w.lean = b / t
	return best
}

// shifted returns log g(t) for one shift b.
func (w *Workspace) shifted(p *Problem, ph Phase, c, t, b float64) float64 {
	var sum float64
	if p.Group == 1 && p.Direction != Replace {
		sum = w.shiftedOne(p.Direction, c, t, b)
	} else {
		sum = w.shiftedMix(p, ph, c, t, b)
	}
	return 0.5*b*b*ph.Noise*ph.Noise + Log(sum+Exp(w.ruleError(p, ph, c, b))+(1+b*ph.Noise)*w.edge+1e-16)
}

// shiftedOne is the sum of shifted for one record. With s = qe^u/A the share of the shifted part and v = (2s−1) tan b/2,
//
//	1 + s(e^(ib) − 1) = e^(ib/2) cos b/2 (1 + iv),
//
// so that its angle and the log of its size, which both vanish at s = 0, are integrals of 1/(1+x²) and −x/(1+x²) from −tan b/2
// to v. For 1/(1+y), 0 ≤ y ≤ 1, stands the polynomial (576 − 544y + 384y² − 128y³)/577, whose relative error is at most
// 1/T₄(3) = 1/577. Rounding of both ends is 8 units of b.
func (w *Workspace) shiftedOne(d Direction, c, t, b float64) float64 {
	sin, cos := Sincos(b / 2)
	tan := sin / cos
	power, angle := (c+1)/2*(1-1.1/577), -t*(1-1.1/577) // the largest that they can be
	if d == Add {
		power = -c / 2 * (1 + 1.1/577)
	}
	arc, size := arcs(tan)
	var sum float64
	for j := w.first; j < w.last; j++ {
		a, l := arcs((2*w.coarse.slope[j] - 1) * tan)
		sum += w.turn[0][j] * Exp(power*(l-size)+angle*(a+arc))
	}
	return sum * (1 + 9*unit*b*(t+c+1))
}

// arcs returns about arctan v and log(1+v²), |v| ≤ 1, by the polynomial of shiftedOne.
//
//go:noinline
func arcs(v float64) (angle, size float64) {
	y := v * v
	return v * (576. - y*(544./3-y*(384./5-y*(128./7)))) / 577, y * (576 - y*(272-y*(128-y*32))) / 577
}

// ruleError returns the log of the coarse rule's error in the mean, for the best height y of the strip.
func (w *Workspace) ruleError(p *Problem, ph Phase, c, b float64) float64 {
	limit := math.Min(ph.Noise*(math.Pi/float64(p.Group)-b), 2*math.Pi/w.coarse.step)
	best := math.Inf(1)
	for y := 0.98 * limit; y > 0.01*limit; y *= 0.7 {
		wrong := y*y/2 - 2*math.Pi*y/w.coarse.step + 1
		if bentDown(p.Direction) {
			_, up := w.coarse.strip(y/ph.Noise+b, p.Group)
			_, down := w.coarse.strip(y/ph.Noise-b, p.Group)
			wrong -= c * (up + down) / 2
		}
		best = math.Min(best, wrong)
	}
	return best
}

// shiftedMix is the sum of shifted for groups and for replace-one.
func (w *Workspace) shiftedMix(p *Problem, ph Phase, c, t, b float64) float64 {
	tab := &w.coarse
	sin, cos := Sincos(b)
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

// truncation returns t* where the bound's log, K − cε included in goal, is at most goal, and by a tenth at most unless that
// takes long. The bound's log falls like a power of t, which sizes the steps.
func (w *Workspace) truncation(p *Problem, c, start, goal float64) (top float64, found bool) {
	t, last, power, factor := start, 0.0, 1.6, 3.0
	w.tiltedAt = -1
	back := 0 // steps since one was too long
	for i := range 60 {
		g := w.decay(p, c, t, i > 0 && factor > 1.4 || i%3 == 1) - Log(math.Pi*t)
		if g <= goal {
			top, found = t, true
			if g > 1.1*goal {
				break
			}
		}
		if found {
			back++
		}
		if back > 3 || g == math.Inf(1) || t > 1e15 {
			break
		}
		if last < 0 && g < 0 {
			power = math.Min(2, math.Max(1, Log(g/last)/Log(factor)))
		}
		factor = 3
		if last = g; g < 0 {
			factor = math.Min(3, 1.02*Exp(Log(goal/g)/power))
		}
		t *= factor
	}
	return top, found
}
