package accountant

import (
	"math"
	"strings"
	"testing"
)

// Shuffling is never priced as Poisson: the answer is the Gaussian of one look an epoch, and the Poisson value is marked.
func TestShuffle(t *testing.T) {
	p := Homogeneous(0.01, 1, 1000)
	poisson := mustEpsilon(t, p, 1e-5).Epsilon
	p.Sampler = Shuffle
	r := mustEpsilon(t, p, 1e-5)
	gauss := mustEpsilon(t, Homogeneous(1, 1, 10), 1e-5).Epsilon
	if r.NotValid == nil || *r.NotValid != poisson || math.Abs(r.Epsilon.Upper-gauss.Upper) > 1e-9 || !strings.Contains(strings.Join(r.Warnings, " "), "not valid for shuffling") {
		t.Errorf("%+v", r)
	}
	if _, err := RDP(p, 1e-5); err == nil {
		t.Error("rdp priced shuffling")
	}
}

// Lots of fixed size: at a sampling rate of 1 the Gaussian of twice the distance, by whole orders only.
func TestFixedSize(t *testing.T) {
	p := Homogeneous(1, 20, 10)
	p.Sampler, p.Adjacency = Fixed, ReplaceOne
	r := mustEpsilon(t, p, 1e-5)
	exact := mustEpsilon(t, Homogeneous(1, 10, 10), 1e-5).Epsilon
	if r.Epsilon.Upper < exact.Upper || r.Epsilon.Upper > 1.3*exact.Upper {
		t.Errorf("fixed %v, Gaussian %v", r.Epsilon, exact)
	}
	if by, err := RDP(p, 1e-5); err != nil || by.Epsilon != r.Epsilon {
		t.Errorf("rdp %v %v, certified %v", by.Epsilon, err, r.Epsilon)
	}
	p.Phases[0].SamplingRate = 0.01
	if less := mustEpsilon(t, p, 1e-5); less.Epsilon.Upper >= r.Epsilon.Upper/3 {
		t.Errorf("sampling 1 %%: %v, all %v", less.Epsilon, r.Epsilon)
	}
}

// Tuning costs more than one run, more for more trials, and is refused with values out of range.
func TestTuning(t *testing.T) {
	p := Homogeneous(0.01, 1.5, 1000)
	last := mustEpsilon(t, p, 1e-5).Epsilon.Upper
	for _, stop := range []float64{0.5, 0.1, 0.01} {
		p.Tuning = &Tuning{Distribution: NegativeBinomial, Shape: 1, Stop: stop}
		if trials := p.Tuning.ExpectedTrials(); math.Abs(trials*stop-1) > 1e-12 {
			t.Errorf("geometric, stop %v: %v trials", stop, trials)
		}
		r := mustEpsilon(t, p, 1e-5)
		if r.Epsilon.Upper <= last || r.Method != "rdp" {
			t.Errorf("stop %v: %v after %v", stop, r.Epsilon, last)
		}
		last = r.Epsilon.Upper
	}
	p.Tuning = &Tuning{Distribution: PoissonTrials, Mean: 10}
	if r := mustEpsilon(t, p, 1e-5); r.Epsilon.Upper <= mustEpsilon(t, Homogeneous(0.01, 1.5, 1000), 1e-5).Epsilon.Upper {
		t.Errorf("poisson trials: %v", r.Epsilon)
	}
	for _, bad := range []Tuning{{}, {Distribution: NegativeBinomial, Stop: 2}, {Distribution: NegativeBinomial, Shape: -1, Stop: .5}, {Distribution: PoissonTrials}} {
		p.Tuning = &bad
		if _, err := Epsilon(p, 1e-5); err == nil {
			t.Errorf("%+v: priced", bad)
		}
	}
}

// A ledger with a tuning event is priced as a whole, and nothing may follow.
func TestLedgerTuning(t *testing.T) {
	l, _ := sampleLedger(t, 10)
	plain, err := l.Epsilon()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(LedgerEvent{Kind: TuningEvent, Tuning: &Tuning{Distribution: NegativeBinomial, Shape: 1, Stop: 0.2}}); err != nil {
		t.Fatal(err)
	}
	tuned, err := l.Epsilon()
	if err != nil || tuned.Epsilon.Upper <= plain.Epsilon.Upper {
		t.Errorf("tuned %v, plain %v (%v)", tuned.Epsilon, plain.Epsilon, err)
	}
	if _, err := l.Append(LedgerEvent{Kind: GaussianEvent, SamplingRate: .1, NoiseMultiplier: 1, Count: 1}); err == nil {
		t.Error("a step followed tuning")
	}
}

func TestAdaptiveClipping(t *testing.T) {
	if z := AdaptiveNoiseMultiplier(1.1, 100); math.Abs(1/(z*z)-1/(1.1*1.1)-1/4e4) > 1e-15 {
		t.Errorf("multiplier %v", z)
	}
}

// Curves: the profile falls, the trade-off function is convex and lies below 1 − α, a μ-GDP plan gives its μ back.
func TestCurves(t *testing.T) {
	p := Homogeneous(0.01, 1, 1000)
	profile, err := Profile(p, []float64{0, 0.5, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(profile); i++ {
		if profile[i].Upper > profile[i-1].Upper {
			t.Errorf("profile rises: %v %v", profile[i-1], profile[i])
		}
	}
	alphas := []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}
	f, err := TradeOff(p, alphas)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i+1 < len(f); i++ {
		if f[i].Lower > f[i].Upper || 2*f[i].Lower > f[i-1].Lower+f[i+1].Lower+1e-12 {
			t.Errorf("trade-off at %v: %v", f[i].X, f[i])
		}
	}
	attacks, err := Attacks(p, []float64{0.001})
	if err != nil || attacks[0].TruePositiveRate <= 0.001 || attacks[0].TruePositiveRate > 0.001+attacks[0].Advantage {
		t.Errorf("attack %v (%v)", attacks, err)
	}
	g := mustEpsilon(t, Homogeneous(1, 2, 9), 1e-6).Epsilon
	if mu, err := GaussianMu(g.Estimate, 1e-6); err != nil || math.Abs(mu-1.5) > 1e-9 {
		t.Errorf("mu %v (%v)", mu, err)
	}
}
