package kernel

import "math"

const (
	invSqrt2   = 0.70710678118654752440
	sqrt2Pi    = 2.50662827463100050242
	logSqrt2Pi = 0.91893853320467274178
)

// normUpper returns Φ(−x) = Pr[Z > x]. For an argument x(1+2u) its relative error is at most 24 + 4x² units: the argument's own
// error grows by x².
func normUpper(x float64) float64 { return 0.5 * Erfc(float64(x*invSqrt2)) }

// logNormUpper returns log Φ(−x), also where Φ(−x) underflows.
func logNormUpper(x float64) float64 {
	if x < 20 {
		return Log(normUpper(x))
	}
	y := x * invSqrt2
	return Log(0.5*erfcScaled(y)) - float64(y*y)
}

// normDensity returns φ(x).
func normDensity(x float64) float64 { return Exp(-0.5*float64(x*x)) / sqrt2Pi }

// Erfc returns the complementary error function within 12 units of relative error.
func Erfc(x float64) float64 {
	switch {
	case x != x:
		return x
	case x < 0:
		return 2 - Erfc(-x)
	case x < 0.6:
		return 1 - erfSmall(x)
	case x > 27.3:
		return 0
	}
	hi := math.Float64frombits(math.Float64bits(x) &^ 0xffffffff) // hi² is exact
	head := erfcScaled(x) * Exp(-float64(hi*hi)) * Exp(-float64((x-hi)*(x+hi)))
	if x > 6.2 {
		return head
	}
	return head - 2/Expm1(4*math.Pi*x)
}

// erfSmall returns erf x for |x| < 0.6 by the series of positive terms 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹/(2n+1)!!.
func erfSmall(x float64) float64 {
	w := float64(x * x)
	term, sum := x, x
	for n := 1; n < 40 && term > 1e-18*sum; n++ {
		term *= 2 * w / float64(2*n+1)
		sum += term
	}
	return 1.12837916709551257390 * Exp(-w) * sum
}

// erfcScaled returns exp(x²) erfc(x) for x ≥ 0.6, up to the term −2 exp(x²)/(exp(4πx)−1) that Erfc subtracts below 6.2:
// the trapezoid rule of step h = ½ on erfc x = 2x/π e^(−x²) ∫₀^∞ e^(−t²)/(t²+x²) dt, whose error is 2e^(−π²/h²)
// beyond that pole's term (Hunter and Regan 1972).
func erfcScaled(x float64) float64 {
	w := float64(x * x)
	sum := 0.5 / w
	sum += 7.78800783071404868245e-1 / (w + 0.25)
	sum += 3.67879441171442321596e-1 / (w + 1.0)
	sum += 1.05399224561864336783e-1 / (w + 2.25)
	sum += 1.83156388887341802937e-2 / (w + 4.0)
	sum += 1.93045413622770924221e-3 / (w + 6.25)
	sum += 1.23409804086679549498e-4 / (w + 9.0)
	sum += 4.78511739212900908961e-6 / (w + 12.25)
	sum += 1.12535174719259114514e-7 / (w + 16.0)
	sum += 1.60522805518561160865e-9 / (w + 20.25)
	sum += 1.38879438649640205947e-11 / (w + 25.0)
	sum += 7.28772409581969241934e-14 / (w + 30.25)
	sum += 2.31952283024356938831e-16 / (w + 36.0)
	return x / math.Pi * sum
}
