package accountant

import (
	"math"
	"testing"
)

// What the peers' own test suites, examples and programs say of the same plans. PLD and fine-grid Rényi values of
// dp-accounting 0.6.0 are upper bounds; Opacus 1.6 and prv-accountant 0.2 as named.

// Intervals of prv-accountant's kind, [value − 0.011, value], and upper bounds of PLDs enclose ours.
func TestPeersUpperBounds(t *testing.T) {
	for _, c := range []struct {
		name       string
		p          Plan
		delta      float64
		want, wide float64 // want − wide ≤ ε ≤ want
	}{
		{"TF Privacy, MNIST", Homogeneous(256.0/60000, 1.1, 14062), 1e-5, 2.38159692142441, 1e-13},
		{"Opacus, test_prv_accountant", Homogeneous(0.04, 1.5, 2250), 1e-5, 6.777395712150674, 0.011},
		{"dp-accounting, replace-one", replaceOne(0.01, 1, 1000), 1e-5, 2.8434458118173023, 1e-5},
		{"dp-accounting, replace-one", replaceOne(0.02, 1.5, 300), 1e-6, 2.107930169393413, 1e-5},
		{"dp-accounting, replace-one", replaceOne(0.3, 4, 50), 1e-5, 4.6574869974004285, 1e-5},
		{"dp-accounting, replace-one", replaceOne(0.0297, 0.65, 606), 1e-5, 16.66810286144836, 1e-5},
		{"dp-accounting, two records", group(0.02, 1.5, 300, 2), 1e-6, 2.6181191851399146, 1e-5},
		{"dp-accounting, four records", group(0.01, 3, 200, 4), 1e-5, 0.7355596847021202, 1e-5},
		{"dp-accounting, add-remove", Homogeneous(0.0297, 0.65, 606), 1e-5, 12.9598410491 + 1.2e-6, 2e-6},
	} {
		if got := mustEpsilon(t, c.p, c.delta).Epsilon; got.Lower > c.want || got.Upper < c.want-c.wide {
			t.Errorf("%s: %v, want [%v, %v]", c.name, got, c.want-c.wide, c.want)
		}
	}
}

func replaceOne(q, sigma float64, steps int64) Plan {
	p := Homogeneous(q, sigma, steps)
	p.Adjacency = ReplaceOne
	return p
}

func group(q, sigma float64, steps int64, size int) Plan {
	p := Homogeneous(q, sigma, steps)
	p.GroupSize = size
	return p
}

// dp-accounting's test of three steps at q = 0.2, σ = 0.5 (δ(1) = 0.15594), and the noise that Opacus' solvers find: no less
// than ours, which is the least.
func TestPeersSmallPlans(t *testing.T) {
	r, err := Delta(Homogeneous(0.2, 0.5, 3), 1)
	if err != nil || math.Abs(r.Delta.Estimate-0.15594) > 1e-5 {
		t.Errorf("δ(1) = %v, want 0.15594 (%v)", r.Delta, err)
	}
	for _, c := range []struct {
		steps int64
		want  float64
	}{{2250, 1.34765625}, {2000, 1.2915}} {
		got, err := NoiseMultiplier(0.04, c.steps, 8, 1e-5)
		if err != nil || got > c.want+5e-5 || got < c.want-0.01 {
			t.Errorf("%d steps: noise %v, Opacus %v (%v)", c.steps, got, c.want, err)
		}
	}
}

// Rényi values by an independent 25-digit quadrature at the order that is best; and grids of orders, dp-accounting's
// of 3000 real ones and Opacus' own, give no less.
func TestRDPPeers(t *testing.T) {
	for _, c := range []struct {
		q, sigma, delta     float64
		steps               int64
		exact, fine, opacus float64
	}{
		{0.0297, 0.65, 1e-5, 606, 14.566924260927726, 14.608215011482017, 14.586629587402227},
		{2000.0 / 392702, 0.6, 1e-6, 3534, 0, 8.981028056665785, 8.984565225850234},
		{0.01, 1, 1e-5, 1000, 2.1013221312347011, 2.1013236627489817, 2.1013652716430564},
		{0.001, 0.8, 1e-7, 100000, 0, 3.5408652544963974, 3.541120645096194},
		{1e-4, 0.5, 1e-10, 1000000, 0, 8.970470381253362, 8.975234315446556},
		{256.0 / 60000, 1.1, 1e-5, 14062, 0, 2.5965440124148245, 2.5965558689607486},
		{0.5, 3, 1e-6, 20, 4.1591431888170031, 4.15940609118073, 4.159213335506778},
		{0.04, 1.5, 1e-5, 2250, 0, 7.33, 7.32911117143},
	} {
		r, err := RDP(Homogeneous(c.q, c.sigma, c.steps), c.delta)
		got := r.Epsilon.Upper
		if err != nil || got > math.Min(c.fine, c.opacus) || got < 0.99*math.Min(c.fine, c.opacus) {
			t.Errorf("%+v: got %v (%v)", c, got, err)
		}
		if c.exact > 0 && (got < c.exact*(1-1e-12) || got > c.exact+2e-9) {
			t.Errorf("%+v: got %.15g, by quadrature %.15g", c, got, c.exact)
		}
	}
}

