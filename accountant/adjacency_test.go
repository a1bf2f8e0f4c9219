package accountant

import (
	"math"
	"testing"
)

// stepDensity is the density at x of a step's output when k of a group's records may be in it: Σ C(k,j) q^j (1−q)^(k−j) N(js, σ²).
func stepDensity(x, q, sigma, shift float64, k int) float64 {
	sum, choose := 0.0, 1.0
	for j := 0; j <= k; j++ {
		d := (x - shift*float64(j)) / sigma
		sum += choose * math.Pow(q, float64(j)) * math.Pow(1-q, float64(k-j)) * math.Exp(-d*d/2)
		choose *= float64(k-j) / float64(j+1)
	}
	return sum / (sigma * math.Sqrt(2*math.Pi))
}

// hockey is δ(ε) = ∫∫ (p − e^ε p')₊ of two steps by the mid-point rule, from the densities themselves.
func hockey(epsilon, from, to float64, n int, p, other func(float64) float64) float64 {
	h := (to - from) / float64(n)
	a, b := make([]float64, n), make([]float64, n)
	for i := range a {
		x := from + h*(float64(i)+0.5)
		a[i], b[i] = p(x), other(x)
	}
	e, sum := math.Exp(epsilon), 0.0
	for i := range a {
		for j := range a {
			sum += math.Max(0, a[i]*a[j]-e*b[i]*b[j])
		}
	}
	return sum * h * h
}

// Groups, replace-one and zero-out at two steps enclose the double integral over the mechanisms' densities.
func TestAdjacenciesAgainstIntegral(t *testing.T) {
	const q, sigma, epsilon = 0.3, 1.5, 0.7
	none := func(x float64) float64 { return stepDensity(x, q, sigma, 0, 1) }
	for name, c := range map[string]struct {
		adjacency Adjacency
		group     int
		p, other  func(float64) float64
	}{
		"zero-out": {ZeroOut, 1, func(x float64) float64 { return stepDensity(x, q, sigma, 1, 1) }, none},
		"group 2":  {AddRemove, 2, func(x float64) float64 { return stepDensity(x, q, sigma, 1, 2) }, none},
		"group 3":  {AddRemove, 3, func(x float64) float64 { return stepDensity(x, q, sigma, 1, 3) }, none},
		"replace":  {ReplaceOne, 1, func(x float64) float64 { return stepDensity(x, q, sigma, 1, 1) }, func(x float64) float64 { return stepDensity(x, q, sigma, -1, 1) }},
	} {
		const n = 1500
		remove := hockey(epsilon, -14, 17, n, c.p, c.other)
		slack := 3*math.Abs(remove-hockey(epsilon, -14, 17, n/2, c.p, c.other)) + 1e-12
		p := Homogeneous(q, sigma, 2)
		p.Adjacency, p.GroupSize = c.adjacency, c.group
		got, err := Delta(p, epsilon)
		if err != nil || got.Remove.Lower > remove+slack || got.Remove.Upper < remove-slack || slack > 1e-4*remove {
			t.Errorf("%s: remove %v, integral %v ± %v (%v)", name, got.Remove, remove, slack, err)
		}
		add := hockey(epsilon, -14, 17, n, c.other, c.p)
		slack = 3*math.Abs(add-hockey(epsilon, -14, 17, n/2, c.other, c.p)) + 1e-12
		if got.Add.Lower > add+slack || got.Add.Upper < add-slack {
			t.Errorf("%s: add %v, integral %v ± %v", name, got.Add, add, slack)
		}
		back, err := Epsilon(p, remove)
		if err != nil || back.Remove.Lower > epsilon+1e-3 || back.Remove.Upper < epsilon-1e-3 {
			t.Errorf("%s: epsilon %v (%v)", name, back.Remove, err)
		}
		t.Logf("%s: remove %v, integral %v; epsilon %v", name, got.Remove, remove, back.Remove)
	}
}

// Replacing costs at least what removing or adding does, and at most what removing does and the greatest loss of adding, at every epsilon
// and delta; where it comes out wide by itself, that is what narrows it.
func TestReplaceBetween(t *testing.T) {
	for _, c := range []struct {
		q, sigma float64
		steps    int64
	}{{0.01, 1, 1000}, {0.001, 0.8, 3000}, {0.3, 5, 20}, {1e-4, 0.7, 20000}} {
		whole := Homogeneous(c.q, c.sigma, c.steps)
		replaced := whole
		replaced.Adjacency = ReplaceOne
		most := -float64(c.steps) * math.Log1p(-c.q)
		for _, delta := range []float64{1e-3, 1e-6, 1e-10} {
			e := newEngine()
			both := mustEpsilon(t, whole, delta)
			if v := e.epsilonAlone(&replaced.problems()[0], delta, 0); v.Upper < both.Epsilon.Lower || v.Lower > both.Remove.Upper+most {
				t.Errorf("%+v, delta %g: %v, removing %v, adding %v and %v", c, delta, v, both.Remove, both.Add, most)
			}
		}
	}
	rare := Homogeneous(1.1e-5, 0.41, 430)
	rare.Adjacency = ReplaceOne
	v := mustEpsilon(t, rare, 1e-12).Epsilon
	if v.Upper-v.Lower > 1e-3*v.Upper {
		t.Errorf("rare steps: %v", v)
	}
	r, err := Delta(rare, v.Estimate)
	if err != nil || r.Delta.Upper-r.Delta.Lower > 0.2*r.Delta.Upper {
		t.Errorf("rare steps: %v %v", r.Delta, err)
	}
}
