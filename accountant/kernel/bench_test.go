package kernel

import "testing"

// The five settings that accountants are compared on: q, σ, T, δ.
var settings = []struct {
	name string
	ph   Phase
	d    float64
}{
	{"1", Phase{.0297, .65, 606}, 1e-5},
	{"2", Phase{2000. / 392702, .6, 3534}, 1e-6},
	{"3", Phase{.01, 1, 1000}, 1e-5},
	{"4", Phase{.001, .8, 1e5}, 1e-7},
	{"5", Phase{1e-4, .5, 1e6}, 1e-10},
}

// BenchmarkEpsilon is one certified epsilon, both directions.
func BenchmarkEpsilon(b *testing.B) {
	w := newWorkspace(768, 1024, 2048)
	for _, s := range settings {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for d := Remove; d <= Add; d++ {
					p := Problem{Phases: []Phase{s.ph}, Direction: d, Group: 1}
					if _, m := w.Epsilon(&p, s.d); m != Contour {
						b.Fatal(m)
					}
				}
			}
		})
	}
}
