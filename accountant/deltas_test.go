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

// At the ends of what is accepted no accountant answers with a number that is none, or with an interval that is not in order.
func TestEndsOfRange(t *testing.T) {
	replaced, group := Homogeneous(0.01, 1, 1000), Homogeneous(0.01, 1, 1)
	replaced.Adjacency, group.GroupSize = ReplaceOne, 3
	sound := func(v Interval) bool { return v.Lower >= 0 && v.Lower <= v.Estimate && v.Estimate <= v.Upper }
	for _, p := range []Plan{Homogeneous(0.01, 1, 1000), Homogeneous(0.01, 1, 1), Homogeneous(1, 1, 10), Homogeneous(1e-7, 0.3, 10), replaced, group,
		{Phases: []Phase{{0.01, 1, 10}, {1, 3, 2}}}} {
		for _, x := range []float64{0, 1e-300, 709, 746, 1e8, 1e15, MaxEpsilon} {
			for name, f := range map[string]func(Plan, float64) (Result, error){"certified": Delta, "rdp": RDPDelta, "gdp": GDPDelta} {
				if r, err := f(p, x); err != nil || !sound(r.Delta) || r.Delta.Upper > 1 {
					t.Errorf("%v: %s delta at epsilon %g: %v %v", p.Phases, name, x, r.Delta, err)
				}
			}
		}
		for _, x := range []float64{MinDelta, 1 - 1e-16} {
			for name, f := range map[string]func(Plan, float64) (Result, error){"certified": Epsilon, "rdp": RDP, "gdp": GDP} {
				if r, err := f(p, x); err != nil || !sound(r.Epsilon) || r.Epsilon.Upper > 1e9 {
					t.Errorf("%v: %s epsilon at delta %g: %v %v", p.Phases, name, x, r.Epsilon, err)
				}
			}
		}
		for _, x := range []float64{math.Nextafter(MaxEpsilon, math.Inf(1)), math.Inf(1), math.NaN(), -1e-300} {
			if r, err := Delta(p, x); err == nil {
				t.Errorf("epsilon %g: %v", x, r.Delta)
			}
		}
		if r, err := Epsilon(p, MinDelta/2); err == nil {
			t.Errorf("delta %g: %v", MinDelta/2, r.Epsilon)
		}
	}
}
