package kernel

import (
	"math"
	"testing"
)

// raysOf returns a table that reaches exponents from start on.
func raysOf(t *testing.T, ph Phase, start, low float64, direct bool) *rays {
	return raysWith(t, ph, start, low, direct, 34, math.Inf(1))
}

func raysWith(t *testing.T, ph Phase, start, low float64, direct bool, goal, cutAt float64) *rays {
	t.Helper()
	r := new(rays)
	r.carve(make([]float64, 13*8192), 8192)
	r.direct = direct
	if !r.lay(ph, start, 1e5, goal, low, cutAt) {
		t.Fatalf("%+v: no table", ph)
	}
	return r
}

var rayPhases = []Phase{{0.1, 0.5, 10}, {1e-4, 0.3, 100}, {0.5, 2, 3}, {1e-6, 0.8, 1e6}, {0.51, 3.9, 3}}

func etaAt(r *rays, ray int, sr, si float64) float64 {
	var at [rayCount]bounds
	for i := range at {
		at[i] = r.bound(i, sr, si)
	}
	return r.eta(ray, math.Sqrt(sr*sr+si*si), &at)
}

// On the real axis the sums agree with the moments on the coarse table, which share only the loss with them.
func TestRaysAgainstMoments(t *testing.T) {
	w := newWorkspace(8192, 64, 64)
	for _, ph := range rayPhases {
		for _, d := range []Direction{Remove, Add} {
			for _, c := range []float64{0.5, 2, 9, 40} {
				p := Problem{Phases: []Phase{{ph.Rate, ph.Noise, 1}}, Direction: d, Group: 1}
				w.level, w.held = math.Inf(-1), -1
				k, _, _, ok := w.moments(&p, c, 0)
				if !ok || k > 50 {
					continue
				}
				start := 1 + c
				if d == Add {
					start = -c
				}
				r := raysOf(t, ph, start, 0, false)
				want := k + start*r.lambda // log(1 + J)
				if d == Add && want < -0.5 {
					r = raysOf(t, ph, start, want, true)
				}
				re, im, _, _ := r.sum(1, start, 0)
				eta := etaAt(r, 1, start, 0)
				slack := eta + 4*unit*math.Abs(k)*Exp(want) // the second is the moments' own
				if r.direct {
					want = Exp(want)
				} else {
					want = Expm1(want)
				}
				slack += 1e-13 * math.Abs(want)
				if math.Abs(re-want) > slack || math.Abs(im) > slack || slack > 1e-8*math.Abs(want) {
					t.Errorf("%+v direction %d, c %v: %v + %vi, moments %v (slack %.1e)", ph, d, c, re, im, want, slack)
				}
			}
		}
	}
}

// The integral does not depend on the ray: any two sums differ by no more than their bounds, and the bounds are small
// where the contour uses them.
func TestRaysAgree(t *testing.T) {
	for _, ph := range rayPhases {
		for _, direct := range []bool{false, true} {
			for _, goal := range []float64{34, 70} { // with 70 next to nothing but rounding is left
				r := raysWith(t, ph, 3, -30, direct, goal, math.Inf(1))
				for _, size := range []float64{1, 10, 100, 1000, 10000} {
					for _, angle := range []float64{0.3, 0.8, bendAngle, 1.5} {
						sin, cos := Sincos(angle)
						checkRaysAgree(t, r, ph, size*cos, size*sin, angle == bendAngle)
					}
				}
			}
		}
	}
}

func checkRaysAgree(t *testing.T, r *rays, ph Phase, sr, si float64, used bool) {
	t.Helper()
	var re, im, eta [3]float64
	best := math.Inf(1)
	for i := range re {
		re[i], im[i], _, _ = r.sum(i+1, sr, si)
		eta[i] = etaAt(r, i+1, sr, si)
		best = math.Min(best, eta[i])
		for k := range i {
			if gap := math.Abs(re[i]-re[k]) + math.Abs(im[i]-im[k]); eta[i] < 1 && eta[k] < 1 && gap > 2*(eta[i]+eta[k]) {
				t.Errorf("%+v at %v+%vi, direct %v: rays %d and %d differ by %.2e, bounds %.1e and %.1e", ph, sr, si, r.direct, k+1, i+1, gap, eta[k], eta[i])
			}
		}
	}
	if used && best > 1e-6 {
		t.Errorf("%+v at %v+%vi: no ray is better than %.1e", ph, sr, si, best)
	}
}

