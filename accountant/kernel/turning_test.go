package kernel

import (
	"math"
	"testing"
)

// The rotating terms and the bunched ones add up to Σ p(e^(itl) − 1) in double-double within what front says of rotation,
// bunches and summation, at every node of the contour.
func TestTurning(t *testing.T) {
	w := newWorkspace(768, 4096, 2048)
	const worst = 0.5 // the bound's share that is surely not exceeded: rounding is random, the bound is not
	for _, turns := range []int{16, 64, 128} {
		for _, s := range settings {
			for d := Remove; d <= Replace; d++ {
				p := Problem{Phases: []Phase{s.ph}, Direction: d, Group: 1}
				k := contour{c: 1, n: 150, h: 0.15}
				top := k.h * float64(k.n)
				if !w.fine.lay(s.ph, d, 1, k.c, top, quadrature+Log(s.ph.Steps), math.Inf(-1)) {
					t.Fatal("no room")
				}
				w.front(&p, s.ph, &k, turns, top)
				w.bunch(top, k.h)
				f := &w.fine
				var size float64
				for j := range f.n {
					size += f.weight[j] * math.Abs(f.slope[j])
				}
				chain := float64(turns+f.n/block+block+40) * unit * size
				for base := 0; base < k.n; base += turns {
					w.align(k.h * float64(base-1))
					for j := base; j < min(base+turns, k.n); j++ {
						re, im := w.rotate()
						x, y := w.bunched(float64(j) / float64(k.n))
						sum := complexDD{}
						for i := range f.n {
							e := complexDD{dd{}, twoProd(k.h, float64(j)).times(f.slope[i])}.exp()
							e.re = e.re.plus(-1)
							sum = sum.add(e.times(dd{f.weight[i], 0}))
						}
						gap := math.Hypot(sum.re.plus(-re).plus(-x).hi, sum.im.plus(-im).plus(-y).hi)
						if allowed := worst * chain * k.h * float64(j+1); !(gap <= allowed) {
							t.Fatalf("%v, direction %d, %d turns, node %d: off by %g, %g is allowed", s.ph, d, turns, j, gap, allowed)
						}
					}
				}
			}
		}
	}
}

// The angle and the size of 1 + s(e^(ib) − 1) by arcs are within the share that shiftedOne allows.
func TestArcs(t *testing.T) {
	for b := 0.01; b < math.Pi/2; b += 0.02 {
		tan := math.Tan(b / 2)
		arc, whole := arcs(tan)
		for s := 1e-6; s < 1; s += 0.007 {
			a, l := arcs((2*s - 1) * tan)
			re, im := 1+s*(math.Cos(b)-1), s*math.Sin(b)
			angle, size := math.Atan2(im, re), -math.Log(re*re+im*im)
			const share = 1.0 / 577
			if math.Abs(a+arc-angle) > share*angle+1e-14 || math.Abs(whole-l-size) > share*size+1e-14 {
				t.Fatalf("b = %v, s = %v: angle %v for %v, size %v for %v", b, s, a+arc, angle, whole-l, size)
			}
		}
	}
}
