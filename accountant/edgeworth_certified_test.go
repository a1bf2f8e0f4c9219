package accountant

import (
	"math"
	"strings"
	"testing"
)

// Tilted Edgeworth values from an independent 30-digit program: cumulants by its own quadrature, and the integral of the
// expansion in closed form, by the recurrence of ∫ e^(−ay) Heₙ φ, where ours integrates.
func TestTiltedEdgeworth(t *testing.T) {
	for _, c := range []struct {
		q, sigma float64
		steps    int64
		order    int
		remove   float64
		add      float64
	}{
		{0.0297, 0.65, 606, 1, 12.963920818258844, 6.3741329298855508},
		{0.0297, 0.65, 606, 3, 12.95992772432337, 6.3744540585555611},
		{2000.0 / 392702, 0.557, 3920, 1, 9.1490243297361167, 4.4867432154001397},
		{2000.0 / 392702, 0.557, 3920, 3, 9.1407028955002587, 4.4870191738697388},
		{0.01, 1, 1000, 1, 1.8028619430576744, 1.4166140421267909},
		{0.01, 1, 1000, 3, 1.7995486691840585, 1.4166625680379507},
	} {
		p := Homogeneous(c.q, c.sigma, c.steps)
		r, err := CertifiedEdgeworth(p, 1e-5, c.order)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(r.Remove.Estimate/c.remove-1) > 1e-10 || math.Abs(r.Add.Estimate/c.add-1) > 1e-10 {
			t.Errorf("%+v: got %.15g and %.15g", c, r.Remove.Estimate, r.Add.Estimate)
		}
		exact := mustEpsilon(t, p, 1e-5)
		if r.Epsilon.Lower != exact.Epsilon.Lower || r.Epsilon.Upper != exact.Epsilon.Upper || !r.Guarantee || r.Order != float64(c.order) {
			t.Errorf("%+v: certificate %v, want that of %v", c, r, exact)
		}
		if !strings.Contains(strings.Join(r.Warnings, " "), "outside the certified interval") {
			t.Errorf("%+v: no word of its error: %v", c, r.Warnings)
		}
		plain, err := Edgeworth(p, 1e-5, c.order)
		if err != nil || math.Abs(plain.Remove.Estimate-exact.Remove.Estimate) < 2*math.Abs(r.Remove.Estimate-exact.Remove.Estimate) {
			t.Errorf("%+v: the untilted value %v is not worse than %v", c, plain.Remove.Estimate, r.Remove.Estimate)
		}
	}
}

// A Gaussian loss has no third cumulant: the value is exact, phases or not, and lies inside.
func TestTiltedEdgeworthGaussian(t *testing.T) {
	for _, p := range []Plan{Homogeneous(1, 3, 10), group(1, 9, 10, 3), {Phases: []Phase{{1, 4, 7}, {1, 9, 30}}}, {Phases: []Phase{{1, 4, 7}}, Adjacency: ReplaceOne}} {
		for _, delta := range []float64{1e-12, 1e-5, 0.3} {
			r, err := CertifiedEdgeworth(p, delta, 3)
			exact := mustEpsilon(t, p, delta).Epsilon
			if err != nil || math.Abs(r.Epsilon.Estimate-exact.Estimate) > 1e-10*exact.Estimate+1e-14 {
				t.Errorf("%v at %g: %v, exact %v (%v)", p.Phases, delta, r.Epsilon, exact, err)
			}
		}
	}
}

// Any plan gets a certificate and a finite value.
func TestTiltedEdgeworthEverywhere(t *testing.T) {
	for _, p := range []Plan{Homogeneous(1e-7, 0.2, 1), Homogeneous(0.5, 0.2, 3), Homogeneous(1e-4, 1, 1e7), Homogeneous(0.9, 100, 1), Homogeneous(0.01, 1, 10)} {
		for _, delta := range []float64{1e-15, 1e-5, 0.5} {
			r, err := CertifiedEdgeworth(p, delta, 2)
			exact := mustEpsilon(t, p, delta).Epsilon
			if err != nil || !(r.Epsilon.Estimate >= 0) || math.IsInf(r.Epsilon.Estimate, 0) || r.Epsilon.Upper != exact.Upper || r.Epsilon.Lower != exact.Lower {
				t.Errorf("%v at %g: %v, certificate %v (%v)", p.Phases, delta, r.Epsilon, exact, err)
			}
		}
	}
}
