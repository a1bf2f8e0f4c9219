package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestElementaryAgainstMath(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worst := map[string]float64{}
	see := func(name string, got, want float64) {
		if want == 0 || math.Abs(want) < 1e-300 {
			return
		}
		worst[name] = math.Max(worst[name], math.Abs(got/want-1)/unit)
	}
	for range 200000 {
		x := (r.Float64() - 0.5) * 1200
		see("exp", Exp(x), math.Exp(x))
		y := math.Exp((r.Float64() - 0.5) * 80)
		see("expm1", Expm1(math.Log1p(y)*(r.Float64()-.5)), 0)
		e := (r.Float64() - 0.5) * math.Exp((r.Float64()-0.8)*20)
		if e < 700 {
			see("expm1", Expm1(e), math.Expm1(e))
		}
		see("log", Log(y), math.Log(y))
		if e > -1 {
			see("log1p", Log1p(e), math.Log1p(e))
		}
		see("erfc", Erfc((r.Float64()-.2)*30), math.Erfc((r.Float64()-.2)*0))
		z := (r.Float64() - .2) * 30
		see("erfc2", Erfc(z), math.Erfc(z))
		a, b := r.NormFloat64(), r.NormFloat64()
		see("atan2", Atan2(a, b), math.Atan2(a, b))
		s, c := Sincos(e)
		if math.Abs(e) < 1e9 {
			ws, wc := math.Sincos(e)
			see("sincos", 1+s-ws, 1)
			see("sincos", 1+c-wc, 1)
		}
	}
	t.Log(worst)
}
