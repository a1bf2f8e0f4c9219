package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// Package math is right to a unit or two, so the promised error plus that bounds the difference.
func TestElementaryAgainstMath(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	within := func(name string, x, got, want, units float64) {
		t.Helper()
		if math.Abs(got-want) > units*unit*math.Abs(want) && math.Abs(want) > 1e-300 {
			t.Fatalf("%s(%v): got %v, want %v", name, x, got, want)
		}
	}
	for range 200000 {
		x := (r.Float64() - 0.5) * 1400
		within("Exp", x, Exp(x), math.Exp(x), 6)
		e := (r.Float64() - 0.5) * math.Exp((r.Float64()-0.8)*20)
		if e < 700 {
			within("Expm1", e, Expm1(e), math.Expm1(e), 6)
		}
		y := math.Exp((r.Float64() - 0.5) * 1400)
		within("Log", y, Log(y), math.Log(y), 4)
		if e > -1 {
			within("Log1p", e, Log1p(e), math.Log1p(e), 5)
		}
		z := (r.Float64() - 0.2) * 33
		within("Erfc", z, Erfc(z), math.Erfc(z), 14)
		a, b := r.NormFloat64(), r.NormFloat64()
		within("Atan2", a, Atan2(a, b), math.Atan2(a, b), 8)
		s, c := Sincos(e)
		ws, wc := math.Sincos(e)
		if math.Abs(s-ws) > 6*unit || math.Abs(c-wc) > 6*unit {
			t.Fatalf("Sincos(%v): %v %v, want %v %v", e, s, c, ws, wc)
		}
	}
}

func TestElementaryEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct{ got, want float64 }{
		{Exp(inf), inf}, {Exp(-inf), 0}, {Exp(0), 1}, {Exp(-800), 0}, {Exp(710), inf},
		{Log(0), -inf}, {Log(1), 0}, {Log(inf), inf}, {Log1p(0), 0}, {Expm1(0), 0}, {Expm1(-inf), -1},
		{Erfc(inf), 0}, {Erfc(-inf), 2}, {Erfc(0), 1}, {Log1p(-1), -inf},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	for _, v := range []float64{Exp(nan), Log(nan), Log(-1), Erfc(nan)} {
		if v == v {
			t.Errorf("got %v, want NaN", v)
		}
	}
}

// What the comments promise in units, against 300-bit arithmetic: logarithms and angles by going back. Points are random, and
// crowd where one formula takes over from another.
func TestElementaryWithinPromise(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	far := func(got float64, want *big.Float) float64 {
		gap, _ := bigAdd(bigOf(-got), want).Float64()
		size, _ := want.Float64()
		return math.Abs(gap/size) / unit
	}
	most := map[string]float64{}
	note := func(name string, x, units, promised float64) {
		most[name] = math.Max(most[name], units/promised)
		if !(units <= promised) {
			t.Fatalf("%s(%v): off by %.2f units, %v are promised", name, x, units, promised)
		}
	}
	zero := bigOf(0)
	for i := range 4000 {
		x := (r.Float64() - 0.5) * math.Exp(12*r.Float64()-6)
		if near := []float64{0.34657359, -0.34657359, 1.03972, -0.29, 0.41, 0.7854, 2.3562}; i%2 == 0 {
			x = near[i/2%len(near)] * (1 + 1e-2*r.NormFloat64())
		}
		e, _ := bigCexp(bigOf(x), zero)
		less := bigAdd(e, bigOf(-1))
		note("Exp", x, far(Exp(x), e), 2)
		note("Expm1", x, far(Expm1(x), less), 8)
		if math.Abs(x) < 0.3467 {
			note("r1", x, far(r1(x), less), 2)
		}
		cos, sin := bigCexp(zero, bigOf(x))
		s, c := Sincos(x)
		gap, _ := bigAdd(bigOf(-s), sin).Float64()
		other, _ := bigAdd(bigOf(-c), cos).Float64()
		note("Sincos", x, math.Max(math.Abs(gap), math.Abs(other))/unit, 2+math.Abs(x))

		y := math.Abs(x)
		back, _ := bigCexp(bigOf(-Log(y)), zero)
		gap, _ = bigAdd(bigMul(back, bigOf(y)), bigOf(-1)).Float64()
		note("Log", y, math.Abs(gap/Log(y))/unit, 2)
		if x > -1 {
			back, _ = bigCexp(bigOf(-Log1p(x)), zero)
			gap, _ = bigAdd(bigMul(back, bigAdd(bigOf(x), bigOf(1))), bigOf(-1)).Float64()
			note("Log1p", x, math.Abs(gap/Log1p(x))/unit, 3)
		}
		a := Atan2(x, 1)
		cos, sin = bigCexp(zero, bigOf(a))
		gap, _ = bigAdd(sin, bigMul(cos, bigOf(-x))).Float64() // sin(a − θ)/cos θ
		note("Atan2", x, math.Abs(gap/math.Hypot(1, x)/a)/unit, 6)
	}
	t.Logf("shares of what is promised: %v", most)
}
