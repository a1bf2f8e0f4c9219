package kernel

import "math"

// Closed forms, with their rounding errors. A difference x − y whose parts err by a and b units is enclosed by
// ± unit(a|x| + b|y|).

// enclosed returns x − y ± its error, not below 0.
func enclosed(x, y, unitsX, unitsY float64) Interval {
	wrong := unit * (unitsX*math.Abs(x) + unitsY*math.Abs(y) + 2*math.Abs(x-y))
	return Interval{math.Max(0, x-y-wrong), math.Max(0, x-y), math.Max(0, x-y+wrong) + 1e-320}
}

// GaussianDelta returns δ(ε) of the Gaussian mechanism with distance μ (Balle and Wang 2018, theorem 8):
// Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ).
func GaussianDelta(mu, epsilon float64) Interval {
	a, b := epsilon/mu-mu/2, epsilon/mu+mu/2
	x, y := normUpper(a), Exp(epsilon+logNormUpper(b))
	units := 40 + 8*b*(math.Abs(a)+1)
	return enclosed(x, y, units, 40+8*b*(b+1)+4*epsilon)
}

// singleDelta returns δ(ε) of one Poisson-subsampled step, q < 1.
//
//	remove: z* where l = ε; δ = q(Φ(1/σ − z*) − Φ(−z*)) − (e^ε − 1)Φ(−z*)
//	add:    z* where l = −ε (none, so δ = 0, if e^(−ε) ≤ 1 − q); δ = e^ε((e^(−ε) − 1 + q)Φ(z*) − qΦ(z* − 1/σ))
func singleDelta(ph Phase, d Direction, epsilon float64) Interval {
	q, s := ph.Rate, ph.Noise
	if d == Add {
		e := Expm1(-epsilon) / q
		if e <= -1 {
			return Interval{0, 0, 1e-320}
		}
		l := Log1p(e)
		z := s*l + 0.5/s
		near := 1 / (1 + e) // the loss of digits where e^(−ε) is close to 1 − q
		units := 60 + 8*(math.Abs(z)+1)*(s*(math.Abs(l)+4*near)+0.5/s+1/s)
		grow := q * Exp(epsilon)
		x := grow * (1 + e) * normUpper(-z)
		y := grow * normUpper(1/s-z)
		return enclosed(x, y, units+4*epsilon+6*near, units+4*epsilon)
	}
	l := logRatio(epsilon, q)
	z := s*l + 0.5/s
	units := 60 + 8*(math.Abs(z)+1)*(s*(math.Abs(l)+8+epsilon)+1.5/s)
	x := q * normUpper(z-1/s)
	y := q*normUpper(z) + Exp(logExpm1(epsilon)+logNormUpper(z))
	return enclosed(x, y, units, units+4*epsilon)
}

// logRatio returns log((e^ε − 1 + q)/q).
func logRatio(epsilon, q float64) float64 {
	if epsilon > 600 {
		return epsilon - Log(q)
	}
	return Log1p(Expm1(epsilon) / q)
}

func logExpm1(x float64) float64 {
	if x > 40 {
		return x
	}
	return Log(Expm1(x))
}

// closed tells which closed form prices p: 0 none, 1 Gaussian, 2 a single step.
func closed(p *Problem) int {
	for i := range p.Phases {
		if p.Phases[i].Rate < 1 {
			if len(p.Phases) == 1 && p.Phases[0].Steps == 1 && p.Group == 1 && p.Direction != Replace {
				return 2
			}
			return 0
		}
	}
	return 1
}

// gaussianMu returns the distance μ = √Σ T μᵢ² of a plan without sampling.
func gaussianMu(p *Problem) float64 {
	var sum float64
	for i := range p.Phases {
		mu := distance(p, p.Phases[i])
		sum += p.Phases[i].Steps * mu * mu
	}
	return math.Sqrt(sum)
}

func closedDelta(p *Problem, kind int, epsilon float64) Interval {
	if kind == 1 {
		return GaussianDelta(gaussianMu(p), epsilon)
	}
	return singleDelta(p.Phases[0], p.Direction, epsilon)
}

// closedEpsilon inverts closedDelta: the smallest ε whose upper δ, and the largest whose lower δ, prove the ends.
func closedEpsilon(p *Problem, kind int, delta float64) Interval {
	if closedDelta(p, kind, 0).Upper <= delta {
		return Interval{}
	}
	top := 1.0
	for closedDelta(p, kind, top).Upper > delta && top < 1e300 {
		top *= 4
	}
	var out Interval
	lo, hi := 0.0, top
	for range 1100 {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if closedDelta(p, kind, mid).Upper > delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	out.Upper = hi
	lo = 0
	for range 1100 {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if closedDelta(p, kind, mid).Lower >= delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	out.Lower = lo
	out.Estimate = lo + (out.Upper-lo)/2
	return out
}
