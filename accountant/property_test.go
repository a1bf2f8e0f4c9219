package accountant

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ewtune/ewtune/accountant/kernel"
)

func mustEpsilon(t testing.TB, p Plan, delta float64) Result {
	t.Helper()
	r, err := Epsilon(p, delta)
	if err != nil {
		t.Fatalf("%v %g: %v", p.Phases, delta, err)
	}
	return r
}

// At q = 1 − 2⁻⁴⁰ the contour and the lattice do the work, and the truth differs from the Gaussian closed form by less than
// 1e-9: two ways to one number.
func TestContourMeetsGaussian(t *testing.T) {
	for _, c := range []struct {
		sigma, delta float64
		steps        int64
	}{{1, 1e-5, 100}, {5, 1e-9, 1000}, {20, 0.01, 10000}, {0.7, 1e-6, 3}} {
		exact := mustEpsilon(t, Homogeneous(1, c.sigma, c.steps), c.delta)
		near := mustEpsilon(t, Homogeneous(1-0x1p-40, c.sigma, c.steps), c.delta)
		slack := 1e-8 * exact.Epsilon.Upper
		if near.Epsilon.Lower > exact.Epsilon.Upper+slack || near.Epsilon.Upper < exact.Epsilon.Lower-slack {
			t.Errorf("%+v: Gaussian %v, sampled %v", c, exact.Epsilon, near.Epsilon)
		}
	}
}

// The Gaussian mechanism's δ(ε), exact to 20 digits from mpmath: Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ).
func TestGaussianDelta(t *testing.T) {
	for _, c := range []struct{ mu, epsilon, want float64 }{
		{1, 1, 0.1269367375066439458},
		{0.5, 3, 3.4009117356735288e-10},
		{3, 0, 0.86638559746228386799},
	} {
		got := kernel.GaussianDelta(c.mu, c.epsilon)
		if got.Lower > c.want*(1+1e-14) || got.Upper < c.want*(1-1e-14) || got.Upper-got.Lower > 1e-10*c.want {
			t.Errorf("δ(%v; μ=%v) = %v, want %v", c.epsilon, c.mu, got, c.want)
		}
	}
}

// TF Privacy's and Opacus's tutorial: MNIST, lots of 256 of 60000, σ 1.1, 60 epochs, δ 1e-5 (dp_accounting's PLD gives
// 2.3816, its Rényi accountant 2.92 by the older and 2.597 by today's conversion).
func TestPeersExample(t *testing.T) {
	p := Homogeneous(256.0/60000, 1.1, 14062)
	r := mustEpsilon(t, p, 1e-5)
	if const2 := 2.38159692142440; math.Abs(r.Epsilon.Estimate-const2) > 1e-12 || r.Epsilon.Lower > const2+5e-15 || r.Epsilon.Upper < const2-5e-15 {
		t.Errorf("got %v, want %v", r.Epsilon, const2)
	}
	rdp, err := RDP(p, 1e-5)
	if err != nil || rdp.Epsilon.Upper < r.Epsilon.Upper || rdp.Epsilon.Upper > 2.7 {
		t.Errorf("rdp %v (%v)", rdp.Epsilon, err)
	}
}

// Any grouping, order or repetition of the same steps gives the same bits.
func TestComposition(t *testing.T) {
	one := Phase{0.01, 1.1, 7}
	two := Phase{0.02, 0.9, 5}
	n := func(ph Phase, steps int64) Phase { ph.Steps = steps; return ph }
	want := mustEpsilon(t, Plan{Phases: []Phase{n(one, 70), n(two, 50)}}, 1e-6).Epsilon
	cuts := []Plan{
		{Phases: []Phase{n(two, 50), n(one, 70)}},
		{Phases: []Phase{n(one, 1), n(two, 20), n(one, 69), n(two, 30)}},
		Plan{Phases: []Phase{one, two}}.Repeat(10),
	}
	var many []Plan
	for range 10 {
		many = append(many, Plan{Phases: []Phase{two, one}})
	}
	joined, err := Compose(many...)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range append(cuts, joined) {
		if got := mustEpsilon(t, p, 1e-6).Epsilon; got != want {
			t.Errorf("cut %d: %v, want %v", i, got, want)
		}
	}
}

