package kernels

import (
	"math"
	"testing"
)

func TestActivationAccuracy(t *testing.T) { everywhere(t, testActivationAccuracy) }

// The bounds that GELU and GELUGrad state, on a million points of [-14, 14].
// GELU: the polynomial errs by 1.1e-8 of the tail, the exponential by 1.9e-9,
// and a dozen float32 operations by half a unit of 1.2e-7 each, to which exp
// adds the rounding of its argument x²/2.
func testActivationAccuracy(t *testing.T) {
	p := newPool(2)
	defer p.Close()
	const n = 1 << 20
	x, y, d, s, ones := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], ones[i] = float32(28*float64(i)/n-14), 1
	}
	GELU(p, x, y)
	GELUGrad(p, x, ones, d)
	again := make([]float32, n)
	GELUBoth(p, x, again, s)
	same(t, "GELUBoth", again, y)
	for i, v := range widen(x) {
		want := v * 0.5 * math.Erfc(-v/math.Sqrt2)
		bound := 8e-7
		if v < -1 {
			bound += 1e-7 * v * v
		}
		if math.Abs(float64(y[i])-want) > bound*math.Abs(want)+1e-36 {
			t.Fatalf("GELU(%v) = %v, want %v", v, y[i], want)
		}
		if want := slope(v); math.Abs(float64(d[i])-want) > 4e-7 || math.Abs(float64(s[i])-want) > 4e-7 {
			t.Fatalf("GELU'(%v) = %v and %v, want %v", v, d[i], s[i], want)
		}
	}
}

func TestSoftmaxAccuracy(t *testing.T) { everywhere(t, testSoftmaxAccuracy) }

// Softmax rows of every length up to 70: each share within 4e-7 of itself, and
// exp's reach: scores 80 apart give their tiny share, scores 200 apart next to
// nothing.
func testSoftmaxAccuracy(t *testing.T) {
	p := newPool(1)
	w := &p.workers[0]
	r := source(40)
	for length := 1; length <= 70; length++ {
		x := gaussian[float32](r, length*length)
		for i := range x {
			x[i] *= 5
		}
		if length > 2 {
			x[0], x[1], x[2] = 100, 20, -100
		}
		got := append([]float32{}, x...)
		softmaxRows(w, got, length, 0.7)
		for i := range length {
			row := widen(x[i*length:][:length])
			softmaxRow(row, float64(float32(0.7)))
			for j, want := range row {
				// 0.7 x is rounded before the largest is subtracted: an error of 70·2⁻²⁴ in the exponent.
				if g := float64(got[i*length+j]); math.Abs(g-want) > 1e-5*want+2e-38 {
					t.Fatalf("length %d [%d,%d] = %v, want %v", length, i, j, g, want)
				}
			}
		}
	}
}

// Layer norms of rows of every width up to 70, and of rows far from zero.
func TestLayerNormAccuracy(t *testing.T) { everywhere(t, testLayerNormAccuracy) }

func testLayerNormAccuracy(t *testing.T) {
	p := newPool(1)
	r := source(41)
	for width := 2; width <= 70; width++ {
		x, gamma, beta := gaussian[float32](r, 3*width), gaussian[float32](r, width), gaussian[float32](r, width)
		for i := range width {
			x[2*width+i] += 30
		}
		y, mean, rstd := make([]float32, 3*width), make([]float32, 3), make([]float32, 3)
		LayerNorm(p, x, 3, width, gamma, beta, 1e-5, y, mean, rstd)
		for i := range 3 {
			want := make([]float64, width)
			layerNormRow(widen(x[i*width:][:width]), widen(gamma), widen(beta), 1e-5, want)
			// 30 away from zero, x and its mean round by 2e-6, against a deviation of at least a few tenths.
			within(t, "LayerNorm", y[i*width:][:width], want, func(j int) float64 { return 6e-5 * (1 + math.Abs(want[j])) })
		}
	}
}
