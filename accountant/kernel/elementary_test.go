package kernel

import (
	"math"
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
