package accountant

import (
	"math"
	"sort"
	"testing"
)

// One subsampled step: the exact trade-off function is the lower convex hull of the errors of all threshold tests, both
// ways round. The bounds enclose it and lie close together.
func TestTradeOffSingleStep(t *testing.T) {
	phi := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	for _, c := range []struct{ q, sigma float64 }{{0.3, 1}, {0.05, 0.7}, {0.9, 2}} {
		var curve [][2]float64
		for z := -12.0; z <= 14; z += 1e-3 {
			alpha, beta := phi(-z), (1-c.q)*phi(z)+c.q*phi(z-1/c.sigma)
			curve = append(curve, [2]float64{alpha, beta}, [2]float64{beta, alpha})
		}
		hull := lowerHull(curve)
		var alphas []float64
		for i := range 41 {
			alphas = append(alphas, math.Pow(float64(i)/40, 3))
		}
		points, err := TradeOff(Homogeneous(c.q, c.sigma, 1), alphas)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			want := along(hull, p.X)
			if p.Lower > want+1e-12 || p.Upper < want-1e-6 || p.Upper-p.Lower > 1e-3 || p.Estimate < p.Lower || p.Estimate > p.Upper {
				t.Errorf("%+v: f(%v) = %v, bounds %v", c, p.X, want, p.Interval)
			}
		}
	}
}

func lowerHull(points [][2]float64) [][2]float64 {
	sort.Slice(points, func(i, j int) bool {
		return points[i][0] < points[j][0] || points[i][0] == points[j][0] && points[i][1] < points[j][1]
	})
	var hull [][2]float64
	for _, c := range points {
		for n := len(hull); n > 1; n-- {
			a, b := hull[n-2], hull[n-1]
			if (b[0]-a[0])*(c[1]-a[1]) > (b[1]-a[1])*(c[0]-a[0]) {
				break
			}
			hull = hull[:n-1]
		}
		hull = append(hull, c)
	}
	return hull
}

func along(curve [][2]float64, x float64) float64 {
	i := sort.Search(len(curve), func(i int) bool { return curve[i][0] >= x })
	if i == 0 || i == len(curve) {
		return curve[min(i, len(curve)-1)][1]
	}
	a, b := curve[i-1], curve[i]
	return a[1] + (b[1]-a[1])*(x-a[0])/(b[0]-a[0])
}

// Composed, under sampling: the bounds stand in order, close together, and 1 − α is not reached.
func TestTradeOffComposed(t *testing.T) {
	for _, p := range []Plan{Homogeneous(0.02, 0.9, 400), {Phases: []Phase{{0.01, 1, 300}}, Adjacency: ReplaceOne}, Homogeneous(0.2, 1, 3)} {
		points, err := TradeOff(p, []float64{1e-6, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.9})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range points {
			if !(x.Lower <= x.Upper) || x.Upper-x.Lower > 2e-3 {
				t.Errorf("%v: f(%v) in %v", p.Phases, x.X, x.Interval)
			}
		}
	}
}
