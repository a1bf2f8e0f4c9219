package kernel

import "testing"

// TestDeltaSeries compares a series with single calls: the enclosures of the same number must meet, and stay narrow.
func TestDeltaSeries(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	for _, ph := range []Phase{{0.0297, 0.65, 606}, {0.01, 1, 1000}, {0.001, 0.8, 1e5}, {1, 4, 20}, {0.1, 1, 1}} {
		for _, d := range []Direction{Remove, Add} {
			p := Problem{Phases: []Phase{ph}, Direction: d, Group: 1}
			var out [25]Interval
			w.DeltaSeries(&p, 0.05, 0.15, out[:])
			for i, x := range out {
				single, method := w.ContourDelta(&p, 0.05+0.15*float64(i))
				if x.Lower > single.Upper || single.Lower > x.Upper {
					t.Errorf("%v direction %d, point %d: %v, by itself %v", ph, d, i, x, single)
				}
				if method == Contour && x.Upper-x.Lower > 2*seriesWidth*x.Upper && x.Upper > seriesFloor && x.Upper-x.Lower > 2*(single.Upper-single.Lower) {
					t.Errorf("%v direction %d, point %d: width %g", ph, d, i, x.Upper-x.Lower)
				}
			}
		}
	}
}

func BenchmarkDeltaSeries(b *testing.B) {
	w := newWorkspace(768, 1024, 2048)
	p := Problem{Phases: []Phase{{0.01, 1, 1000}}, Group: 1}
	var out [200]Interval
	for b.Loop() {
		w.DeltaSeries(&p, 0, 0.02, out[:])
	}
}
