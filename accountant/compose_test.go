package accountant

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

// Plans that disagree, and tuned ones, are not composed; the larger data set counts for warnings.
func TestComposeRefuses(t *testing.T) {
	base := Homogeneous(0.01, 1, 10)
	change := func(f func(p *Plan)) Plan {
		p := base
		f(&p)
		return p
	}
	cut := change(func(p *Plan) { p.Sampler, p.MaxLot, p.DatasetSize = TruncatedPoisson, 50, 1000 })
	more := cut
	more.DatasetSize = 2000
	for _, c := range []struct {
		name string
		a, b Plan
		want string
	}{
		{"sampler", base, change(func(p *Plan) { p.Sampler = Shuffle }), "must agree"},
		{"adjacency", base, change(func(p *Plan) { p.Adjacency = ReplaceOne }), "must agree"},
		{"group", base, change(func(p *Plan) { p.GroupSize = 2 }), "must agree"},
		{"cut lots of two sizes", cut, more, "must be of one size"},
		{"tuned", base, change(func(p *Plan) { p.Tuning = &Tuning{Distribution: PoissonTrials, Mean: 3} }), "tuned run"},
	} {
		if _, err := Compose(c.a, c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Compose(); err == nil {
		t.Error("nothing was composed")
	}
	small, large := base, base
	small.DatasetSize, large.DatasetSize = 100, 1000
	if p, err := Compose(small, large); err != nil || p.DatasetSize != 1000 || p.Steps() != 20 {
		t.Errorf("composed %+v (%v)", p, err)
	}
}

// Steps beyond what is priced do not wrap round.
func TestRepeatOverflow(t *testing.T) {
	p := Homogeneous(0.01, 1, 1<<32+1).Repeat(1 << 32) // 2³² in 64 bits
	if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "steps") {
		t.Errorf("%d steps are valid (%v)", p.Steps(), err)
	}
	if err := Homogeneous(0.01, 1, 5).Repeat(0).Validate(); err == nil {
		t.Error("no repetition is valid")
	}
}

// Two ledgers cost what their plans together cost, to the bit, in any order; ledgers that disagree are not merged.
func TestMergeLedgers(t *testing.T) {
	one, _ := sampleLedger(t, 30)
	two, text := sampleLedger(t, 11)
	back, err := ReadLedger(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	a, err1 := MergeLedgers(one, two)
	b, err2 := MergeLedgers(back, one)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	want := mustEpsilon(t, Plan{Phases: []Phase{{0.01, 1, 21}, {0.01, 2, 20}}}, 1e-5).Epsilon
	if x, y := mustEpsilon(t, a, 1e-5).Epsilon, mustEpsilon(t, b, 1e-5).Epsilon; x != want || y != want {
		t.Errorf("merged %v and %v, want %v", x, y, want)
	}
	other, err := NewLedger(LedgerHeader{Delta: 1e-5, Adjacency: ReplaceOne})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Append(LedgerEvent{Kind: GaussianEvent, SamplingRate: 0.1, NoiseMultiplier: 1, Count: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := MergeLedgers(one, other); err == nil {
		t.Error("two adjacencies were merged")
	}
}

// A ledger of another version is refused, and one whose counts would overflow is not cheap.
func TestLedgerLimits(t *testing.T) {
	l, text := sampleLedger(t, 1)
	if _, err := ReadLedger(strings.NewReader(strings.Replace(string(text), "ledger/v1", "ledger/v2", 1))); err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("version 2: %v", err)
	}
	for range 3 {
		if _, err := l.Append(LedgerEvent{Kind: GaussianEvent, SamplingRate: 0.01, NoiseMultiplier: 1, Count: MaxSteps64}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Epsilon(); err == nil || !strings.Contains(err.Error(), "steps") {
		t.Errorf("priced: %v", err)
	}
}

// The curve over steps goes through a plan's phases in their order and ends at the whole.
func TestEpsilonOverPhases(t *testing.T) {
	p := Plan{Phases: []Phase{{0.01, 1, 100}, {0.02, 2, 50}}}
	points, err := EpsilonOverSteps(p, 1e-5, []int64{60, 100, 120, 150})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Plan{
		{Phases: []Phase{{0.01, 1, 60}}}, {Phases: []Phase{{0.01, 1, 100}}}, {Phases: []Phase{{0.01, 1, 100}, {0.02, 2, 20}}}, p,
	} {
		if exact := mustEpsilon(t, want, 1e-5).Epsilon; points[i].Interval != exact {
			t.Errorf("after %v steps %v, want %v", points[i].X, points[i].Interval, exact)
		}
	}
	for _, beyond := range []int64{0, 151} {
		if _, err := EpsilonOverSteps(p, 1e-5, []int64{beyond}); err == nil {
			t.Errorf("step %d has a price", beyond)
		}
	}
}

// For one Gaussian mechanism the trade-off function is Φ(Φ⁻¹(1−α) − μ) (Dong, Roth and Su 2022): the bound lies below it and
// within 1e-3, and the advantage is 2Φ(μ/2) − 1.
func TestTradeOffGaussian(t *testing.T) {
	const mu = 1.5
	phi := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	var alphas, want []float64
	for x := -4.0; x <= 4; x += 0.25 { // α = Φ(−x)
		alphas, want = append(alphas, phi(-x)), append(want, phi(x-mu))
	}
	points, err := TradeOff(Homogeneous(1, 2, 9), alphas)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		if p.Lower > want[i]+1e-12 || p.Lower < want[i]-1e-3 || p.Estimate > want[i]+1e-9 || p.Upper < want[i]-1e-12 || p.Upper-p.Lower > 1e-3 {
			t.Errorf("f(%v) = %v, bounds %v", alphas[i], want[i], p.Interval)
		}
	}
	attacks, err := Attacks(Homogeneous(1, 2, 9), []float64{0.01})
	if best := 2*phi(mu/2) - 1; err != nil || math.Abs(attacks[0].Advantage-best) > 1e-12 || attacks[0].TruePositiveRate < phi(-2.3263478740408408+mu) {
		t.Errorf("attack %+v, advantage %v (%v)", attacks[0], best, err)
	}
}

// Phases that have little in common, as a short costly one beside a long one that costs next to nothing, have intervals as narrow as one
// phase has: the contour's end must be looked for in each phase by itself.
func TestUnlikePhasesAreNarrow(t *testing.T) {
	for _, c := range []struct {
		phases []Phase
		delta  float64
	}{
		{[]Phase{{0.0014483497749447393, 19.391030119436678, 26734}, {4.036234820188105e-06, 3.49986174247296, 10647}, {0.010265008196693848, 0.28724904782085375, 635}}, 0.0003789175860620765},
		{[]Phase{{8.361797963284748e-06, 0.24346225768677285, 6424319}, {1.8922508544880626e-06, 25.144482311986174, 595304}, {1.2297344206052057e-06, 9.222983540449077, 49688}}, 0.0007005360271603602},
		{[]Phase{{0.01, 1, 1000}, {0.2, 20, 3}, {1e-6, 0.4, 100000}}, 1e-5},
	} {
		if e := mustEpsilon(t, Plan{Phases: c.phases}, c.delta).Epsilon; !(e.Upper-e.Lower <= 1e-9*e.Upper) {
			t.Errorf("%v: %v", c.phases, e)
		}
	}
}