// The exact epsilons lie inside what the bent contour says, at any number of steps.
func TestBendGolden(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	w.patience = 1.8e6
	for _, g := range readGoldens(t) {
		if g.s > 3 || g.t < 2 || g.s == 1 && g.dir == Remove && g.q <= 0.001 {
			continue // the contour's own, and where the bent one cancels
		}
		p := Problem{Phases: []Phase{{g.q, g.s, g.t}}, Direction: g.dir, Group: 1}
		v, ok := w.epsilonByBend(&p, g.delta)
		wide := g.epsWide + 4e-16*g.eps
		if !ok || v.Lower > g.eps+wide || v.Upper < g.eps-wide || v.Upper-v.Lower > 1e-7*g.eps || v.Upper-v.Lower > 1e-9 && g.t > 2 {
			t.Errorf("%+v: %v %v", g, v, ok)
		}
	}
}

// Phases priced together: two nearly equal ones agree with the single one, and an unsampled phase with the contour.
func TestBendPhases(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	w.patience = 1.8e6
	for _, d := range []Direction{Remove, Add} {
		one := Problem{Phases: []Phase{{0.02, 0.8, 7}}, Direction: d, Group: 1}
		two := Problem{Phases: []Phase{{0.02, 0.8, 3}, {0.02, math.Nextafter(0.8, 1), 4}}, Direction: d, Group: 1}
		a, ok1 := w.epsilonByBend(&one, 1e-7)
		b, ok2 := w.epsilonByBend(&two, 1e-7)
		if !ok1 || !ok2 || math.Abs(a.Estimate-b.Estimate) > 1e-11*a.Estimate || a.Lower > b.Upper*(1+1e-14) || b.Lower > a.Upper*(1+1e-14) {
			t.Errorf("direction %d: one %v, two %v", d, a, b)
		}
		if d == Add {
			continue // without an end of its losses the contour does better
		}
		mixed := Problem{Phases: []Phase{{0.02, 0.8, 50}, {1, 3, 2}}, Direction: d, Group: 1}
		a, ok1 = w.epsilonByBend(&mixed, 1e-7)
		b, ok2 = w.epsilonByContour(&mixed, 1e-7)
		if !ok1 || !ok2 || a.Lower > b.Upper || b.Lower > a.Upper || a.Upper-a.Lower > 1e-9*a.Upper {
			t.Errorf("direction %d, with an unsampled phase: %v %v, contour %v %v", d, a, ok1, b, ok2)
		}
	}
}

// Where the table is cut, the sum misses the integral up to the cut, here by Simpson's rule in z, by at most eta.
func TestRaysCut(t *testing.T) {
	for _, ph := range rayPhases {
		const z = 3.3
		r := raysWith(t, ph, 1, 0, false, cutDepth, z).stop(true)
		for _, s := range []complex128{2, complex(1, 0.5) / complex(r.rhoCut, 0), complex(4, 9) / complex(r.rhoCut, 0)} {
			const n = 400000
			left, want := -14.0, complex128(0)
			h := (z - left) / n
			for i := 0; i <= n; i++ {
				x := left + h*float64(i)
				la, _ := logMix(x, ph.Noise, ph.Rate, 1)
				w := 2.0
				if i%2 == 1 {
					w = 4
				} else if i == 0 || i == n {
					w = 1
				}
				re, im := expm1(real(s)*(la+r.lambda), imag(s)*(la+r.lambda))
				want += complex(w*h/3*normDensity(x), 0) * complex(re, im)
			}
			re, im, _, _ := r.sum(1, real(s), imag(s))
			size := math.Hypot(real(want), imag(want))
			gap := math.Hypot(re-real(want), im-imag(want))
			if eta := etaAt(r, 1, real(s), imag(s)); gap > eta+1e-12*size || math.IsInf(eta, 1) {
				t.Errorf("%+v, S %v: %v + %vi, want %v, eta %.1e", ph, s, re, im, want, eta)
			}
		}
	}
}

// The rule is exact for polynomials up to degree 39, and meets its bound where a pole is near.
func TestGauss(t *testing.T) {
	rule := func(f func(float64) float64) (sum float64) {
		for k := range gaussNode {
			sum += gaussWeight[k] * (f(gaussNode[k]) + f(-gaussNode[k]))
		}
		return sum
	}
	for degree := 0; degree < 40; degree += 2 {
		if got, want := rule(func(x float64) float64 { return math.Pow(x, float64(degree)) }), 2/float64(degree+1); math.Abs(got-want) > 2e-15 {
			t.Errorf("x^%d: %v, want %v", degree, got, want)
		}
	}
	for _, r := range []float64{1.3, 1.7, 2.5} { // 1/(p − x), p on the ellipse of 1.01 r, bounded on that of r
		p := (1.01*r + 1/(1.01*r)) / 2
		most := 1 / (p - (r+1/r)/2)
		bound := 4.2 * most * math.Pow(r, -2*gaussOrder) / (1 - 1/(r*r))
		if gap := math.Abs(rule(func(x float64) float64 { return 1 / (p - x) }) - math.Log((p+1)/(p-1))); gap > bound+1e-14 {
			t.Errorf("pole at %v: off by %v, bound %v", p, gap, bound)
		}
	}
}
