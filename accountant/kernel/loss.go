package kernel

import "math"

// logMix returns log A(z) = log Σⱼ C(k,j) qʲ (1−q)^(k−j) e^(jz/σ − j²/(2σ²)) and σ d/dz of it, k the group's size.
// The loss of k records that are sampled independently; k = 1 is log(1 − q + q eᵘ).
//
// Its error is at most unit·(6|log A| + 4 slope (|z|/σ + k/σ²)): the exponents' own rounding, and three functions; for k > 1
// groupUnits besides.
func logMix(z, sigma, q float64, k int) (value, slope float64) {
	if k > 1 {
		return logMixGroup(z, sigma, q, k)
	}
	u := z/sigma - 0.5/(sigma*sigma)
	if u > 30 {
		e := (1 - q) / q * Exp(-u)
		return u + Log(q) + Log1p(e), 1 / (1 + e)
	}
	m := Expm1(u)
	return Log1p(q * m), q * (1 + m) / (1 + q*m)
}

// logMixGroup is logMix for k > 1, as log1p Σⱼ bⱼ expm1(aⱼ) while the exponents are small, by the largest term else.
func logMixGroup(z, sigma, q float64, k int) (value, slope float64) {
	top := math.Inf(-1)
	for j := 0; j <= k; j++ {
		top = math.Max(top, logBinomial(k, j, q)+groupExponent(z, sigma, j))
	}
	var sum, moment, excess float64
	for j := 0; j <= k; j++ {
		b, a := logBinomial(k, j, q), groupExponent(z, sigma, j)
		e := Exp(b + a - top)
		sum += e
		moment += float64(j) * e
		if a < 30 {
			e = Exp(b) * Expm1(a)
		} else {
			e = Exp(b + a)
		}
		excess += e
	}
	if top < 20 {
		return Log1p(excess), moment / sum
	}
	return top + Log(sum), moment / sum
}

// groupUnits bounds what the error of the parts' masses bⱼ, U = 8 + 4k(1 − log q − log(1−q)) units each (logBinomial), adds to that of log A:
// U Σ bⱼ|e^aⱼ − 1|/A over j > 0, where a part is at most slope A in all if aⱼ > 0, and else its mass, times |aⱼ| where that is less than 1.
func groupUnits(z, sigma, q float64, k int, la, slope float64) float64 {
	f, one := float64(k), Log1p(-q)
	near := math.Min(1, f*math.Abs(z)/sigma+f*f*0.5/(sigma*sigma))
	return (8 + 4*f*(1-Log(q)-one)) * (slope - Expm1(f*one)*Exp(-la)) * near
}

func groupExponent(z, sigma float64, j int) float64 {
	f := float64(j)
	return f*z/sigma - f*f*0.5/(sigma*sigma)
}

// logBinomial returns log(C(k,j) qʲ (1−q)^(k−j)).
func logBinomial(k, j int, q float64) float64 {
	c := 1.0
	for i := 1; i <= j; i++ {
		c *= float64(k-j+i) / float64(i)
	}
	v := Log(c)
	if j > 0 {
		v += float64(j) * Log(q)
	}
	if j < k {
		v += float64(k-j) * Log1p(-q)
	}
	return v
}

// node fills node i of the table for the phase.
func (t *table) node(i int, z, logStep float64, ph Phase, d Direction, k int) {
	t.z[i] = z
	t.weight[i] = logStep - 0.5*float64(z*z)
	t.mass[i] = Exp(t.weight[i])
	a, slope := logMix(z, ph.Noise, ph.Rate, k)
	t.la[i] = a
	t.slope[i] = slope
	if d == Replace {
		b, other := logMix(-z, ph.Noise, ph.Rate, k)
		t.lb[i] = b
		t.slope[i] += other
	}
}

// loss returns the privacy loss at node i.
func (t *table) loss(i int, d Direction) float64 {
	switch d {
	case Remove:
		return t.la[i]
	case Add:
		return -t.la[i]
	}
	return t.la[i] - t.lb[i]
}

// exponent returns the log of measure weight times e^(c·loss) at node i.
func (t *table) exponent(i int, d Direction, c float64) float64 {
	switch d {
	case Remove:
		return (c + 1) * t.la[i]
	case Add:
		return -c * t.la[i]
	}
	return (c+1)*t.la[i] - c*t.lb[i]
}

// term returns mass·(e^x − 1) at node i for the exponent x; mass·eˣ is the same plus mass.
func (t *table) term(i int, x float64) float64 {
	if x > 600 {
		return Exp(t.weight[i] + x)
	}
	return t.mass[i] * Expm1(x)
}
