package accountant

import "math"

// The bounds of Derumigny, Girard and Guyonvarch 2023, "Explicit non-asymptotic bounds for the distance to the first-order
// Edgeworth expansion", Sankhya A (arXiv 2101.05780), in the notation of its appendix A; their R package is BoundEdgeworth.

const (
	psi   = 1.0253     // bounds 2π|t| times the modulus of Prawitz's smoothing function
	chi1  = 0.09916191 // χ₁
	tStar = 0.6359658  // t₁*
)

// standardised holds the averaged moments of the n terms of a sum whose average variance B² is scaled to 1:
// λ₃ = E X³, K₃ = E|X|³, K₄ = E X⁴ and K̃₃ = K₃ + E|X| E X².
type standardised struct {
	n, skew, third, mixed, fourth float64
	scale                         float64 // √n B
	iid                           bool
}

func standardise(laws []law) standardised {
	var m standardised
	var variance float64
	for i := range laws {
		m.n += laws[i].phase.Steps
		variance += laws[i].phase.Steps * laws[i].second
	}
	b := math.Sqrt(variance / m.n)
	for i := range laws {
		l := &laws[i]
		share := l.phase.Steps / m.n
		m.skew += share * l.third / (b * b * b)
		m.third += share * l.thirdAbsolute / (b * b * b)
		m.mixed += share * l.firstAbsolute * l.second / (b * b * b)
		m.fourth += share * l.fourth / (b * b * b * b)
	}
	m.skew = math.Abs(m.skew)
	m.mixed += m.third
	m.scale, m.iid = b*math.Sqrt(m.n), len(laws) == 1
	return m
}

// least minimises over the free parameter ε of the theorems, in (0, 1/3). Identically distributed terms meet the theorems
// for others too, and these are the tighter ones where the moments are moderate.
func (m standardised) least(bound func(m standardised, e float64) float64) float64 {
	others := m
	others.iid = false
	best := math.Inf(1)
	for i := 1; i < 200; i++ {
		e := float64(i) / 600
		for _, b := range [2]float64{bound(m, e), bound(others, e)} {
			if b < best { // not so where its exponentials overflow
				best = b
			}
		}
	}
	return best
}

// general is theorem A.2, of identically distributed terms A.3: moments alone.
func (m standardised) general(e float64) float64 {
	root := math.Sqrt(m.n)
	low, high := math.Min(m.near(e), 2*root/m.mixed), 2*root/m.mixed
	sum := 0.1995*m.mixed/root + 0.031*m.mixed*m.mixed/m.n + 0.054*m.skew*m.mixed/m.n + m.common(e)
	sum += (14.1961 + 67.0415) * math.Pow(m.mixed, 4) / (16 * math.Pow(math.Pi, 4) * m.n * m.n)
	sum += 4.3394 * m.skew * math.Pow(m.mixed, 3) / (8 * math.Pow(math.Pi, 3) * m.n * m.n)
	sum += m.skew * gammaBetween(low, high) / root
	return sum + m.cubic(low, high)
}

// regular is theorem A.4, of identically distributed terms A.5, without the integral of the characteristic function.
func (m standardised) regular(e float64) float64 {
	root := math.Sqrt(m.n)
	t := 2 * math.Pi * root / m.mixed // T is its fourth power
	high := 16 * math.Pow(math.Pi, 3) * m.n * m.n / math.Pow(m.mixed, 4)
	low := math.Min(m.near(e), high)
	sum := m.common(e) + m.smoothing()
	sum += 1.2533/math.Pow(t, 4) + 0.3334*m.skew/math.Pow(t, 4)/root
	sum += 14.1961/math.Pow(t, 16) + 4.3394*m.skew/math.Pow(t, 12)/root
	sum += m.skew * gammaBetween(low, high) / root
	return sum + m.cubic(low, high)
}

// near is √(2ε)(n/K₄)^¼, up to which the expansion of the characteristic function is used.
func (m standardised) near(e float64) float64 { return math.Sqrt(2*e) * math.Pow(m.n/m.fourth, 0.25) }

// common is what both theorems share: the terms of order 1/n and R̄.
func (m standardised) common(e float64) float64 {
	side := (1 - 3*e) * (1 - 3*e)
	sum := 0.327 * m.fourth * (1.0/12 + 1/(4*side)) / m.n
	if !m.iid {
		return sum + 0.037*growth1(e)*m.skew*m.skew/m.n + m.remainder1(e)
	}
	limit := math.Exp(e*e/6 + e*e/(2*side)) // e₃, to which e₂ₙ falls
	return sum + 0.037*limit*m.skew*m.skew/m.n + 1.306*(m.growth2(e)-limit)*m.skew*m.skew/(36*m.n) + m.remainder2(e)
}

// cubic is the term of the terms' own characteristic functions between low and high, in K₃: for identically distributed
// ones in Γ(3/2, u²/8), else ∫ u² e^(−Δu²) with Δ = (1 − 4χ₁ − √(K₄/n))/2.
func (m standardised) cubic(low, high float64) float64 {
	if m.iid {
		return psi * math.Pow(2, 2.5) * m.third / (3 * math.Pi * math.Sqrt(m.n)) * gammaBetween(low*low/8, high*high/8)
	}
	d := (1 - 4*chi1 - math.Sqrt(m.fourth/m.n)) / 2
	if d > 0 {
		high = math.Min(high, math.Max(low, math.Sqrt(80/d)))
	}
	curly := integrate(low, high, 100, func(u float64) float64 { return u * u * math.Exp(-d*u*u) })
	return psi * m.third * curly / (6 * math.Pi * math.Sqrt(m.n))
}

