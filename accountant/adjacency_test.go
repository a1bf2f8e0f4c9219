package accountant

import (
	"math"
	"testing"
)

// pair is δ at α = e^ε of one Poisson-sampled step on data sets that differ in one record, whose gradients are u along the
// first axis and v at a correlation ρ to it: E[(q X_u − (α−1)(1−q) − αq X_v)₊] under N(0, I), X_w = e^(⟨w,z⟩ − |w|²/2), σ
// taken into u and v. Given the first coordinate X_v is lognormal and the inner mean that of Black and Scholes.
func pair(q, u, v, rho, epsilon float64) float64 {
	alpha := math.Exp(epsilon)
	phi := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	side := v * math.Sqrt(1-rho*rho)
	return integrate(-12, 16, 600, func(z float64) float64 {
		strike := q*math.Exp(u*z-u*u/2) - (alpha-1)*(1-q)
		mean := math.Exp(v*rho*z - v*v*rho*rho/2)
		if strike <= 0 {
			return 0
		}
		if side < 1e-9 {
			return density(z) * math.Max(0, strike-alpha*q*mean)
		}
		d := (math.Log(strike/(alpha*q*mean)) + side*side/2) / side
		return density(z) * (strike*phi(d) - alpha*q*mean*phi(d-side))
	})
}

// kink is the relative error of pair where its integrand has a corner.
const kink = 3e-5

// The pair that replace-one is priced by, opposite gradients of full length, dominates every other: δ falls as they turn
// towards each other or get shorter. And it is reached.
func TestReplaceOneDominates(t *testing.T) {
	for _, c := range []struct{ q, sigma, epsilon float64 }{{0.3, 1, 0.5}, {0.05, 0.7, 1}, {0.8, 2, 0.2}, {0.5, 1.5, 0}} {
		r, err := Delta(replaceOne(c.q, c.sigma, 1), c.epsilon)
		if err != nil {
			t.Fatal(err)
		}
		s := 1 / c.sigma
		last := pair(c.q, s, s, -1, c.epsilon)
		if r.Delta.Upper < last*(1-kink) || r.Delta.Lower > last*(1+kink) {
			t.Errorf("%+v: opposite gradients %v, priced %v", c, last, r.Delta)
		}
		for rho := -0.99; rho <= 1; rho += 0.1 {
			got := pair(c.q, s, s, rho, c.epsilon)
			if got > last*(1+kink) {
				t.Errorf("%+v: %v at correlation %v, more than %v before", c, got, rho, last)
			}
			last = got
			for _, short := range []float64{0.2, 0.7} {
				if a, b := pair(c.q, short*s, s, rho, c.epsilon), pair(c.q, s, short*s, rho, c.epsilon); math.Max(a, b) > r.Delta.Upper*(1+kink) {
					t.Errorf("%+v: %v and %v with one gradient shorter, priced %v", c, a, b, r.Delta)
				}
			}
		}
	}
}

// Zero-out is the same pair as add-remove: the second gradient is none.
func TestZeroOutPair(t *testing.T) {
	p := Homogeneous(0.3, 1, 1)
	p.Adjacency = ZeroOut
	r, err := Delta(p, 0.5)
	if want := pair(0.3, 1, 0, -1, 0.5); err != nil || math.Abs(r.Remove.Estimate/want-1) > kink {
		t.Errorf("priced %v, want %v (%v)", r.Remove, want, err)
	}
}
