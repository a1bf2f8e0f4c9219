package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

const testBits = 300

func bigOf(x float64) *big.Float { return new(big.Float).SetPrec(testBits).SetFloat64(x) }
func (x dd) big() *big.Float     { return new(big.Float).SetPrec(testBits).Add(bigOf(x.hi), bigOf(x.lo)) }

func bigAdd(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(testBits).Add(a, b) }
func bigMul(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(testBits).Mul(a, b) }

// bigCexp is e^(a+ib) by halving 60 times, the series, and squaring back.
func bigCexp(a, b *big.Float) (re, im *big.Float) {
	const deep = 60
	x := new(big.Float).SetPrec(testBits+80).SetMantExp(a, -deep)
	y := new(big.Float).SetPrec(testBits+80).SetMantExp(b, -deep)
	num := func(v float64) *big.Float { return new(big.Float).SetPrec(testBits + 80).SetFloat64(v) }
	mul := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(testBits+80).Mul(a, b) }
	add := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(testBits+80).Add(a, b) }
	sub := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(testBits+80).Sub(a, b) }
	re, im = num(1), num(0)
	tr, ti := num(1), num(0)
	for k := 1.0; k < 9; k++ {
		tr, ti = sub(mul(tr, x), mul(ti, y)), add(mul(tr, y), mul(ti, x))
		over := new(big.Float).SetPrec(testBits+80).Quo(num(1), num(k))
		tr, ti = mul(tr, over), mul(ti, over)
		re, im = add(re, tr), add(im, ti)
	}
	for range deep {
		re, im = sub(mul(re, re), mul(im, im)), mul(num(2), mul(re, im))
	}
	return re, im
}

// off returns |x − want| over size, in fineUnits.
func off(x dd, want *big.Float, size float64) float64 {
	gap, _ := new(big.Float).Sub(x.big(), want).Float64()
	return math.Abs(gap) / size / fineUnit
}

func randomDD(r *rand.Rand, size float64) dd {
	x := (2*r.Float64() - 1) * size
	return quickSum(x, x*(r.Float64()-0.5)*0x1p-53)
}

// Sums, products and quotients err by less than half a fineUnit, against 300-bit arithmetic.
func TestDoubleArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		x, y := randomDD(r, 1), randomDD(r, math.Exp(20*r.Float64()-10))
		sum := bigAdd(x.big(), y.big())
		s, _ := sum.Float64()
		product := bigMul(x.big(), y.big())
		p, _ := product.Float64()
		inverse := new(big.Float).SetPrec(testBits).Quo(bigOf(1), x.big())
		v, _ := inverse.Float64()
		for name, wrong := range map[string]float64{
			"sum": off(x.add(y), sum, math.Abs(s)), "product": off(x.mul(y), product, math.Abs(p)),
			"inverse": off(x.inverse(), inverse, math.Abs(v)), "plus": off(x.plus(y.hi), bigAdd(x.big(), bigOf(y.hi)), math.Abs(x.hi+y.hi)),
			"times": off(x.times(y.hi), bigMul(x.big(), bigOf(y.hi)), math.Abs(x.hi*y.hi)),
		} {
			if wrong > 0.5 {
				t.Fatalf("%s of %v and %v: off by %.2f", name, x, y, wrong)
			}
		}
	}
}