// gammaBetween is Γ(3/2, low) − Γ(3/2, high), Γ(3/2, x) = ½√π erfc √x + √x e^(−x).
func gammaBetween(low, high float64) float64 {
	upper := func(x float64) float64 {
		r := math.Sqrt(x)
		return math.Sqrt(math.Pi)/2*math.Erfc(r) + r*math.Exp(-x)
	}
	return upper(low) - upper(high)
}

// smoothing is the sum of the two differences of Γ(0, ·) in r₂.
func (m standardised) smoothing() float64 {
	t := 16 * math.Pow(math.Pi, 4) * m.n * m.n / math.Pow(m.mixed, 4)
	both := math.Min(math.Sqrt(t), t*t)
	short := 1 - 4*math.Pi*chi1*tStar
	sum := exponentialBetween(both*short/(2*math.Pi*math.Pi), math.Min(tStar*tStar*math.Sqrt(t), t*t/(math.Pi*math.Pi))*short/2)
	sum += exponentialBetween(both/(2*math.Pi*math.Pi), t*t/(2*math.Pi*math.Pi))
	return psi / math.Pi * sum
}

// exponentialBetween is |Γ(0, a) − Γ(0, b)| = |∫ e^(−u)/u| over [a, b].
func exponentialBetween(a, b float64) float64 {
	low, high := math.Log(math.Min(a, b)), math.Log(math.Min(math.Max(a, b), 745))
	return integrate(low, high, 100, func(x float64) float64 { return math.Exp(-math.Exp(x)) })
}

// remainder2 is R̄ of section C.3.2, of identically distributed terms.
func (m standardised) remainder2(e float64) float64 {
	n, l, k4 := m.n, m.skew, m.fourth
	side := (1 - 3*e) * (1 - 3*e)
	scale := psi / (2 * side * math.Pi)
	shape := k4/12 + 1/(4*side) + m.polynomial2(e)/(576*side)
	grown := psi / math.Pi * m.growth2(e)
	gamma := math.Gamma
	sum := scale * k4 / (24 * n * n) * 8 * gamma(4)
	sum += scale * k4 * k4 / (576 * n * n * n) * 16 * gamma(5)
	sum += grown / (8 * n * n) * shape * 16 * gamma(5)
	sum += scale * l / (6 * math.Pow(n, 1.5)) * math.Sqrt2 * gamma(1.5)
	sum += scale * l * l / (36 * n * n) * 8 * gamma(4)
	sum += scale * k4 * l / (72 * math.Pow(n, 2.5)) * math.Pow(2, 3.5) * gamma(4.5)
	sum += grown * l / (12 * math.Pow(n, 1.5)) * shape * math.Pow(2, 3.5) * gamma(4.5)
	return sum
}

// polynomial2 is P₂ₙ and growth2 e₂ₙ of section C.2.
func (m standardised) polynomial2(e float64) float64 {
	n, l, k4 := m.n, m.skew, m.fourth
	return 48*e*math.Sqrt(k4/n) + 4*e*e*k4/n + 96*math.Sqrt(2*e)*l/math.Pow(k4*n, 0.25) +
		32*e*l*l/math.Sqrt(k4*n) + 16*math.Sqrt2*math.Pow(k4, 0.25)*l*math.Pow(e, 1.5)/math.Pow(n, 0.75)
}

func (m standardised) growth2(e float64) float64 {
	side := (1 - 3*e) * (1 - 3*e)
	return math.Exp(e * e * (1.0/6 + 1/(2*side) + 2*m.polynomial2(e)/(576*side)))
}

// remainder1 is R̄ of section C.3.1, of terms of different distributions.
func (m standardised) remainder1(e float64) float64 {
	ratio := m.fourth / m.n
	side := (1 - 3*e) * (1 - 3*e)
	scale := psi / (side * math.Pi)
	shape := 1.0/24 + polynomial1(e)/(2*side)
	gamma := math.Gamma
	sum := scale / 48 * math.Pow(ratio, 1.5) * 8 * gamma(4)
	sum += scale / 1152 * ratio * ratio * 16 * gamma(5)
	sum += psi * growth1(e) / (2 * math.Pi) * ratio * ratio * shape * shape * 16 * gamma(5)
	sum += scale / 12 * math.Pow(ratio, 1.25) * math.Pow(2, 2.5) * gamma(3.5)
	sum += scale / 72 * math.Pow(ratio, 1.5) * 8 * gamma(4)
	sum += scale / 144 * math.Pow(ratio, 1.75) * math.Pow(2, 3.5) * gamma(4.5)
	return sum + psi*growth1(e)/(6*math.Pi)*m.skew*m.fourth/math.Pow(m.n, 1.5)*shape*16*gamma(5)
}

// polynomial1 is P₁ₙ and growth1 e₁ₙ of section C.1.
func polynomial1(e float64) float64 {
	return (144 + 48*e + 4*e*e + 96*math.Sqrt(2*e) + 32*e + 16*math.Sqrt2*math.Pow(e, 1.5)) / 576
}

func growth1(e float64) float64 {
	return math.Exp(e * e * (1.0/6 + 2*polynomial1(e)/((1-3*e)*(1-3*e))))
}
