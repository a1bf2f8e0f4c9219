package accountant

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// randomPlan draws over the whole space that is priced: q 1e-7…1, σ 0.2…100, T 1…1e7, δ 1e-15…0.5, all on log scales.
func randomPlan(r *rand.Rand) (Plan, float64) {
	between := func(lo, hi float64) float64 { return lo * math.Exp(r.Float64()*math.Log(hi/lo)) }
	q := between(1e-7, 1)
	if r.IntN(20) == 0 {
		q = 1
	}
	return Homogeneous(q, between(0.2, 100), int64(between(1, 1e7))), between(1e-15, 0.5)
}

// Random plans: no panic, NaN, negative or reversed interval; not above the Rényi bound, not below one step.
func TestRandomPlans(t *testing.T) {
	n := 300
	if v, err := strconv.Atoi(os.Getenv("EWTUNE_RANDOM_PLANS")); err == nil {
		n = v
	}
	seed := uint64(1)
	if v, err := strconv.Atoi(os.Getenv("EWTUNE_RANDOM_SEED")); err == nil {
		seed = uint64(v)
	}
	r := rand.New(rand.NewPCG(seed, 2))
	for range n {
		p, delta := randomPlan(r)
		checkSound(t, p, delta)
	}
}

func checkSound(t *testing.T, p Plan, delta float64) {
	t.Helper()
	res, err := Epsilon(p, delta)
	if err != nil {
		t.Errorf("%v %g: %v", p.Phases, delta, err)
		return
	}
	for _, v := range []Interval{res.Epsilon, res.Remove, res.Add} {
		if !(v.Lower >= 0 && v.Lower <= v.Estimate && v.Estimate <= v.Upper) || math.IsInf(v.Upper, 0) {
			t.Errorf("%v %g: interval %v", p.Phases, delta, v)
		}
	}
	if rdp, err := RDP(p, delta); err == nil && res.Epsilon.Lower > rdp.Epsilon.Upper {
		t.Errorf("%v %g: %v lies above the Rényi bound %v", p.Phases, delta, res.Epsilon, rdp.Epsilon.Upper)
	}
}