// The exponential, the logarithms and log((e^L − 1)/L) against 300-bit arithmetic: logarithms by exponentiating back.
func TestDoubleFunctions(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 3000 {
		z := complexDD{randomDD(r, math.Exp(12*r.Float64()-6)), randomDD(r, math.Exp(18*r.Float64()-9))}
		if i%2 == 0 {
			z = complexDD{randomDD(r, 1.5), randomDD(r, 1.5)}
		}
		e := z.exp()
		re, im := bigCexp(z.re.big(), z.im.big())
		size := math.Exp(z.re.hi)
		if wrong := math.Max(off(e.re, re, size), off(e.im, im, size)); wrong > 1+0.1*math.Abs(z.re.hi)+0.1*math.Abs(z.im.hi) {
			t.Fatalf("e^%v: off by %.2f", z, wrong)
		}
	}
	for i := range 3000 {
		small := math.Exp(-40 * r.Float64())
		z := complexDD{randomDD(r, small), randomDD(r, small)}
		if i%2 == 0 {
			z = complexDD{randomDD(r, 1), randomDD(r, 1)}
		}
		l := z.log1p()
		// e^l − 1 = z, and d(e^l)/dl = 1+z
		re, im := bigCexp(l.re.big(), l.im.big())
		re = bigAdd(re, bigOf(-1))
		size := math.Hypot(l.re.hi, l.im.hi)*math.Hypot(1+z.re.hi, z.im.hi) + 0.1*fineUnit
		if wrong := math.Max(off(z.re, re, size), off(z.im, im, size)); wrong > 2 && size > 1e-25 {
			t.Fatalf("log1p %v: off by %.2f", z, wrong)
		}
	}
	for range 2000 {
		rho := math.Exp(8*r.Float64() - 5)
		sin, cos := math.Sincos(0.7 * r.Float64())
		l := complexDD{dd{rho * cos, 0}, dd{rho * sin, 0}}
		log := complexDD{logOf(rho * cos), dd{}}
		half := complexDD{dd{0, 0}, l.im.mul(l.re.inverse())}
		log = half.log1p().add(log) // log L = log Re L + log(1 + i Im/Re)
		got := l.logQuotient(log).add(log)
		re, im := bigCexp(got.re.big(), got.im.big()) // e^L − 1
		wr, wi := bigCexp(l.re.big(), l.im.big())
		wr = bigAdd(wr, bigOf(-1))
		a, _ := wr.Float64()
		b, _ := wi.Float64()
		size := math.Hypot(a, b)
		grow := 1 + math.Abs(got.re.hi) + math.Abs(got.im.hi)
		if g := new(big.Float).Sub(re, wr); g.Sign() != 0 {
			x, _ := g.Float64()
			y, _ := new(big.Float).Sub(im, wi).Float64()
			if wrong := math.Hypot(x, y) / size / fineUnit; wrong > 2*grow {
				t.Fatalf("log((e^L − 1)/L) at %v: off by %.2f", l, wrong)
			}
		}
	}
}

// The constants: powers, sines, factorials; the Gauss rule integrates x^(2k) up to degree 38.
func TestDoubleTables(t *testing.T) {
	for j, x := range twoTo {
		power := bigOf(1)
		for range 32 {
			power = bigMul(power, x.big())
		}
		if wrong := off(dd{}, bigAdd(power, bigOf(-math.Ldexp(1, j))), math.Ldexp(1, j)); wrong > 4 {
			t.Errorf("2^(%d/32): off by %.1f", j, wrong)
		}
	}
	for j, x := range sines {
		_, sin := bigCexp(bigOf(0), bigMul(bigPi(), bigOf(float64(j)/32)))
		if wrong := off(x, sin, 1); wrong > 0.1 {
			t.Errorf("sin %dπ/32: off by %.1f", j, wrong)
		}
	}
	factorial := bigOf(1)
	for k, x := range overFactorial {
		factorial = bigMul(factorial, bigOf(math.Max(1, float64(k))))
		if wrong := off(dd{}, bigAdd(bigMul(factorial, x.big()), bigOf(-1)), 1); wrong > 0.1 {
			t.Errorf("1/%d!: off by %.1f", k, wrong)
		}
	}
	for degree := 0; degree < 40; degree += 2 {
		sum := new(big.Float).SetPrec(testBits).Quo(bigOf(-2), bigOf(float64(degree+1)))
		for k := range fineAbscissa {
			term := bigMul(bigOf(2), fineWeight[k].big())
			for range degree {
				term = bigMul(term, fineAbscissa[k].big())
			}
			sum = bigAdd(sum, term)
		}
		if wrong, _ := sum.Float64(); math.Abs(wrong) > 1e-30 {
			t.Errorf("x^%d: off by %.1e", degree, wrong)
		}
	}
}
