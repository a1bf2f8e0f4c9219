package kernel

import (
	"math"
	"testing"
)

// TestStepSeries compares the series with the plans priced one by one: the enclosures overlap, rise, and all but the first
// are narrow where those are.
func TestStepSeries(t *testing.T) {
	for _, test := range []struct{ q, sigma, steps, delta float64 }{
		{0.0297, 0.65, 606, 1e-5}, {0.00509, 0.6, 3534, 1e-6}, {0.01, 1, 1000, 1e-5}, {0.001, 0.8, 1e5, 1e-7}, {1e-4, 0.5, 1e6, 1e-10},
		{0.2, 4, 200, 1e-6}, {1e-3, 1, 40, 1e-5}, {0.01, 0.4, 3000, 1e-9}, {0.05, 10, 50, 1e-3},
	} {
		var w, v Workspace
		memory := make([]float64, 2*SizeWorkspace(768, 1024, 2048))
		w.Carve(memory, 768, 1024, 2048)
		v.Carve(memory[SizeWorkspace(768, 1024, 2048):], 768, 1024, 2048)
		for d := Remove; d <= Replace; d++ {
			var counts []float64
			for i := range 200 {
				if n := math.Floor(1 + (test.steps-1)*float64(i)/199 + 0.5); len(counts) == 0 || n > counts[len(counts)-1] {
					counts = append(counts, n)
				}
			}
			out := make([]Interval, len(counts))
			p := Problem{[]Phase{{test.q, test.sigma, test.steps}}, d, 1}
			w.StepSeries(&p, test.delta, counts, out)
			wide := 0
			for i, x := range out {
				p := Problem{[]Phase{{test.q, test.sigma, counts[i]}}, d, 1}
				y, method := v.ContourEpsilon(&p, test.delta)
				if !(x.Lower <= y.Upper && y.Lower <= x.Upper) || !(x.Lower <= x.Estimate && x.Estimate <= x.Upper) {
					t.Errorf("%v, direction %d, %v steps: series %v, single %v", test, d, counts[i], x, y)
				}
				if x.Upper-x.Lower > 1e-6*x.Upper && method != Ceiling {
					wide++
				}
				if i > 0 && (x.Upper < out[i-1].Lower) {
					t.Errorf("%v, direction %d: falls at %v steps", test, d, counts[i])
				}
			}
			if wide > len(out)/8 {
				t.Errorf("%v, direction %d: %d of %d are wide where single plans are not", test, d, wide, len(out))
			}
		}
	}
}
