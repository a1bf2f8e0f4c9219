package accountant

import (
	"math"
	"strings"
	"testing"
)

// Where a published bound says something it encloses the truth; at the paper's settings all three say nothing, and say so.
func TestEdgeworthInterval(t *testing.T) {
	for _, bound := range []EdgeworthBound{PublishedBound, GeneralBound, RegularBound} {
		for _, c := range []struct {
			q, sigma, delta float64
			steps           int64
			vacuous         bool
		}{
			{0.001, 2, 0.1, 1e6, false},
			{0.001, 1, 0.1, 1e6, false},
			{0.001, 4, 0.1, 1e6, false},
			{2000.0 / 392702, 0.557, 1e-5, 3920, true},
			{2000.0 / 67349, 0.7865, 1e-5, 660, true},
		} {
			p := Homogeneous(c.q, c.sigma, c.steps)
			r, err := EdgeworthInterval(p, c.delta, bound)
			if err != nil {
				t.Fatal(err)
			}
			exact := mustEpsilon(t, p, c.delta).Epsilon
			vacuous := strings.Contains(strings.Join(r.Warnings, " "), "vacuous")
			if vacuous != c.vacuous || r.Epsilon.Lower > exact.Lower || r.Epsilon.Upper < exact.Upper || r.Guarantee {
				t.Errorf("%s, %+v: %v, exact %v", bound, c, r.Epsilon, exact)
			}
		}
	}
}

// The figures of the publication: ε = 0.398 in [0.369, 0.430] for a million steps at δ = 0.1 (σ = 0.8, q = 0.08 √(log T/T)),
// and for MNLI, ε = 8, δ known within ±1107.
func TestPublishedInterval(t *testing.T) {
	r, err := EdgeworthInterval(Homogeneous(0.08*math.Sqrt(math.Log(1e6)/1e6), 0.8, 1e6), 0.1, PublishedBound)
	if got := r.Epsilon; err != nil || math.Abs(got.Lower-0.369) > 5e-4 || math.Abs(got.Estimate-0.398) > 5e-4 || math.Abs(got.Upper-0.430) > 5e-4 {
		t.Errorf("million steps: %v (%v)", got, err)
	}
	p := Homogeneous(2000.0/392702, 0.557, 3920)
	r, err = EdgeworthInterval(p, 1e-5, PublishedBound)
	if half := (r.Remove.Estimate - 7.9995); err != nil || math.Abs(half) > 1e-4 {
		t.Errorf("MNLI: estimate %v (%v)", r.Remove.Estimate, err)
	}
	y, x, err := newEngine().edgeworthErrors(&p.problems()[0], PublishedBound)
	if wide := y + math.Exp(8)*x; err != nil || math.Abs(wide-1107) > 0.6 {
		t.Errorf("MNLI: ±%v (%v)", wide, err)
	}
}

// The same steps as one phase or as two of nearly equal noise, which are no longer taken as identically distributed: the
// bound for others is one that the first may use too. And the regular bound is the tighter one for many steps.
func TestEdgeworthIntervalPhases(t *testing.T) {
	one := Homogeneous(0.001, 1, 1e6)
	two := Plan{Phases: []Phase{{0.001, 1, 4e5}, {0.001, math.Nextafter(1, 2), 6e5}}}
	width := map[EdgeworthBound]float64{}
	for _, bound := range []EdgeworthBound{PublishedBound, GeneralBound, RegularBound} {
		a, err := EdgeworthInterval(one, 0.1, bound)
		if err != nil {
			t.Fatal(err)
		}
		b, err := EdgeworthInterval(two, 0.1, bound)
		if err != nil || b.Epsilon.Upper < a.Epsilon.Upper-1e-9 || b.Epsilon.Lower > a.Epsilon.Lower+1e-9 || b.Epsilon.Upper > a.Epsilon.Upper+0.1 {
			t.Errorf("%s: one phase %v, two %v (%v)", bound, a.Epsilon, b.Epsilon, err)
		}
		width[bound] = a.Epsilon.Upper - a.Epsilon.Lower
	}
	if width[RegularBound] > width[GeneralBound] {
		t.Errorf("widths %v", width)
	}
}