// Phases priced together, whose mixture of two nearly equal ones must agree with the single one.
func TestPhasesAgreeWithOne(t *testing.T) {
	one := mustEpsilon(t, Homogeneous(0.01, 1, 1000), 1e-5).Epsilon
	two := mustEpsilon(t, Plan{Phases: []Phase{{0.01, 1, 400}, {0.01, math.Nextafter(1, 2), 600}}}, 1e-5).Epsilon
	if math.Abs(one.Estimate-two.Estimate) > 1e-12 || two.Lower > one.Upper+1e-14 || two.Upper < one.Lower-1e-14 {
		t.Errorf("one %v, two %v", one, two)
	}
}

// ε falls with σ and δ, rises with q and T: by its bounds, so that rounding cannot excuse a step the wrong way.
func TestMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		p, delta := randomPlan(r)
		checkMonotone(t, p, delta, 1+r.Float64())
	}
}

func checkMonotone(t *testing.T, p Plan, delta, factor float64) {
	t.Helper()
	base := mustEpsilon(t, p, delta).Epsilon
	ph := p.Phases[0]
	for name, more := range map[string]struct {
		p     Plan
		delta float64
	}{
		"noise": {Homogeneous(ph.SamplingRate, ph.NoiseMultiplier/math.Min(factor, ph.NoiseMultiplier/0.2), ph.Steps), delta},
		"steps": {Homogeneous(ph.SamplingRate, ph.NoiseMultiplier, ph.Steps+int64(factor*float64(ph.Steps))), delta},
		"rate":  {Homogeneous(math.Min(1, ph.SamplingRate*factor), ph.NoiseMultiplier, ph.Steps), delta},
		"delta": {p, delta / factor},
	} {
		if got := mustEpsilon(t, more.p, more.delta).Epsilon; got.Upper < base.Lower {
			t.Errorf("%v %g: %v; with more %s %v %g: %v", ph, delta, base, name, more.p.Phases, more.delta, got)
		}
	}
}

// δ(ε(δ)) encloses δ.
func TestDeltaInvertsEpsilon(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		p, delta := randomPlan(r)
		checkInverse(t, p, delta)
	}
}

func checkInverse(t *testing.T, p Plan, delta float64) {
	t.Helper()
	e := mustEpsilon(t, p, delta).Epsilon
	if e.Lower <= 0 || e.Upper > 600 {
		return
	}
	up, err1 := Delta(p, e.Upper)
	down, err2 := Delta(p, e.Lower)
	if err1 != nil || err2 != nil || up.Delta.Lower > delta || down.Delta.Upper < delta {
		t.Errorf("%v %g: epsilon %v, delta there %v and %v", p.Phases, delta, e, down.Delta, up.Delta)
	}
}

// What a solver returns meets the target by its upper bound, and its neighbour does not.
func TestSolversAreTight(t *testing.T) {
	for _, c := range []struct{ q, sigma, epsilon, delta float64 }{
		{0.01, 1, 2, 1e-5}, {0.001, 0.8, 1, 1e-6}, {0.2, 4, 5, 1e-4}, {1, 3, 3, 1e-7}, {2000.0 / 67349, 1, 8, 1e-5},
	} {
		const steps = 500
		upper := func(q, sigma float64, n int64) float64 {
			return mustEpsilon(t, Homogeneous(q, sigma, n), c.delta).Epsilon.Upper
		}
		sigma, err := NoiseMultiplier(c.q, steps, c.epsilon, c.delta)
		if err != nil || upper(c.q, sigma, steps) > c.epsilon || upper(c.q, below(sigma), steps) <= c.epsilon {
			t.Errorf("%+v: noise %v (%v)", c, sigma, err)
		}
		n, err := MaxSteps(c.q, c.sigma, 4*c.epsilon, c.delta)
		if err != nil || upper(c.q, c.sigma, n) > 4*c.epsilon || upper(c.q, c.sigma, n+1) <= 4*c.epsilon {
			t.Errorf("%+v: steps %v (%v)", c, n, err)
		}
		q, err := MaxSamplingRate(c.sigma, steps, c.epsilon, c.delta)
		if err != nil || upper(q, c.sigma, steps) > c.epsilon || q < 1 && upper(above(q), c.sigma, steps) <= c.epsilon {
			t.Errorf("%+v: rate %v (%v)", c, q, err)
		}
	}
}

