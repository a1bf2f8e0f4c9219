package accountant

import (
	"math"
	"testing"
)

// Each method's δ at its own ε(δ) is δ again, for one phase and for two; bounds enclose what is exact.
func TestDeltasInvert(t *testing.T) {
	const delta = 1e-5
	for _, p := range []Plan{Homogeneous(0.02, 0.9, 400), {Phases: []Phase{{0.01, 1, 300}, {0.03, 1.4, 200}}}} {
		for _, c := range []struct {
			name    string
			epsilon func() (Result, error)
			delta   func(epsilon float64) (Result, error)
			wide    float64
		}{
			{"rdp", func() (Result, error) { return RDP(p, delta) }, func(x float64) (Result, error) { return RDPDelta(p, x) }, 1e-6},
			{"gdp", func() (Result, error) { return GDP(p, delta) }, func(x float64) (Result, error) { return GDPDelta(p, x) }, 1e-9},
			{"pld", func() (Result, error) { return PLD(p, delta) }, func(x float64) (Result, error) { return PLDDelta(p, x) }, 1e-2},
			{"edgeworth", func() (Result, error) { return Edgeworth(p, delta, 2) }, func(x float64) (Result, error) { return EdgeworthDelta(p, x, 2) }, 1e-9},
			{"certified-edgeworth", func() (Result, error) { return CertifiedEdgeworth(p, delta, 2) }, func(x float64) (Result, error) { return CertifiedEdgeworthDelta(p, x, 2) }, 1e-4},
		} {
			there, err := c.epsilon()
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			back, err := c.delta(there.Remove.Estimate)
			if err != nil || math.Abs(back.Remove.Estimate/delta-1) > c.wide || back.Method != there.Method || back.Guarantee != there.Guarantee {
				t.Errorf("%s: δ(%v) = %v, want %v (%v)", c.name, there.Remove.Estimate, back.Remove, delta, err)
			}
			if c.name == "edgeworth" && back.Delta != back.Remove {
				t.Errorf("edgeworth: δ %v is not that of the remove direction %v", back.Delta, back.Remove)
			}
			exact, err := Delta(p, there.Remove.Estimate)
			if err != nil || back.Guarantee && (back.Delta.Lower > exact.Delta.Upper || back.Delta.Upper < exact.Delta.Lower) {
				t.Errorf("%s: %v misses the exact %v (%v)", c.name, back.Delta, exact.Delta, err)
			}
		}
	}
}

// They refuse what their epsilons refuse.
func TestDeltasRefuse(t *testing.T) {
	shuffled := Homogeneous(0.01, 1, 100)
	shuffled.Sampler = Shuffle
	for name, f := range map[string]func(Plan, float64) (Result, error){
		"rdp": RDPDelta, "gdp": GDPDelta, "pld": PLDDelta,
		"edgeworth":           func(p Plan, x float64) (Result, error) { return EdgeworthDelta(p, x, 1) },
		"certified-edgeworth": func(p Plan, x float64) (Result, error) { return CertifiedEdgeworthDelta(p, x, 1) },
	} {
		for _, bad := range []struct {
			p       Plan
			epsilon float64
		}{{shuffled, 1}, {Homogeneous(2, 1, 1), 1}, {Homogeneous(0.1, 1, 1), -1}, {Homogeneous(0.1, 1, 1), math.NaN()}} {
			if _, err := f(bad.p, bad.epsilon); err == nil {
				t.Errorf("%s priced %+v at %v", name, bad.p, bad.epsilon)
			}
		}
	}
}
