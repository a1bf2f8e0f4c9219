package accountant

import (
	"math"
	"testing"
)

// Where the published bound says something it encloses the truth; at the paper's settings it says nothing, and says so.
func TestEdgeworthInterval(t *testing.T) {
	for _, c := range []struct {
		q, sigma, delta float64
		steps           int64
		vacuous         bool
	}{
		{0.001, 2, 0.1, 1e6, false},
		{0.001, 1, 0.1, 1e6, false},
		{0.001, 4, 0.1, 1e6, false},
		{2000.0 / 392702, 0.557, 1e-5, 3920, true},
	} {
		p := Homogeneous(c.q, c.sigma, c.steps)
		r, err := EdgeworthInterval(p, c.delta)
		if err != nil {
			t.Fatal(err)
		}
		exact := mustEpsilon(t, p, c.delta).Epsilon
		if (r.Epsilon.Upper == math.MaxFloat64) != c.vacuous || r.Epsilon.Lower > exact.Lower || r.Epsilon.Upper < exact.Upper {
			t.Errorf("%+v: %v, exact %v", c, r.Epsilon, exact)
		}
	}
}