// Replace-one costs more than add/remove and no more than removing and adding; a group of two more than one and no more
// than twice Gaussian distance allows at q = 1.
func TestAdjacencyOrder(t *testing.T) {
	p := Homogeneous(0.02, 1.5, 300)
	one := mustEpsilon(t, p, 1e-6).Epsilon
	p.Adjacency = ReplaceOne
	replace := mustEpsilon(t, p, 1e-6).Epsilon
	p.Adjacency = ZeroOut
	if zero := mustEpsilon(t, p, 1e-6).Epsilon; zero != one {
		t.Errorf("zero-out %v, add-remove %v", zero, one)
	}
	if replace.Lower <= one.Upper {
		t.Errorf("replace-one %v, add-remove %v", replace, one)
	}
	p.Adjacency, p.GroupSize = AddRemove, 2
	if two := mustEpsilon(t, p, 1e-6).Epsilon; two.Lower <= one.Upper {
		t.Errorf("group of two %v, one %v", two, one)
	}
	full := Homogeneous(1, 3, 10)
	full.GroupSize = 2
	if a, b := mustEpsilon(t, full, 1e-6).Epsilon, mustEpsilon(t, Homogeneous(1, 1.5, 10), 1e-6).Epsilon; math.Abs(a.Estimate-b.Estimate) > 1e-9 {
		t.Errorf("group of two at q=1 %v, half the noise %v", a, b)
	}
}

func FuzzEpsilon(f *testing.F) {
	f.Add(0.01, 1.0, int64(1000), 1e-5)
	f.Add(1e-7, 0.2, int64(1), 0.5)
	f.Add(1.0, 100.0, int64(10000000), 1e-15)
	f.Fuzz(func(t *testing.T, q, sigma float64, steps int64, delta float64) {
		p := Homogeneous(q, sigma, steps)
		if p.check(delta) != nil || sigma < 0.2 || sigma > 100 || steps > 1e7 || q < 1e-7 || delta < 1e-15 {
			if _, err := Epsilon(p, delta); (err == nil) != (p.check(delta) == nil) {
				t.Errorf("refused and priced: %v", err)
			}
			return
		}
		checkSound(t, p, delta)
		checkInverse(t, p, delta)
	})
}

// FuzzMonotone changes one argument of a plan by up to a factor of two: ε must not go the wrong way.
func FuzzMonotone(f *testing.F) {
	f.Add(0.01, 1.0, int64(1000), 1e-5, 1.5)
	f.Add(1e-7, 0.2, int64(2), 1e-15, 1.01)
	f.Add(0.9999, 99.0, int64(5000000), 0.4, 1.99)
	f.Add(1e-5, 0.6, int64(2), 2e-7, 1.0001)
	f.Fuzz(func(t *testing.T, q, sigma float64, steps int64, delta, factor float64) {
		if fuzzed(q, sigma, steps, delta) && factor > 1 && factor < 2 {
			checkMonotone(t, Homogeneous(q, sigma, steps), delta, factor)
		}
	})
}

// FuzzSolvers inverts: what a solver returns is within the budget, its neighbour is not, and the noise that was put in
// comes out again.
func FuzzSolvers(f *testing.F) {
	f.Add(0.01, 1.0, int64(1000), 1e-5)
	f.Add(0.5, 20.0, int64(300), 1e-12)
	f.Add(0.03, 0.7, int64(600), 1e-6)
	f.Fuzz(func(t *testing.T, q, sigma float64, steps int64, delta float64) {
		if fuzzed(q, sigma, steps, delta) && steps >= 100 && q*float64(steps) > 1 { // elsewhere a search takes a second
			checkSolvers(t, q, sigma, steps, delta)
		}
	})
}

