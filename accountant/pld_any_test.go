package accountant

import (
	"fmt"
	"math"
	"testing"
)

// PLD prices phases without sampling, groups and replace-one as well: its intervals meet the certified ones, which come
// from closed forms and the contour, and are narrow.
func TestPLDOnEveryPlan(t *testing.T) {
	const delta = 1e-5
	for _, c := range []struct {
		plan Plan
		wide float64 // of ε, relative
	}{
		{Homogeneous(1, 3, 4), 2e-3},
		{Homogeneous(1, 20, 300), 2e-3},
		{Plan{Phases: []Phase{{1, 4, 3}, {1, 2, 1}}}, 2e-3},
		{Plan{Phases: []Phase{{1, 8, 2}, {0.02, 1, 300}}}, 5e-3},
		{Plan{Phases: []Phase{{1, 8, 2}, {0.02, 1, 300}}, Adjacency: ReplaceOne}, 5e-3},
		{Plan{Phases: []Phase{{1, 8, 2}, {0.02, 1.5, 30}}, GroupSize: 3}, 5e-3},
		{Plan{Phases: []Phase{{0.02, 1, 300}}, Adjacency: ReplaceOne}, 5e-3},
		{Plan{Phases: []Phase{{0.2, 2, 30}}, Adjacency: ReplaceOne}, 5e-3},
		{Plan{Phases: []Phase{{0.3, 1.5, 2}}, Adjacency: ReplaceOne}, 5e-3},
		{Plan{Phases: []Phase{{0.01, 1, 300}}, GroupSize: 2}, 5e-3},
		{Plan{Phases: []Phase{{0.3, 1.5, 2}}, GroupSize: 3}, 5e-3},
		{Plan{Phases: []Phase{{0.05, 2, 100}}, GroupSize: 8}, 5e-3},
		{Plan{Phases: []Phase{{0.01, 10, 100}}, GroupSize: 64}, 5e-3},
		{Plan{Phases: []Phase{{0.0004, 0.88, 85}}, GroupSize: 6}, 5e-2}, // few events: the first lattice stands far off
	} {
		name := fmt.Sprintf("%v %s %d", c.plan.Phases, c.plan.adjacency(), c.plan.group())
		exact := mustEpsilon(t, c.plan, delta)
		got, err := PLD(c.plan, delta)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for d, both := range map[string][2]Interval{"remove": {got.Remove, exact.Remove}, "add": {got.Add, exact.Add}} {
			if !meets(both[0], both[1]) {
				t.Errorf("%s, %s: %v misses %v", name, d, both[0], both[1])
			}
			if both[0].Upper-both[0].Lower > c.wide*(both[1].Upper+0.01) {
				t.Errorf("%s, %s: %v is wide", name, d, both[0])
			}
		}
		want, err := Delta(c.plan, exact.Epsilon.Estimate)
		if err != nil {
			t.Fatal(err)
		}
		back, err := PLDDelta(c.plan, exact.Epsilon.Estimate)
		if err != nil || !meets(back.Delta, want.Delta) || back.Delta.Upper-back.Delta.Lower > 0.1*want.Delta.Upper {
			t.Errorf("%s: δ %v, exact %v (%v)", name, back.Delta, want.Delta, err)
		}
	}
}

func meets(a, b Interval) bool { return a.Lower <= b.Upper && b.Lower <= a.Upper }

// One step of replace-one or of a group has the integral of its densities, to the last digits.
func TestSingleStepOfAnyPair(t *testing.T) {
	for _, c := range []struct {
		q, sigma  float64
		adjacency Adjacency
		group     int
	}{{0.3, 1.5, ReplaceOne, 1}, {0.01, 0.8, ReplaceOne, 1}, {0.3, 1.5, AddRemove, 2}, {0.1, 4, AddRemove, 9}} {
		p := Homogeneous(c.q, c.sigma, 1)
		p.Adjacency, p.GroupSize = c.adjacency, c.group
		own := func(x float64) float64 { return stepDensity(x, c.q, c.sigma, 1, c.group) }
		other := func(x float64) float64 { return stepDensity(x, c.q, c.sigma, 0, 1) }
		if c.adjacency == ReplaceOne {
			other = func(x float64) float64 { return stepDensity(x, c.q, c.sigma, -1, 1) }
		}
		for _, epsilon := range []float64{0, 0.01, 0.2, 0.7} {
			got, err := Delta(p, epsilon)
			if err != nil {
				t.Fatal(err)
			}
			for d, v := range map[string]struct {
				Interval
				want float64
			}{"remove": {got.Remove, excess(epsilon, own, other)}, "add": {got.Add, excess(epsilon, other, own)}} {
				if c.adjacency == ReplaceOne && d == "add" {
					continue
				}
				slack := 1e-8*v.want + 1e-14
				if v.Lower > v.want+slack || v.Upper < v.want-slack || v.Upper-v.Lower > 1e-11*v.want+1e-14 {
					t.Errorf("%+v %s, ε %v: %v, integral %v", c, d, epsilon, v.Interval, v.want)
				}
			}
			if delta := got.Delta.Estimate; delta > 1e-12 {
				back, err := Epsilon(p, delta)
				if err != nil || back.Epsilon.Lower > epsilon+1e-8 || back.Epsilon.Upper < epsilon-1e-8 || back.Epsilon.Upper-back.Epsilon.Lower > 1e-8 {
					t.Errorf("%+v: ε(%v) = %v, want %v (%v)", c, delta, back.Epsilon, epsilon, err)
				}
			}
		}
	}
}

// excess is ∫ (p − e^ε p')₊ by Simpson's rule, to the right of where the integrand turns positive or, where it falls, to the left.
func excess(epsilon float64, p, other func(float64) float64) float64 {
	gap := func(x float64) float64 { return p(x) - math.Exp(epsilon)*other(x) }
	const n, far = 40000, 60
	lo, hi := -far+0.5, far+0.5
	rises := gap(30) > 0
	if !rises && gap(-30) <= 0 {
		return 0
	}
	from, to := -30.0, 30.0
	for range 80 {
		if mid := (from + to) / 2; (gap(mid) > 0) == rises {
			to = mid
		} else {
			from = mid
		}
	}
	if rises {
		lo = from
	} else {
		hi = from
	}
	h, sum := (hi-lo)/n, 0.0
	for i := 0; i < n; i += 2 {
		x := lo + h*float64(i)
		sum += h / 3 * (gap(x) + 4*gap(x+h) + gap(x+2*h))
	}
	return sum
}
