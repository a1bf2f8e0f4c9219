package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The references of this file come from scipy 1.17.1, scikit-learn 1.9.1 and statsmodels 0.15.0; the call stands
// above each table. They agree with us to the rounding of float64, so relative 1e-9 leaves room for other libms.
func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if math.Abs(got-want) > relative*max(math.Abs(want), 1e-12) {
		t.Errorf("%s = %.17g, want %.17g", what, got, want)
	}
}

// statsmodels.stats.proportion.proportion_confint(k, n, 0.05, 'wilson'), and 'beta' for Clopper and Pearson.
func TestShareIntervals(t *testing.T) {
	for _, c := range []struct {
		k, n                           int
		wilsonLow, wilsonHigh, low, up float64
	}{
		{0, 10, 0, 0.27753279986288926, 0, 0.30849710781876083},
		{10, 10, 0.7224672001371106, 1, 0.6915028921812392, 1},
		{700, 872, 0.7750378588065766, 0.8278109726599575, 0.7747632173795234, 0.8286778550846948},
		{4500, 5463, 0.8133921074292472, 0.833599400673313, 0.8133549739099062, 0.8337444544687229},
		{1, 40430, 4.366190808673649e-06, 0.00014010335771649633, 6.262132094265682e-07, 0.0001378018400421261},
		{34000, 40430, 0.8373624938308961, 0.8444920865229963, 0.8373580357516747, 0.8445122911478717},
	} {
		w, e := Wilson(c.k, c.n), ClopperPearson(c.k, c.n, 0.95)
		near(t, "Wilson lower", w.Lower, c.wilsonLow, 1e-9)
		near(t, "Wilson upper", w.Upper, c.wilsonHigh, 1e-9)
		near(t, "Clopper-Pearson lower", e.Lower, c.low, 1e-9)
		near(t, "Clopper-Pearson upper", e.Upper, c.up, 1e-9)
		if !(w.Lower <= w.Value && w.Value <= w.Upper) {
			t.Errorf("Wilson(%d, %d) = %v: the share lies outside", c.k, c.n, w)
		}
	}
}

// binom.sf(lost, n, .5) + .5*binom.pmf(lost, n, .5) of scipy.stats, n = lost + gained.
func TestMcNemarMidP(t *testing.T) {
	for _, c := range []struct {
		lost, gained int
		p, drop      float64
	}{
		{0, 0, 1, 0.5},
		{5, 0, 0.03125, 0.015625},
		{12, 3, 0.021270751953124986, 0.010635375976562493},
		{40, 52, 0.21315300096890819, 0.8934234995155461},
		{300, 250, 0.03307151591735788, 0.01653575795867894},
		{3, 12, 0.021270751953124986, 0.9893646240234375},
		{500, 100, 4.009340466504268e-65, 2.004670233252134e-65},
	} {
		got := TestMcNemar(c.lost, c.gained, 1000)
		near(t, "p", got.P, c.p, 1e-9)
		near(t, "p(drop)", got.PDrop, c.drop, 1e-9)
	}
}

// The exact power of the one-sided mid-p test, summed over all tables (changed ~ Binomial(n, ψ), lost ~
// Binomial(changed, (1 + d/ψ)/2)) and solved for 0.8 by bisection. Connor's formula is the normal approximation of
// it: 3 % covers its error at n = 872.
func TestVisibleDropMeetsExactPower(t *testing.T) {
	for _, c := range []struct {
		n     int
		psi   float64
		exact float64
	}{
		{872, 0.04, 0.016508}, {872, 0.08, 0.023678}, {5463, 0.04, 0.0067118},
		{5463, 0.08, 0.0095028}, {9815, 0.04, 0.0050145}, {9815, 0.08, 0.0070946},
	} {
		near(t, "visible drop", VisibleDrop(c.n, int(math.Round(c.psi*float64(c.n)))), c.exact, 0.03)
	}
	if d := VisibleDrop(100, 0); d != 0.01 {
		t.Errorf("visible drop with no change = %v, want one row of 100", d)
	}
}

// statsmodels.stats.multitest.multipletests(p, method='holm').
func TestHolm(t *testing.T) {
	for _, c := range []struct{ p, want []float64 }{
		{[]float64{.01, .04, .03, .005}, []float64{.03, .06, .06, .02}},
		{[]float64{.5, .02, .02, .9}, []float64{1, .08, .08, 1}},
		{nil, nil},
	} {
		for i, got := range Holm(c.p) {
			near(t, "Holm", got, c.want[i], 1e-12)
		}
	}
}

// scipy.stats.wilcoxon(d, method='exact') and scipy.stats.t.interval(.95, n-1, mean, sem).
func TestSeedTests(t *testing.T) {
	for _, c := range []struct {
		differences       []float64
		p, drop, low, top float64
	}{
		{[]float64{.01, .02, .03, .04, .05}, 0.0625, 1, 0.010367568385224436, 0.049632431614775575},
		{[]float64{-.012, -.007, -.003, -.02, .001, -.015, .004}, 0.109375, 0.0546875, -0.01550633081972129, 0.0006491879625784335},
	} {
		old := make([]float64, len(c.differences))
		got, err := TestSeeds(old, c.differences)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "p", got.P, c.p, 1e-12)
		near(t, "p(drop)", got.PDrop, c.drop, 1e-12)
		near(t, "lower", got.Difference.Lower, c.low, 1e-9)
		near(t, "upper", got.Difference.Upper, c.top, 1e-9)
	}
	if _, err := TestSeeds(make([]float64, 4), make([]float64, 4)); err == nil {
		t.Error("four seeds were tested; five are the fewest")
	}
}