// fuzzed tells whether a plan lies in the space of the random plans.
func fuzzed(q, sigma float64, steps int64, delta float64) bool {
	return q >= 1e-7 && q <= 1 && sigma >= 0.2 && sigma <= 100 && steps >= 1 && steps <= 1e7 && delta >= 1e-15 && delta <= 0.5
}

// checkSolvers takes a plan's own upper ε as the budget. The noise found is at most the plan's own, up to a step of the
// grid, the steps and the rate at least.
func checkSolvers(t *testing.T, q, sigma float64, steps int64, delta float64) {
	t.Helper()
	budget := mustEpsilon(t, Homogeneous(q, sigma, steps), delta).Epsilon.Upper
	if !(budget > 1e-9 && budget < 1e4) {
		return
	}
	upper := func(q, sigma float64, n int64) float64 {
		return mustEpsilon(t, Homogeneous(q, sigma, n), delta).Epsilon.Upper
	}
	s, err := NoiseMultiplier(q, steps, budget, delta)
	if err != nil || upper(q, s, steps) > budget || s > MinNoiseMultiplier && upper(q, below(s), steps) <= budget {
		t.Errorf("q %v, %d steps, ε %v, δ %v: noise %v (%v)", q, steps, budget, delta, s, err)
	}
	n, err := MaxSteps(q, sigma, budget, delta)
	if err != nil || upper(q, sigma, n) > budget || n < MaxSteps64 && upper(q, sigma, n+1) <= budget {
		t.Errorf("q %v, σ %v, ε %v, δ %v: %d steps (%v)", q, sigma, budget, delta, n, err)
	}
	r, err := MaxSamplingRate(sigma, steps, budget, delta)
	if err != nil || upper(r, sigma, steps) > budget || r < 1 && upper(above(r), sigma, steps) <= budget {
		t.Errorf("σ %v, %d steps, ε %v, δ %v: rate %v (%v)", sigma, steps, budget, delta, r, err)
	}
}

// Solvers at the ends of the space: few and very many steps, much and little noise, tiny δ.
func TestSolversAtExtremes(t *testing.T) {
	for _, c := range []struct {
		q, sigma float64
		steps    int64
		delta    float64
	}{{1, 100, 1, 1e-15}, {0.5, 20, 2, 1e-12}, {1e-4, 5, 10000000, 1e-15}, {0.9, 0.3, 50, 1e-9}, {1, 0.2, 1, 0.4}, {0.01, 1, 1, 1e-6}} {
		checkSolvers(t, c.q, c.sigma, c.steps, c.delta)
	}
}

func FuzzReadLedger(f *testing.F) {
	l, err := NewLedger(LedgerHeader{Delta: 1e-5})
	if err != nil {
		f.Fatal(err)
	}
	text := l.HeaderLine()
	line, err := l.Append(LedgerEvent{Kind: GaussianEvent, SamplingRate: 0.1, NoiseMultiplier: 1, Count: 3})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(text, line...))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ReadLedger(bytes.NewReader(data))
		if l == nil {
			return
		}
		if l.Size() > int64(len(data)) || err == nil && l.Size() != int64(len(data)) {
			t.Errorf("size %d of %d bytes (%v)", l.Size(), len(data), err)
		}
		again, err := NewLedger(l.Header())
		if err != nil {
			t.Fatal(err)
		}
		text := again.HeaderLine()
		for _, e := range l.Events() {
			line, err := again.Append(e)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, line...)
		}
		if !bytes.Equal(text, data[:l.Size()]) || again.Head() != l.Head() {
			t.Errorf("written again:\n%s\nread:\n%s", text, data)
		}
	})
}
