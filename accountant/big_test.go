package accountant

import (
	"math"
	"math/big"
	"testing"
)

// An independent path in 200-bit arithmetic, sharing no code with the kernel: exp, log and erfc by series, the closed form
// of one step, and for two steps the integral of it over the first one's loss.

const bits = 200

func num(x float64) *big.Float       { return new(big.Float).SetPrec(bits).SetFloat64(x) }
func add(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Sub(a, b) }
func mul(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Mul(a, b) }
func quo(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Quo(a, b) }

// bigExp halves the argument 40 times, sums the series and squares back.
func bigExp(x *big.Float) *big.Float {
	small := new(big.Float).SetPrec(bits+60).SetMantExp(x, -40)
	sum := new(big.Float).SetPrec(bits + 60).SetInt64(1)
	term := new(big.Float).SetPrec(bits + 60).SetInt64(1)
	for n := int64(1); n < 12; n++ {
		term.Mul(term, small)
		term.Quo(term, new(big.Float).SetInt64(n))
		sum.Add(sum, term)
	}
	for range 40 {
		sum.Mul(sum, sum)
	}
	return new(big.Float).SetPrec(bits).Set(sum)
}

// bigLog is Newton's method on bigExp from the float64 logarithm.
func bigLog(x *big.Float) *big.Float {
	start, _ := x.Float64()
	y := num(math.Log(start))
	for range 3 {
		e := bigExp(y)
		y = add(y, quo(mul(num(2), sub(x, e)), add(x, e)))
	}
	return y
}

// bigPhi is Φ(x) = ½ + φ(x) Σ x^(2n+1)/(2n+1)!!.
func bigPhi(x *big.Float) *big.Float {
	pi, _, _ := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899", 10, bits, big.ToNearestEven)
	root := new(big.Float).SetPrec(bits).Sqrt(mul(num(2), pi))
	square := mul(x, x)
	term, sum := x, x
	for n := 1; n < 900; n++ {
		term = quo(mul(term, square), num(float64(2*n+1)))
		sum = add(sum, term)
		if term.Sign() == 0 || term.MantExp(nil) < sum.MantExp(nil)-bits {
			break
		}
	}
	density := quo(bigExp(mul(num(-0.5), square)), root)
	return add(num(0.5), mul(density, sum))
}

// bigSingle is δ(ε) of one step in the remove direction, for any real ε.
func bigSingle(q, sigma float64, epsilon *big.Float) *big.Float {
	e := bigExp(epsilon)
	rest := sub(num(1), num(q)) // 1 − q
	ratio := quo(sub(e, rest), num(q))
	if ratio.Sign() <= 0 {
		return sub(num(1), e)
	}
	s := num(sigma)
	z := add(mul(s, bigLog(ratio)), quo(num(0.5), s))
	if v, _ := z.Float64(); v > 30 {
		return num(0)
	} else if v < -30 {
		return sub(num(1), e)
	}
	upper := func(x *big.Float) *big.Float { return bigPhi(new(big.Float).SetPrec(bits).Neg(x)) }
	return add(mul(sub(rest, e), upper(z)), mul(num(q), upper(sub(z, quo(num(1), s)))))
}

// bigDouble is δ(ε) of two steps: E_P δ₁(ε − l(z)), by the trapezoid rule.
func bigDouble(q, sigma, epsilon float64, perUnit int) float64 {
	sum := num(0)
	h := quo(num(1), num(float64(perUnit)))
	for i := -9 * perUnit; i <= 14*perUnit; i++ {
		z := mul(h, num(float64(i)))
		u := sub(quo(z, num(sigma)), num(0.5/(sigma*sigma)))
		a := add(sub(num(1), num(q)), mul(num(q), bigExp(u)))
		weight := mul(bigExp(mul(num(-0.5), mul(z, z))), a)
		sum = add(sum, mul(weight, bigSingle(q, sigma, sub(num(epsilon), bigLog(a)))))
	}
	v, _ := mul(sum, h).Float64()
	return v / math.Sqrt(2*math.Pi)
}

// One step: the float64 closed form encloses the 200-bit one and is narrow.
func TestOneStepAgainstBig(t *testing.T) {
	for _, c := range []struct{ q, sigma, epsilon float64 }{
		{0.01, 1, 0.5}, {0.5, 0.5, 3}, {0.001, 2, 0.0001}, {0.9, 5, 0.1}, {0.25, 1, 0}, {0.1, 0.5, 5},
	} {
		want, _ := bigSingle(c.q, c.sigma, num(c.epsilon)).Float64()
		r, err := Delta(Homogeneous(c.q, c.sigma, 1), c.epsilon)
		if err != nil || r.Remove.Lower > want || r.Remove.Upper < want || r.Remove.Upper-r.Remove.Lower > 1e-9*want+1e-300 {
			t.Errorf("%+v: %v, want %v (%v)", c, r.Remove, want, err)
		}
	}
}

// Two steps: the lattice (or the contour) encloses the 200-bit integral, whose own error halving the step shows.
func TestTwoStepsAgainstBig(t *testing.T) {
	for _, c := range []struct{ q, sigma, epsilon float64 }{{0.02, 1, 0.8}, {0.3, 2, 0.4}, {0.1, 0.7, 2}} {
		want, finer := bigDouble(c.q, c.sigma, c.epsilon, 16), bigDouble(c.q, c.sigma, c.epsilon, 32)
		r, err := Delta(Homogeneous(c.q, c.sigma, 2), c.epsilon)
		slack := 2 * math.Abs(want-finer)
		if err != nil || r.Remove.Lower > finer+slack || r.Remove.Upper < finer-slack || slack > 0.01*finer || r.Remove.Upper-r.Remove.Lower > 1e-4*finer {
			t.Errorf("%+v: %v, want %v ± %v (%v)", c, r.Remove, finer, slack, err)
		}
	}
}
