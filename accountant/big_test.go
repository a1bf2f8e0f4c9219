package accountant

import (
	"math"
	"math/big"
	"testing"
)

// An independent path in 400-bit arithmetic, sharing no code with the kernel: exp, log and erfc by series, the closed form
// of one step, and for two steps the integral of it over the first one's loss.

const bits = 400

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
	pi, _, _ := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651328230664709384460955", 10, bits, big.ToNearestEven)
	root := new(big.Float).SetPrec(bits).Sqrt(mul(num(2), pi))
	square := mul(x, x)
	term, sum := x, x
	for n := 1; n < 2000; n++ {
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

// bigSingleAdd is bigSingle in the other direction: E(1 − e^ε A(Z))₊ = Φ(z*)(1 − e^ε(1−q)) − e^ε q Φ(z* − 1/σ), A(z*) = e^(−ε).
func bigSingleAdd(q, sigma float64, epsilon *big.Float) *big.Float {
	e := bigExp(epsilon)
	rest := sub(num(1), num(q))
	ratio := quo(sub(quo(num(1), e), rest), num(q))
	if ratio.Sign() <= 0 {
		return num(0)
	}
	s := num(sigma)
	z := add(mul(s, bigLog(ratio)), quo(num(0.5), s))
	if v, _ := z.Float64(); v > 30 {
		return sub(num(1), e)
	} else if v < -15 {
		return num(0) // less than 1e-50
	}
	return sub(mul(sub(num(1), mul(e, rest)), bigPhi(z)), mul(mul(e, num(q)), bigPhi(sub(z, quo(num(1), s)))))
}

// bigDouble is δ(ε) of two steps: E δ₁(ε − loss). δ₁ is flat, but not analytic, where its ε is the least (Remove) or greatest
// loss (Add), so the integral is cut there, and each piece is taken by the double-exponential rule.
func bigDouble(q, sigma, epsilon float64, remove bool, perUnit int) float64 {
	inside := func(z float64) *big.Float {
		u := sub(quo(num(z), num(sigma)), quo(num(0.5), mul(num(sigma), num(sigma))))
		a := add(sub(num(1), num(q)), mul(num(q), bigExp(u)))
		weight := bigExp(mul(num(-0.5), mul(num(z), num(z))))
		if remove {
			return mul(mul(weight, a), bigSingle(q, sigma, sub(num(epsilon), bigLog(a))))
		}
		return mul(weight, bigSingleAdd(q, sigma, add(num(epsilon), bigLog(a))))
	}
	end := epsilon - math.Log1p(-q) // where log A(z) = ε − log(1−q), or −ε − log(1−q)
	right := 14 + 1/sigma
	if !remove {
		end = -epsilon - math.Log1p(-q)
	}
	cut := min(right, sigma*math.Log1p(math.Expm1(end)/q)+0.5/sigma)
	sum := bigPiece(inside, -13, cut, perUnit)
	if remove && cut < right {
		sum = add(sum, bigPiece(inside, cut, right, perUnit))
	}
	v, _ := sum.Float64()
	return v / math.Sqrt(2*math.Pi)
}

// bigPiece is the integral of f from a to b by the double-exponential rule of step 1/perUnit.
func bigPiece(f func(float64) *big.Float, a, b float64, perUnit int) *big.Float {
	sum := num(0)
	for i := -4 * perUnit; i <= 4*perUnit; i++ {
		t := float64(i) / float64(perUnit)
		e := math.Exp(-math.Pi * math.Sinh(math.Abs(t))) // (1 − |x|)/(1 + |x|), x = tanh(π/2 sinh t)
		near := (b - a) * e / (1 + e)                    // distance from the nearer end
		z := b - near
		if t < 0 {
			z = a + near
		}
		weight := (b - a) * math.Pi * math.Cosh(t) * e / ((1 + e) * (1 + e)) / float64(perUnit)
		if weight > 1e-40 {
			sum = add(sum, mul(num(weight), f(z)))
		}
	}
	return sum
}

// One step: the float64 closed form encloses the 400-bit one and is narrow; the last three lie near the greatest loss.
func TestOneStepAgainstBig(t *testing.T) {
	for _, c := range []struct{ q, sigma, epsilon float64 }{
		{0.01, 1, 0.5}, {0.5, 0.5, 3}, {0.001, 2, 0.0001}, {0.9, 5, 0.1}, {0.25, 1, 0}, {0.1, 0.5, 5}, {1e-7, 0.3, 2}, {0.3, 0.2, 60},
		{0.2, 1, -0.9 * math.Log(0.8)}, {0.5, 0.7, -0.999 * math.Log(0.5)}, {1e-4, 0.6, -0.98 * math.Log1p(-1e-4)},
	} {
		r, err := Delta(Homogeneous(c.q, c.sigma, 1), c.epsilon)
		if err != nil {
			t.Fatal(err)
		}
		for name, ends := range map[string]struct {
			got  Interval
			want *big.Float
		}{
			"remove": {r.Remove, bigSingle(c.q, c.sigma, num(c.epsilon))},
			"add":    {r.Add, bigSingleAdd(c.q, c.sigma, num(c.epsilon))},
		} {
			want, _ := ends.want.Float64()
			if got := ends.got; got.Lower > want || got.Upper < want || got.Upper-got.Lower > 1e-8*want+1e-300 {
				t.Errorf("%+v %s: %v, want %v", c, name, got, want)
			}
		}
	}
}

// Two steps: δ encloses the 400-bit integral, whose own error halving the step shows, and inverting gives ε back. The
// plans are those where contours on a vertical line fail: tiny q, tiny δ, large ε, ε near the greatest loss.
func TestTwoStepsAgainstBig(t *testing.T) {
	for _, c := range []struct {
		q, sigma, epsilon float64
		remove            bool
		width             float64 // of δ, relative
	}{
		{0.02, 1, 0.8, true, 1e-6}, {0.3, 2, 0.4, true, 1e-6}, {0.1, 0.7, 2, true, 1e-8}, {0.01, 0.4, 20, true, 1e-8},
		{1e-5, 0.6, 1e-3, true, 1e-6}, {2.06e-6, 0.448, 0.00258, true, 1e-9}, {1.95e-5, 1.5, 3.6e-4, true, 1e-9}, {0.02, 1, 0.03, false, 1e-9}, {0.3, 0.5, 0.7, false, 1e-9}, {1e-6, 0.8, 1.5e-6, false, 1e-9},
	} {
		want, finer := bigDouble(c.q, c.sigma, c.epsilon, c.remove, 32), bigDouble(c.q, c.sigma, c.epsilon, c.remove, 48)
		slack := 2*math.Abs(want-finer) + 4e-16*finer
		p := Homogeneous(c.q, c.sigma, 2)
		r, err := Delta(p, c.epsilon)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Epsilon(p, finer)
		if err != nil {
			t.Fatal(err)
		}
		got, back := r.Add, e.Add
		if c.remove {
			got, back = r.Remove, e.Remove
		}
		if got.Lower > finer+slack || got.Upper < finer-slack || slack > 1e-10*finer || got.Upper-got.Lower > c.width*finer {
			t.Errorf("%+v: %v, want %v ± %v", c, got, finer, slack)
		}
		if wide := c.epsilon * (1e-12 + 100*slack/finer); back.Lower > c.epsilon+wide || back.Upper < c.epsilon-wide || back.Upper-back.Lower > (c.width+2e-9)*c.epsilon {
			t.Errorf("%+v: epsilon %v", c, back)
		}
	}
}
