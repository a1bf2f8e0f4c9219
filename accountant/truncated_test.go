package accountant

import (
	"math"
	"strings"
	"testing"
)

// A cap that is never reached costs nothing; a lower one costs more and more, up to half the noise in every step where all
// lots are cut.
func TestTruncatedPoisson(t *testing.T) {
	p := Homogeneous(256.0/60000, 1.1, 1000)
	poisson := mustEpsilon(t, p, 1e-5).Epsilon
	narrow := mustEpsilon(t, Homogeneous(256.0/60000, 0.55, 1000), 1e-5).Epsilon
	p.Sampler, p.DatasetSize = TruncatedPoisson, 60000
	last := poisson.Upper
	for _, limit := range []int64{60001, 420, 380, 330, 200} {
		p.MaxLot = limit
		r := mustEpsilon(t, p, 1e-5)
		if r.Epsilon.Upper < last || r.Epsilon.Lower > poisson.Lower || r.Epsilon.Lower > r.Epsilon.Upper {
			t.Errorf("cap %d: %v, Poisson %v", limit, r.Epsilon, poisson)
		}
		last = r.Epsilon.Upper
	}
	if last < narrow.Lower || last > narrow.Upper*(1+1e-9) {
		t.Errorf("every lot cut: %v, half the noise %v", last, narrow)
	}
}

// dp-accounting 0.6.0 on the same capped plans: its bound and ours differ by what each leaves to a tail, and neither lies
// below Poisson's.
func TestTruncatedPeers(t *testing.T) {
	for _, c := range []struct {
		rows, limit, steps int64
		lot, sigma, want   float64
	}{
		{1000, 40, 100, 20, 1, 1.47026414787193},
		{1000, 50, 100, 20, 1, 1.427347646792433},
		{60000, 340, 1000, 256, 1.1, 0.5987782994248656},
		{60000, 330, 1000, 256, 1.1, 0.5999587978261014},
	} {
		p := Homogeneous(c.lot/float64(c.rows), c.sigma, c.steps)
		poisson := mustEpsilon(t, p, 1e-5).Epsilon
		p.Sampler, p.DatasetSize, p.MaxLot = TruncatedPoisson, c.rows, c.limit
		got := mustEpsilon(t, p, 1e-5).Epsilon
		if got.Upper < poisson.Upper || math.Abs(got.Upper/c.want-1) > 5e-3 {
			t.Errorf("%+v: %v, Poisson %v", c, got, poisson)
		}
	}
}

// What the parts leave out and take in is a probability: with any wide share they add up to 1 or a little more. One wide step
// in two phases costs no less than in one.
func TestTruncatedMixture(t *testing.T) {
	one := Homogeneous(0.02, 1, 100)
	for _, wide := range []float64{1e-12, 1e-5, 0.01, 0.4, 1} {
		parts, rest := one.mixed([]float64{wide}, 1e-8)
		sum := rest
		for _, part := range parts {
			sum += part.share
		}
		if sum < 1-1e-12 || wide < 0.1 && sum > 1+2e-8 || rest > 1e-8 || len(parts) > 9 {
			t.Errorf("wide share %v: %d parts, %v in all, rest %v", wide, len(parts), sum, rest)
		}
	}
	two := Plan{Phases: []Phase{{0.02, 1, 40}, {0.02, math.Nextafter(1, 2), 60}}}
	for _, p := range []*Plan{&one, &two} {
		p.Sampler, p.DatasetSize, p.MaxLot = TruncatedPoisson, 1000, 45
	}
	a, b := mustEpsilon(t, one, 1e-5).Epsilon.Upper, mustEpsilon(t, two, 1e-5).Epsilon.Upper
	if b < a-1e-9 || b > 1.05*a {
		t.Errorf("one phase %v, two %v", a, b)
	}
}

// Under replace-one the wide pair is that of replace-one; under zero-out a cut lot counts as a breach, so a cap that is often
// reached proves nothing, and says so.
func TestTruncatedAdjacency(t *testing.T) {
	p := replaceOne(0.02, 1, 100)
	poisson := mustEpsilon(t, p, 1e-5).Epsilon.Upper
	p.Sampler, p.DatasetSize, p.MaxLot = TruncatedPoisson, 1000, 50
	if r := mustEpsilon(t, p, 1e-5); r.Epsilon.Upper <= poisson || r.Epsilon.Upper > 1.001*poisson || r.Add != r.Remove {
		t.Errorf("replace-one: %v and %v, Poisson %v", r.Remove, r.Add, poisson)
	}
	p.Adjacency = ZeroOut
	if r := mustEpsilon(t, p, 1e-5); r.Epsilon.Upper > 1.6 {
		t.Errorf("zero-out: %v", r.Epsilon)
	}
	p.MaxLot = 30
	if r := mustEpsilon(t, p, 1e-5); r.Epsilon.Upper != math.MaxFloat64 || !strings.Contains(strings.Join(r.Warnings, " "), "max_lot 30: lots pass it too often") {
		t.Errorf("zero-out at 30: %+v", r)
	}
}

// The bound lies above the exact tail, summed in 200 bits, and not far.
func TestBinomialAbove(t *testing.T) {
	const n, q = 1000, 0.02
	for _, m := range []int64{21, 30, 60} {
		exact := num(0)
		term := num(1)
		for range n {
			term = mul(term, sub(num(1), num(q)))
		}
		for k := int64(0); k <= n; k++ {
			if k > m {
				exact = add(exact, term)
			}
			term = quo(mul(mul(term, num(float64(n-k))), num(q)), mul(num(float64(k+1)), sub(num(1), num(q))))
		}
		want, _ := exact.Float64()
		if got := binomialAbove(n, q, m); got < want || got > 3*want {
			t.Errorf("Pr[> %d]: %v, exact %v", m, got, want)
		}
	}
}

// The solvers of capped lots, which look at δ(ε) while they search, end where the price itself says so.
func TestTruncatedSolvers(t *testing.T) {
	p := Homogeneous(0.02, 1, 100)
	p.Sampler, p.DatasetSize, p.MaxLot = TruncatedPoisson, 1000, 45
	const delta = 1e-5
	upper := func(p Plan) float64 { return mustEpsilon(t, p, delta).Epsilon.Upper }
	s, err := SolveNoise(p, 2, delta)
	if err != nil || upper(p.withNoise(s)) > 2 || upper(p.withNoise(below(s))) <= 2 {
		t.Errorf("noise %v (%v)", s, err)
	}
	n, err := SolveSteps(p.withNoise(s), 2, delta)
	if err != nil || n < 100 || upper(p.withNoise(s).withSteps(n)) > 2 || upper(p.withNoise(s).withSteps(n+1)) <= 2 {
		t.Errorf("steps %v (%v)", n, err)
	}
	p.MaxLot = 21
	p.Adjacency = ZeroOut // and no noise is enough where a cut lot is a breach
	if _, err := SolveNoise(p, 2, delta); err == nil {
		t.Error("zero-out: noise for lots that are always cut")
	}
}
