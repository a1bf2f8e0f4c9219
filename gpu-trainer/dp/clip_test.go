package dp

import (
	"math"
	"testing"
)

func TestFactor(t *testing.T) {
	flat, auto := Clip{Norm: 2}, Clip{Norm: 2, Mode: ClipAutomatic}
	cases := []struct {
		name       string
		clip       Clip
		norm, want float64
	}{
		{"below", flat, 1, 1}, {"zero", flat, 0, 1}, {"at", flat, 2, 1}, {"above", flat, 8, 0.25},
		{"not a number", flat, math.NaN(), 0}, {"infinite", flat, math.Inf(1), 0},
		{"automatic", auto, 3.99, 0.5}, {"automatic, zero", auto, 0, 200}, {"automatic, infinite", auto, math.Inf(1), 0},
		{"one of four groups", flat.Group(4), 4, 0.25},
	}
	for _, c := range cases {
		if got := c.clip.Factor(c.norm); !(math.Abs(got-c.want) <= 1e-15*c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFactorBoundsTheNorm(t *testing.T) {
	for _, clip := range []Clip{{Norm: 0.1}, {Norm: 0.1, Mode: ClipAutomatic}, {Norm: 10}} {
		for n := 1e-12; n < 1e12; n *= 1.37 {
			// One rounded division and one rounded product: two units in the last place.
			if got := clip.Factor(n) * n; got > clip.Norm*(1+0x1p-51) {
				t.Errorf("%+v: norm %v becomes %v", clip, n, got)
			}
		}
	}
}

func TestClipValidate(t *testing.T) {
	good := Clip{Norm: 1, Quantum: 0x1p-40}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Clip{{Norm: 0, Quantum: 1}, {Norm: math.NaN(), Quantum: 1}, {Norm: math.Inf(1), Quantum: 1}, {Norm: 1, Quantum: 3}, {Norm: 1}, {Norm: 1, Quantum: 1, Mode: "hard"}} {
		if c.Validate() == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}
