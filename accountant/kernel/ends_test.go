package kernel

import (
	"math"
	"testing"
)

// The terms that guard the ends: they are far below every interval where contours are laid as usual, so each is tested by itself.

// What a ray has left of its table, and of the double-double rule's first node, is at most what eta charges for it.
func TestLeftOfRays(t *testing.T) {
	for _, ph := range rayPhases {
		r := raysOf(t, ph, 3, 0, false)
		b := bend{start: 3, a: 1, fine: fine{depth: 50}}
		g := b.gridOf(ph, r)
		z0 := ph.Noise*Log((1-ph.Rate)/ph.Rate) + 0.5/ph.Noise
		for i := range r.left {
			beyond := func(end float64) (sum float64) {
				const h = 1.0 / 64
				for j := 1; j < 4000; j++ {
					x := end - h*float64(j)
					zr, zi, gr, _ := turned(Exp(x), x, float64(i-1)*rayGap, r.cos[i], r.sin[i])
					zr, zi = ph.Noise*zr+z0, ph.Noise*zi
					sum += h * ph.Noise * Exp(gr+(zi*zi-zr*zr)/2-logSqrt2Pi)
				}
				return sum
			}
			if mass := beyond(Log(r.rho[0])); mass > r.left[i] || r.left[i] > 20*mass+1e-300 {
				t.Errorf("%+v, ray %d: %.3e left of the table, bound %.3e", ph, i, mass, r.left[i])
			}
			if mass := beyond(g.left); mass > g.rest[i] {
				t.Errorf("%+v, ray %d: %.3e left of the rule, bound %.3e", ph, i, mass, g.rest[i])
			}
		}
	}
}

// What is cut off has at most the mass that cutLoss charges, in groups too, and both contours add that to the upper end of δ.
func TestCutLossCounts(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	for _, ph := range []Phase{{0.01, 1, 1000}, {1e-5, 0.3, 7}, {0.5, 5, 1e6}} {
		for _, group := range []int{1, 3} {
			p := Problem{Phases: []Phase{ph}, Direction: Remove, Group: group}
			w.setLevel(&p, Log(1e-9)+55)
			z := cut(ph, Remove, group, w.level)
			mass := 0.0
			for j := 0; j <= group; j++ {
				mass += Exp(logBinomial(group, j, ph.Rate)) * normUpper(z-float64(j)/ph.Noise)
			}
			if loss := w.cutLoss(&p); ph.Steps*mass > loss || loss > 1.1e-9 {
				t.Errorf("%+v, %d records: mass %.2e, charged %.2e", ph, group, ph.Steps*mass, loss)
			}
		}
	}
	p := Problem{Phases: []Phase{{0.01, 1, 1000}}, Direction: Remove, Group: 1}
	w.setLevel(&p, Log(1e-5))
	s, _ := w.saddleForDelta(&p, Log(1e-5))
	var k contour
	if !w.build(&p, s, usual, &k) || k.cutLoss != w.cutLoss(&p) {
		t.Fatalf("contour with a loss of %v", k.cutLoss)
	}
	with, _ := w.delta(&k, s.epsilon)
	k.cutLoss += 1e-6
	if more, _ := w.delta(&k, s.epsilon); math.Abs(more.Upper-with.Upper-1e-6) > 1e-15 {
		t.Errorf("a loss of 1e-6 raises the upper end by %v", more.Upper-with.Upper)
	}
	bent := bend{cutLoss: 1e-6}
	if d, _ := w.bentAt(&bent, 0); d.Upper < 1e-6 {
		t.Errorf("bent: a loss of 1e-6 and the upper end %v", d.Upper)
	}
}

// One step's moment beyond the cut, where the contour goes over to the whole plan, is at most what chargeCut charges: by
// Simpson's rule up to where nothing is left.
func TestChargeCut(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	for _, ph := range []Phase{{1e-4, 0.8, 1}, {1e-3, 1.5, 1}} {
		p := Problem{Phases: []Phase{ph}, Direction: Remove, Group: 1}
		b := bend{epsilon: 0.1, level: Log(1e-12), cutting: true, start: 3, high: 12, tight: finely}
		b.sin, b.cos = Sincos(bendAngle)
		b.lambda = -Log1p(-ph.Rate)
		b.a = b.lambda + b.epsilon
		w.bendMemory(&p)
		if !w.chargeCut(&p, &b) {
			t.Fatalf("%+v: no table", ph)
		}
		z := cut(ph, Remove, 1, b.level)
		const n = 200000
		h := 30.0 / n
		var re, im float64
		for i := 0; i <= n; i++ {
			x := z + h*float64(i)
			la, _ := logMix(x, ph.Noise, ph.Rate, 1)
			loss := la + b.lambda
			weight := h / 3
			if i > 0 && i < n {
				weight *= float64(2 + 2*(i%2))
			}
			e := weight * math.Exp(b.start*loss-x*x/2-logSqrt2Pi)
			sin, cos := math.Sincos(b.high * loss)
			re, im = re+e*cos, im+e*sin
		}
		value, _ := b.exponent(b.start, 0)
		far := Exp(value) * math.Hypot(re, im) / b.high
		if b.wrong < far || b.wrong > 1e4*far {
			t.Errorf("%+v: charged %.3e for at least %.3e", ph, b.wrong, far)
		}
	}
}
