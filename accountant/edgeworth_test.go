package accountant

import (
	"math"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// The noise multipliers in the authors' training logs (ε = 8), found again on their own search grid.
func TestPaperNoiseMultipliers(t *testing.T) {
	for _, c := range []struct {
		task  string
		rows  float64
		steps int64
		delta float64
		want  float64
	}{
		{"MNLI", 392702, 3920, 1e-5, 0.557},
		{"QQP", 363849, 3620, 1e-5, 0.5635},
		{"QNLI", 104743, 1040, 1e-5, 0.711},
		{"SST-2", 67349, 660, 1e-5, 0.7865},
		{"MNLI", 392702, 3920, 1e-6, 0.573},
		{"QQP", 363849, 3620, 1e-6, 0.580},
		{"QNLI", 104743, 1040, 1e-6, 0.7395},
		{"SST-2", 67349, 660, 1e-6, 0.8215},
	} {
		got, err := PaperNoiseMultiplier(2000/c.rows, c.steps, 8, c.delta)
		if err != nil || got != c.want {
			t.Errorf("%s at %g: got %v, want %v (%v)", c.task, c.delta, got, c.want, err)
		}
	}
}

// Orders 1, 2 and 3 at the five settings, to the digits that are known of them.
func TestEdgeworthOrders(t *testing.T) {
	for i, want := range [][3]float64{{11.89, 12.56, 13.08}, {6.56, 6.97, 7.32}, {1.895, 1.932, 1.921}, {3.293, 3.272, 3.250}, {5.15, 5.36, 5.55}} {
		s := benchSettings[i]
		for order := 1; order <= 3; order++ {
			r, err := Edgeworth(s.plan, s.delta, order)
			if digit := 0.005; err != nil || math.Abs(r.Epsilon.Estimate-want[order-1]) > digit+1e-9 || r.Guarantee {
				t.Errorf("setting %d order %d: got %v, want %v (%v)", i+1, order, r.Epsilon, want[order-1], err)
			}
		}
	}
}

// Several roots, a negative and a rising curve are told in warnings, and the root that is given is the last one: beyond it
// the approximation stays below delta.
func TestEdgeworthWarnings(t *testing.T) {
	for _, c := range []struct {
		q, sigma, delta float64
		steps           int64
		order           int
		warned, several bool
	}{
		{0.01, 1, 1e-5, 1000, 1, false, false},
		{0.02, 0.4, 0.01, 50, 2, true, false},
		{1e-4, 0.5, 1e-5, 1000, 2, true, true},
		{0.01, 0.5, 1e-3, 10, 3, true, true},
	} {
		p := Homogeneous(c.q, c.sigma, c.steps)
		r, err := Edgeworth(p, c.delta, c.order)
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Join(r.Warnings, "; ")
		if strings.Contains(words, "remove: the approximation of delta is negative or rises") != c.warned || strings.Contains(words, "the largest is given") != c.several && c.several {
			t.Errorf("%+v: warnings %s", c, words)
		}
		remove, _, err := Cumulants(p)
		if err != nil {
			t.Fatal(err)
		}
		own, other := kernel.Cumulants(remove.Own), kernel.Cumulants(remove.Other)
		for x := r.Remove.Estimate * (1 + 1e-9); x < r.Remove.Estimate+20; x += 0.001 {
			if v := kernel.EdgeworthDelta(&own, &other, c.order, x); v > c.delta {
				t.Fatalf("%+v: the approximation is %v at %v, beyond the root %v", c, v, x, r.Remove.Estimate)
			}
		}
	}
}
