package dp

import (
	"math"
	"testing"
)

func TestAdaptiveSplitsTheMultiplier(t *testing.T) {
	a := Adaptive{}.WithDefaults(2000)
	for _, z := range []float64{0.4, 0.8, 3, 50} {
		gradient, count := a.GradientMultiplier(z), 2*a.CountNoise
		if joint := 1 / math.Sqrt(1/gradient/gradient+1/count/count); joint < z || joint > z*(1+1e-12) {
			t.Errorf("z %v: the two releases together have multiplier %v", z, joint)
		}
	}
}

// TestAdaptiveFindsTheQuantile feeds norms of a log-normal: the clip must settle at their quantile. The noise of one
// step moves log C by at most η·σ_b·z/B = 0.2·z/20; over 200 steps it stays near the fixed point.
func TestAdaptiveFindsTheQuantile(t *testing.T) {
	const b = 2000
	for _, quantile := range []float64{0.3, 0.5, 0.9} {
		a := Adaptive{Quantile: quantile}.WithDefaults(b)
		norm := 50.0
		for step := range int64(300) {
			share := 0.5 * math.Erfc(-math.Log(norm)/math.Sqrt2)
			below := int(math.Round(share * b))
			count, err := a.NoisyCount(KeyFromSeed(4), step+1, below, b-below)
			if err != nil {
				t.Fatal(err)
			}
			norm = a.Next(norm, count, b)
		}
		want := math.Exp(math.Sqrt2 * math.Erfinv(2*quantile-1))
		if math.Abs(math.Log(norm/want)) > 0.25 {
			t.Errorf("quantile %v: norm %v, want about %v", quantile, norm, want)
		}
	}
}

func TestAdaptiveValidate(t *testing.T) {
	good := Adaptive{}.WithDefaults(100)
	if err := good.Validate(1); err != nil {
		t.Error(err)
	}
	for _, a := range []Adaptive{{1, 0.2, 5}, {0.5, 0, 5}, {0.5, 0.2, 0.1}, {0.5, 2, 5}} {
		if a.Validate(1) == nil {
			t.Errorf("%+v: no error", a)
		}
	}
	if good.Validate(10) == nil {
		t.Error("a count that costs more than the plan: no error")
	}
}