// Opacus' GDP estimates.
func TestGDPPeers(t *testing.T) {
	for _, c := range []struct {
		q, sigma, delta, want float64
		steps                 int64
	}{
		{0.0297, 0.65, 1e-5, 11.716243974693757, 606},
		{0.01, 1, 1e-5, 1.6177118087467202, 1000},
		{1e-4, 0.5, 1e-10, 4.663831866707289, 1000000},
		{0.5, 3, 1e-6, 3.619830341214995, 20},
	} {
		r, err := GDP(Homogeneous(c.q, c.sigma, c.steps), c.delta)
		if err != nil || math.Abs(r.Epsilon.Estimate/c.want-1) > 1e-10 || r.Guarantee {
			t.Errorf("%+v: got %v (%v)", c, r.Epsilon, err)
		}
	}
}

// Lots of fixed size: dp-accounting's values, whose multiplier is over twice the clipping norm; and no less than the exact
// epsilon of one data set in which only the replaced record has a gradient, which is that of Poisson sampling.
func TestFixedSizePeers(t *testing.T) {
	for _, c := range []struct {
		rows, lot, sigma float64
		steps            int64
		want             float64
	}{
		{1000, 10, 4, 1000, 1.445298242121019},
		{60000, 256, 2.2, 5000, 2.9520296058634603},
		{100, 50, 20, 10, 1.1462459281940428},
	} {
		p := replaceOne(c.lot/c.rows, c.sigma, c.steps)
		floor := mustEpsilon(t, p, 1e-5).Epsilon.Lower
		p.Sampler = Fixed
		got := mustEpsilon(t, p, 1e-5).Epsilon.Upper
		if got < floor || math.Abs(got/c.want-1) > 1e-7 {
			t.Errorf("%+v: got %.12g, at least %v", c, got, floor)
		}
	}
	for mu := 0.1; mu < 3; mu *= 2 {
		two, four := math.Expm1(mu*mu), math.Exp(6*mu*mu)-4*math.Exp(3*mu*mu)+6*math.Exp(mu*mu)-3
		if a, b := math.Exp(centralMoment(mu, 2)), math.Exp(centralMoment(mu, 4)); math.Abs(a/two-1) > 1e-12 || math.Abs(b/four-1) > 1e-11/math.Pow(mu, 4) {
			t.Errorf("moments at %v: %v and %v, want %v and %v", mu, a, b, two, four)
		}
	}
}

// Tuning: dp-accounting on 600 real orders gives no less and little more; Poisson trials of one Gaussian from the theorem's
// formula, evaluated here on a grid of orders.
func TestTuningPeers(t *testing.T) {
	for _, c := range []struct {
		q, sigma, delta, shape, stop, want float64
		steps                              int64
	}{
		{0.01, 1.5, 1e-5, 1, 0.1, 2.133006989409339, 1000},
		{0.01, 1.5, 1e-5, 0, 0.1, 1.5872858260075295, 1000},
		{0.01, 1.5, 1e-5, 0.5, 0.02, 2.1929764325506427, 1000},
		{1, 5, 1e-6, 1, 0.05, 1.9612024304258222, 1},
	} {
		p := Homogeneous(c.q, c.sigma, c.steps)
		p.Tuning = &Tuning{Distribution: NegativeBinomial, Shape: c.shape, Stop: c.stop}
		if got := mustEpsilon(t, p, c.delta).Epsilon.Upper; got > c.want || got < c.want-5e-5 {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	for _, mean := range []float64{0.5, 10, 1000} {
		const sigma, delta = 5.0, 1e-6
		want := math.Inf(1)
		for x := math.Log(0.01); x < math.Log(1e3); x += 0.001 {
			a := 1 + math.Exp(x)
			eps := math.Log1p(1 / (a - 1))
			loss := math.Erfc((eps*sigma-0.5/sigma)/math.Sqrt2)/2 - math.Exp(eps)*math.Erfc((eps*sigma+0.5/sigma)/math.Sqrt2)/2
			more := math.Max(0, mean*loss+math.Log(mean)/(a-1))
			want = math.Min(want, a/(2*sigma*sigma)+more+math.Log1p(-1/a)-math.Log(delta*a)/(a-1))
		}
		p := Homogeneous(1, sigma, 1)
		p.Tuning = &Tuning{Distribution: PoissonTrials, Mean: mean}
		if got := mustEpsilon(t, p, delta).Epsilon.Upper; math.Abs(got/want-1) > 1e-5 {
			t.Errorf("Poisson trials, mean %v: got %v, want %v", mean, got, want)
		}
	}
}

// Many steps of little loss: the limit is near the truth in every adjacency.
func TestGDPLimit(t *testing.T) {
	for _, p := range []Plan{Homogeneous(1e-3, 1.5, 1e6), replaceOne(1e-3, 1.5, 1e6), group(1e-3, 2, 1e6, 3)} {
		r, err := GDP(p, 1e-5)
		exact := mustEpsilon(t, p, 1e-5).Epsilon.Estimate
		if err != nil || math.Abs(r.Epsilon.Estimate/exact-1) > 0.01 {
			t.Errorf("%+v: %v, exact %v (%v)", p, r.Epsilon, exact, err)
		}
	}
}