// With five seeds that all fall, the one-sided p-value is 2^-5; ties and zeros keep the null distribution exact.
func TestSignedRankTies(t *testing.T) {
	drop, rise := signedRank([]float64{-1, -1, -1, -1, -1})
	near(t, "all fall", drop, 1.0/32, 1e-15)
	near(t, "all fall, rise", rise, 1, 1e-15)
	drop, rise = signedRank([]float64{0, 0, 0})
	near(t, "nothing changed", drop, 1, 1e-15)
	near(t, "nothing changed, rise", rise, 1, 1e-15)
	// |2| ties: ranks 1, 2.5, 2.5; W+ = 3.5. Of 8 sign patterns, sums 0 1 2.5 2.5 3.5 3.5 5 6.
	drop, rise = signedRank([]float64{1, 2, -2})
	near(t, "ties", drop, 6.0/8, 1e-15)
	near(t, "ties, rise", rise, 4.0/8, 1e-15)
}

// (30+1)/(872+2) - (20+1)/(872+2) -+ z sqrt(...), by numpy.
func TestPairedDifference(t *testing.T) {
	got := PairedDifference(20, 30, 872)
	near(t, "value", got.Value, 10.0/872, 1e-12)
	near(t, "lower", got.Lower, -0.00471160599027793, 1e-9)
	near(t, "upper", got.Upper, 0.027594901184785935, 1e-9)
}

// The authors' own code (Steinke, Nasr and Jagielski 2023, appendix D) on scipy.stats.binom, bisected 60 times.
func TestAuditEpsilon(t *testing.T) {
	for _, c := range []struct {
		canaries, guesses, correct int
		delta, want                float64
	}{
		{1000, 1000, 600, 0, 0.29746792364934765},
		{1000, 100, 95, 1e-5, 2.165175799714052},
		{1000, 100, 100, 1e-5, 3.4653763478110453},
		{1000, 1000, 510, 1e-5, 0},
		{100, 100, 80, 1e-3, 0.9256108897959237},
		{10000, 2000, 1500, 1e-6, 1.0125972933159797},
	} {
		got, err := AuditEpsilon(c.canaries, c.guesses, c.correct, c.delta, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "epsilon", got, c.want, 1e-7)
	}
}

// A mechanism that answers each canary's coin by randomised response is exactly ε-DP, so a 95 % lower bound exceeds ε
// in at most 5 % of the trials. Of 400 trials, more than 38 would be a chance of 1e-4 (binomial tail).
func TestAuditBoundHoldsForRandomisedResponse(t *testing.T) {
	const epsilon, canaries, trials = 1.0, 200, 400
	source := rand.New(rand.NewPCG(1, 2))
	refuted := 0
	for range trials {
		correct := 0
		for range canaries {
			if source.Float64() < 1/(1+math.Exp(-epsilon)) {
				correct++
			}
		}
		lower, err := AuditEpsilon(canaries, canaries, correct, 0, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if lower > epsilon {
			refuted++
		}
	}
	if refuted > 38 {
		t.Errorf("%d of %d true epsilons refuted at 95 %%", refuted, trials)
	}
}

// scipy.optimize.brentq on the Gaussian profile.
func TestGaussianMu(t *testing.T) {
	near(t, "mu(8, 1e-5)", *gaussianMu(8, 1e-5), 1.6660305978457184, 1e-8)
	near(t, "mu(1, 1e-6)", *gaussianMu(1, 1e-6), 0.23670438066343658, 1e-8)
}

// The multinomial draws must have the binomial's mean and variance: five standard errors of 20,000 draws.
func TestMultinomialMoments(t *testing.T) {
	counts, source := []int{70, 20, 10}, rand.NewPCG(3, 4)
	const draws = 20000
	sum, squares := make([]float64, 3), make([]float64, 3)
	for range draws {
		drawn := make([]int, 3)
		multinomial(drawn, counts, source)
		if drawn[0]+drawn[1]+drawn[2] != 100 {
			t.Fatalf("drew %v of 100 rows", drawn)
		}
		for i, d := range drawn {
			sum[i] += float64(d)
			squares[i] += float64(d) * float64(d)
		}
	}
	for i, c := range counts {
		b := distuv.Binomial{N: 100, P: float64(c) / 100}
		mean := sum[i] / draws
		variance := squares[i]/draws - mean*mean
		if math.Abs(mean-b.Mean()) > 5*b.StdDev()/math.Sqrt(draws) {
			t.Errorf("mean of cell %d = %v, want %v", i, mean, b.Mean())
		}
		near(t, "variance", variance, b.Variance(), 5*math.Sqrt(2.0/draws)+0.01)
	}
}
