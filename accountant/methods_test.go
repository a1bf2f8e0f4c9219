package accountant

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

// Every method gives finite numbers that JSON can hold, or an error, on any plan: one phase or two, every adjacency. Proven
// upper bounds do not lie below proven lower ones of another method.
func TestMethodsOnRandomPlans(t *testing.T) {
	methods := map[string]func(Plan, float64) (Result, error){
		"certified":           Epsilon,
		"certified-edgeworth": func(p Plan, d float64) (Result, error) { return CertifiedEdgeworth(p, d, 3) },
		"edgeworth-1":         func(p Plan, d float64) (Result, error) { return Edgeworth(p, d, 1) },
		"edgeworth-3":         func(p Plan, d float64) (Result, error) { return Edgeworth(p, d, 3) },
		"published":           func(p Plan, d float64) (Result, error) { return EdgeworthInterval(p, d, PublishedBound) },
		"general":             func(p Plan, d float64) (Result, error) { return EdgeworthInterval(p, d, GeneralBound) },
		"rdp":                 RDP,
		"gdp":                 GDP,
		"pld":                 PLD,
	}
	r := rand.New(rand.NewPCG(21, 22))
	for i := range 12 {
		p, delta := randomPlan(r)
		if i%3 == 1 {
			p.Adjacency = ReplaceOne
		}
		if i%4 == 3 {
			other, _ := randomPlan(r)
			p.Phases = append(p.Phases, other.Phases...)
		}
		exact := mustEpsilon(t, p, delta).Epsilon
		for name, method := range methods {
			got, err := method(p, delta)
			if err != nil {
				continue
			}
			for _, v := range []Interval{got.Epsilon, got.Remove, got.Add} {
				if math.IsNaN(v.Lower+v.Estimate) || math.IsNaN(v.Upper) || math.IsInf(v.Lower, 0) || math.IsInf(v.Upper, 0) || v.Lower < 0 || v.Lower > v.Upper {
					t.Errorf("%s, %v %s %g: %v", name, p.Phases, p.adjacency(), delta, v)
				}
			}
			if _, err := json.Marshal(got); err != nil {
				t.Errorf("%s, %v %g: %v", name, p.Phases, delta, err)
			}
			if got.Guarantee && (got.Epsilon.Upper < exact.Lower || got.Epsilon.Lower > exact.Upper) {
				t.Errorf("%s, %v %s %g: %v misses %v", name, p.Phases, p.adjacency(), delta, got.Epsilon, exact)
			}
		}
	}
}
