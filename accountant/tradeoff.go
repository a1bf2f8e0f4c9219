package accountant

import (
	"fmt"
	"math"
)

// TradeOff returns the trade-off function f that the plan guarantees, enclosed: no test of Type I error α for whether a record
// was used, whichever of the two data sets is the hypothesis, has a smaller Type II error. f is the greatest convex and
// symmetric function that holds for both directions, and it is equivalent to the profile (Dong, Roth and Su 2022,
// propositions 2.4 and 2.12):
//
//	f(α) = sup over y = e^ε ≥ 1 of 1 − δ(y) − yα and (1 − δ(y) − α)/y.
//
// Lower takes the supremum over a grid, with upper bounds of δ. Upper takes it over all y, with a lower bound of δ that holds
// between the points of the grid too, because δ is convex in y (see floor).
func TradeOff(p Plan, alphas []float64) ([]Point, error) {
	for _, a := range alphas {
		if !(a >= 0 && a <= 1) {
			return nil, fmt.Errorf("alpha %v: must be in [0, 1]", a)
		}
	}
	profile, err := Profile(p, supports(p))
	if err != nil {
		return nil, err
	}
	below := floor(profile)
	points := make([]Point, 0, len(alphas))
	for _, a := range alphas {
		var b Interval
		for _, s := range profile {
			y := math.Exp(s.X)
			b.Lower = math.Max(b.Lower, support(y, s.Upper, a)-rounding)
			b.Estimate = math.Max(b.Estimate, support(y, s.Estimate, a))
		}
		for _, c := range below {
			b.Upper = math.Max(b.Upper, support(c.y, c.delta, a)+rounding)
		}
		b.Upper = math.Min(b.Upper, 1-a)
		b.Lower = math.Min(b.Lower, b.Upper)
		b.Estimate = math.Min(math.Max(b.Estimate, b.Lower), b.Upper)
		points = append(points, Point{a, b})
	}
	return points, nil
}

// rounding is more than what support and floor round off.
const rounding = 1e-14

// support is where the two lines that δ at y = e^ε puts under f are at alpha.
func support(y, delta, alpha float64) float64 {
	return math.Max(1-delta-y*alpha, (1-delta-alpha)/y)
}

// corner is a corner of a lower bound of δ as a function of y = e^ε.
type corner struct{ y, delta float64 }

// floor returns the corners of a piecewise linear lower bound of δ on y ≥ 1 from its enclosures at a grid that begins at y = 1.
//
// δ is convex in y, so beyond two points it lies above the line through them: from y_i on, above
//
//	L_i + (L_i − U_(i−1))/(y_i − y_(i−1)) (y − y_i),
//
// where L ≤ δ ≤ U, for the line is the lower, the lower its near and the higher its far point; and the same from the right. On
// y_i … y_(i+1) the larger of the two holds, which has its corner where they cross. The point left of 1 is that of y = 1/y_1,
// δ(1/y) = 1 − (1 − δ(y))/y by symmetry; right of the last δ ≥ 0, and it falls. Both expressions of which f is the supremum
// are monotone in y where δ is a line, so that the corners are enough.
func floor(profile []Point) []corner {
	n := len(profile)
	y := make([]float64, n)
	for i, s := range profile {
		y[i] = math.Exp(s.X)
	}
	list := make([]corner, 0, 2*n+1)
	for i := range profile {
		fall, at := 0.0, corner{y[i], profile[i].Lower}
		switch {
		case i > 0:
			fall = (at.delta - profile[i-1].Upper) / (y[i] - y[i-1])
		case n > 1:
			fall = (at.delta - 1 + (1-profile[1].Upper)/y[1]) / (1 - 1/y[1])
		}
		list = append(list, at)
		if fall = math.Min(fall, 0); i+1 == n {
			if fall < 0 { // down to 0, and 0 from there on
				list = append(list, corner{at.y - at.delta/fall, 0})
			}
			break
		}
		next, rise := corner{y[i+1], profile[i+1].Lower}, 0.0
		if i+2 < n {
			rise = math.Min(0, (next.delta-profile[i+2].Upper)/(y[i+1]-y[i+2]))
		}
		list = append(list, meeting(at, next, fall, rise))
	}
	return list
}

// meeting returns where the line through a with slope fall meets that through b with slope rise, or, where the second lies above
// the first all along, its left end.
func meeting(a, b corner, fall, rise float64) corner {
	gap := a.delta - (b.delta + rise*(a.y-b.y)) // of the first line over the second at a
	if !(gap > 0 && fall < rise) {
		return corner{a.y, math.Max(a.delta, b.delta+rise*(a.y-b.y))}
	}
	x := math.Min(a.y+gap/(rise-fall), b.y)
	return corner{x, math.Max(a.delta+fall*(x-a.y), b.delta+rise*(x-b.y))}
}

// supports spreads epsilons from 0 to where δ is about 1e-9, denser near 0.
func supports(p Plan) []float64 {
	top := 1.0
	if r, err := newEngine().certifiedEpsilon(p, 1e-9); err == nil && r.Epsilon.Upper < 700 {
		top = math.Max(r.Epsilon.Upper, 1e-3)
	}
	const n = 120
	list := make([]float64, 0, n+1)
	for i := range n + 1 {
		x := float64(i) / n
		list = append(list, top*x*x)
	}
	return list
}
