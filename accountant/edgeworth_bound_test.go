package accountant

import (
	"math"
	"testing"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// The bounds of Derumigny, Girard and Guyonvarch from an independent 30-digit program that follows their R package
// BoundEdgeworth 0.1.2.2 with incomplete gamma functions where ours integrates: its general and regular bounds (the latter
// without the integral of the characteristic function), for identically distributed terms and others. In e₃ the paper's
// bracket is used; the package's is misplaced and gives up to 1.1e-6 less. First its own examples, then EW-Tune's MNLI.
func TestEdgeworthBounds(t *testing.T) {
	for _, c := range []struct {
		n, fourth, third, skew, mixed, e float64
		regular, iid                     bool
		want                             float64
	}{
		{150, 9.0, 5.1961524227066319, 3.2268106545008184, 6.1961524227066319, 0.1, false, true, 0.439729574971902},
		{150, 9.0, 5.1961524227066319, 3.2268106545008184, 10.392304845413264, 0.1, false, false, 0.615188186520679},
		{150, 9.0, 5.1961524227066319, 3.2268106545008184, 6.1961524227066319, 0.1, true, true, 0.421020680124457},
		{150, 9.0, 5.1961524227066319, 3.2268106545008184, 10.392304845413264, 0.1, true, false, 0.65544412962977},
		{2000, 9.0, 5.1961524227066319, 3.2268106545008184, 6.1961524227066319, 0.1, false, true, 0.105602335640991},
		{2000, 9.0, 5.1961524227066319, 3.2268106545008184, 10.392304845413264, 0.1, false, false, 0.0888136595313253},
		{2000, 9.0, 5.1961524227066319, 3.2268106545008184, 6.1961524227066319, 0.1, true, true, 0.0768045511399536},
		{2000, 9.0, 5.1961524227066319, 3.2268106545008184, 10.392304845413264, 0.1, true, false, 0.0397674878936684},
		{2000, 9.0, 5.1961524227066319, 3.2268106545008184, 10.392304845413264, 0.02, false, false, 0.114383415779892},
		{2000, 9.0, 5.1961524227066319, 3.2268106545008184, 6.1961524227066319, 0.02, true, true, 0.10628831099877},
		{3920, 1715.3416527677166, 28.92335831452532, 28.912654846925818, 29.208052384680855, 0.1, false, true, 0.772044018656977},
		{3920, 1715.3416527677166, 28.92335831452532, 28.912654846925818, 29.208052384680855, 0.1, false, false, 5.80910325795185},
		{3920, 1715.3416527677166, 28.92335831452532, 28.912654846925818, 29.208052384680855, 0.1, true, true, 0.741423193906937},
		{3920, 959.85864822133283, 21.026540333522625, 21.009158281614909, 21.357642814250735, 0.1, true, false, 2.54338933835797},
		{1000000, 30.0, 4.0, 3.5, 4.8, 0.05, false, true, 0.00152628111911169},
		{1000000, 30.0, 4.0, 3.5, 4.8, 0.05, false, false, 0.00108495439276774},
		{1000000, 30.0, 4.0, 3.5, 4.8, 0.05, true, true, 0.000567059645097927},
		{1000000, 30.0, 4.0, 3.5, 4.8, 0.05, true, false, 0.000125732918753979},
	} {
		m := standardised{n: c.n, skew: c.skew, third: c.third, mixed: c.mixed, fourth: c.fourth, iid: c.iid}
		got := m.general(c.e)
		if c.regular {
			got = m.regular(c.e)
		}
		if math.Abs(got/c.want-1) > 1e-11 {
			t.Errorf("%+v: got %.15g", c, got)
		}
	}
}

// The moments of MNLI's loss from 25-digit quadrature, about the mean and about 0, and what the authors' own program says
// of e_Y and e_X there and at two more plans; their moments are good to 1e-6 (absolute tolerance 1e-8 of small numbers).
func TestPublishedBound(t *testing.T) {
	for _, c := range []struct {
		q, sigma    float64
		steps       int64
		wantY, want float64
	}{
		{2000.0 / 392702, 0.557, 3920, 0.883626615784594, 0.3712247125589187},
		{2000.0 / 67349, 0.7865, 660, 0.21725526086511965, 0.14874642563158422},
		{0.08 * math.Sqrt(math.Log(1e6)/1e6), 0.8, 1e6, 0.0030545468833415024, 0.0029716769077050287},
	} {
		p := Homogeneous(c.q, c.sigma, c.steps)
		y, x, err := newEngine().edgeworthErrors(&p.problems()[0], PublishedBound)
		if err != nil || math.Abs(y/c.wantY-1) > 3e-6 || math.Abs(x/c.want-1) > 3e-6 {
			t.Errorf("%+v: got %.12g and %.12g (%v)", c, y, x, err)
		}
	}
}

func TestEdgeworthMoments(t *testing.T) {
	p := Homogeneous(2000.0/392702, 0.557, 3920)
	for _, c := range []struct {
		other                      bool
		fourth, third, skew, mixed float64
	}{
		{false, 1715.3416527677166, 28.92335831452532, 28.912654846925818, 29.208052384680855},
		{true, 959.8586482213328, 21.026540333522625, 21.00915828161491, 21.357642814250735},
	} {
		laws, err := newEngine().laws(&p.problems()[0], c.other, false)
		if err != nil {
			t.Fatal(err)
		}
		m := standardise(laws)
		for i, pair := range [][2]float64{{m.fourth, c.fourth}, {m.third, c.third}, {m.skew, c.skew}, {m.mixed, c.mixed}} {
			if math.Abs(pair[0]/pair[1]-1) > 1e-10 {
				t.Errorf("other %v, moment %d: got %.15g, want %.15g", c.other, i, pair[0], pair[1])
			}
		}
	}
}

// The decay of a Gaussian loss is e^(−τ²/(2σ²)), and of a sampled one lies above the characteristic function, which falls
// from 1.
func TestCharacteristicDecay(t *testing.T) {
	whole := law{phase: kernel.Phase{Rate: 1, Noise: 2, Steps: 1}, weigh: 1}
	for _, tau := range []float64{0.1, 1, 3} {
		want := math.Exp(-tau * tau / 8)
		if got := whole.characteristic(tau); math.Abs(got-want) > 1e-12 {
			t.Errorf("Gaussian at %v: %v, want %v", tau, got, want)
		}
		if got := whole.decay(tau); got < want || got > 1.1*want {
			t.Errorf("Gaussian decay at %v: %v, want a little above %v", tau, got, want)
		}
	}
	for _, d := range []kernel.Direction{kernel.Remove, kernel.Add, kernel.Replace} {
		for _, weigh := range []int{0, 1} {
			sampled := law{phase: kernel.Phase{Rate: 0.05, Noise: 0.8, Steps: 1}, direction: d, weigh: weigh}
			for tau := 0.5; tau < 100; tau *= 3 {
				if f, bound := sampled.characteristic(tau), sampled.decay(tau); f > bound*(1+1e-9) || f > 1+1e-12 {
					t.Errorf("direction %v, weight %v: |φ(%v)| = %v, bound %v", d, weigh, tau, f, bound)
				}
			}
		}
	}
}

// On every cell the bound holds, also where the characteristic function rises: a loss of nearly two values.
func TestCharacteristicCells(t *testing.T) {
	p := Homogeneous(0.3, 0.15, 1)
	laws, err := newEngine().laws(&p.problems()[0], false, false)
	if err != nil {
		t.Fatal(err)
	}
	const ratio = 1.02
	rises := false
	for tau := 0.01; tau < 5; tau *= 1.1 {
		within, beyond := laws[0].cell(tau, ratio)
		for i := range 5 {
			x := tau * (1 + (ratio-1)*float64(i)/4)
			if f := laws[0].characteristic(x); f > within+1e-12 || f > beyond+1e-12 {
				t.Errorf("|φ(%v)| = %v, bounds %v and %v", x, f, within, beyond)
			}
		}
		rises = rises || laws[0].characteristic(tau*ratio) > laws[0].characteristic(tau)+1e-6
	}
	if !rises {
		t.Error("the characteristic function never rises: the test shows nothing")
	}
}
