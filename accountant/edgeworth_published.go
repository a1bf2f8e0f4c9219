package accountant

import "math"

// published is the bound as the code of Wang et al. 2022 computes it, which EW-Tune's authors ship: theorem A.2 of Derumigny,
// Girard and Guyonvarch in its first version (arXiv 2101.05780v1) with free parameter 0.1 and T = 2π√n/K̃₃, the remainders
// integrated numerically and not bounded in closed form. The moments are about 0, not about the mean as the theorem asks,
// which changes the fourth digit.
func (m standardised) published() float64 {
	const e = 0.1
	t := 2 * math.Pi * math.Sqrt(m.n) / m.mixed
	return m.publishedNormal(t) + 67.0415/math.Pow(t, 4) + 1.2187/(t*t) + m.publishedNear(t, e)
}

// publishedNormal is Ω₁: Prawitz's smoothing of the expansion's own transform, in u = Tt.
func (m standardised) publishedNormal(t float64) float64 {
	transform := func(u float64) float64 {
		return math.Exp(-u*u/2) * (1 + m.skew*u*u*u/(6*math.Sqrt(m.n)))
	}
	const far = 40
	inner := integrate(0, math.Min(t/math.Pi, far), 200, func(u float64) float64 {
		return 0.5 * (1 - u/t + 0.54831*u*u/(t*t)) * transform(u)
	})
	outer := integrate(t/math.Pi, far, 200, func(u float64) float64 { return transform(u) / u })
	return 2*inner/t + outer/math.Pi
}

// publishedNear is Ω₃: the distance of the two transforms up to T/π.
func (m standardised) publishedNear(t, e float64) float64 {
	side := (1 - 3*e) * (1 - 3*e)
	root := math.Sqrt(m.n)
	near := m.near(e)
	const half, far = 0.16318, 40 // |Ψ(t)| ≤ half/|t|
	sum := 0.327*m.fourth/m.n*(1.0/12+1/(4*side)) + 0.036278*growth1(e)*m.skew*m.skew/m.n
	sum += 2 * half * integrate(0, math.Min(near, far), 200, func(u float64) float64 {
		return u * math.Exp(-u*u/2) * m.publishedRemainder(u, e)
	})
	sum += m.third / (3 * root) * half * integrate(near, math.Min(t/math.Pi, math.Max(near, 400)), 400, func(u float64) float64 {
		return u * u * math.Exp(-u*u/2*(1-2*chi1*u*m.mixed/root-math.Sqrt(m.fourth/m.n)))
	})
	return sum + m.skew/(3*root)*half*integrate(near, math.Min(t/math.Pi, far), 200, func(u float64) float64 {
		return u * u * math.Exp(-u*u/2)
	})
}

// publishedRemainder is R₁ₙ.
func (m standardised) publishedRemainder(u, e float64) float64 {
	side := (1 - 3*e) * (1 - 3*e)
	ratio := m.fourth / m.n
	shape := 1.0/24 + polynomial1(e)/(2*side)
	u5, u6, u7, u8 := math.Pow(u, 5), math.Pow(u, 6), math.Pow(u, 7), math.Pow(u, 8)
	even := u6/24*math.Pow(ratio, 1.5) + u8/576*ratio*ratio
	odd := u5/6*math.Pow(ratio, 1.25) + u6/36*math.Pow(ratio, 1.5) + u7/72*math.Pow(ratio, 1.75)
	tail := u8*ratio*ratio/2*shape*shape + u7*m.skew*m.fourth/(6*math.Pow(m.n, 1.5))*shape
	return (even+odd)/(2*side) + growth1(e)*tail
}
