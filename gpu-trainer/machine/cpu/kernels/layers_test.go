package kernels

import (
	"math"
	"testing"
)

// differences checks an input gradient by central differences: f is Σ c·layer(x),
// grad its claimed gradient. The step is 1e-5, its error about 1e-9.
func differences(t *testing.T, what string, x []float64, grad []float64, f func() float64) {
	t.Helper()
	const h = 1e-5
	for i := range x {
		old := x[i]
		x[i] = old + h
		up := f()
		x[i] = old - h
		down := f()
		x[i] = old
		if d := math.Abs((up-down)/(2*h) - grad[i]); !(d <= 2e-7*(1+math.Abs(grad[i]))) {
			t.Fatalf("%s[%d] = %v, differences give %v", what, i, grad[i], (up-down)/(2*h))
		}
	}
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func TestGradientsByDifferences(t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(4)
	const rows, width = 9, 12
	x, c := gaussian[float64](r, rows*width), gaussian[float64](r, rows*width)
	y, dx := make([]float64, rows*width), make([]float64, rows*width)

	GELUGrad(p, x, c, dx)
	differences(t, "GELU", x, dx, func() float64 { GELU(p, x, y); return dot(y, c) })

	Tanh(p, x, y)
	TanhGrad(p, y, c, dx)
	differences(t, "Tanh", x, dx, func() float64 { Tanh(p, x, y); return dot(y, c) })

	gamma, beta := gaussian[float64](r, width), gaussian[float64](r, width)
	mean, rstd := make([]float64, rows), make([]float64, rows)
	norm := func() float64 {
		LayerNorm(p, x, rows, width, gamma, beta, 1e-5, y, mean, rstd)
		return dot(y, c)
	}
	norm()
	LayerNormGrad(p, x, c, rows, width, gamma, mean, rstd, dx)
	differences(t, "LayerNorm", x, dx, norm)
	norm()
	dgamma, dbeta := make([]float64, width), make([]float64, width)
	LayerNormGradWeight(p, x, c, rows, width, mean, rstd, dgamma, dbeta)
	differences(t, "gamma", gamma, dgamma, norm)
	differences(t, "beta", beta, dbeta, norm)

	offsets := offsetsOf(2, 1, 6)
	small := make([]float64, 3*width)
	PoolMeanGrad(p, c[:3*width], offsets, width, dx)
	differences(t, "PoolMean", x, dx, func() float64 { PoolMean(p, x, offsets, width, small); return dot(small, c) })
	PoolFirstGrad(p, c[:3*width], offsets, width, dx)
	differences(t, "PoolFirst", x, dx, func() float64 { PoolFirst(p, x, offsets, width, small); return dot(small, c) })

	loss, d := make([]float64, 4), make([]float64, 12)
	labels := []int32{2, 0, -1, 1}
	ones := []float64{1, 1, 1, 1}
	CrossEntropy(x, 4, 3, labels, loss, d)
	differences(t, "CrossEntropy", x[:12], d, func() float64 {
		CrossEntropy(x, 4, 3, labels, loss, make([]float64, 12))
		return dot(loss, ones)
	})
}

func TestAttentionGradientByDifferences(t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(5)
	offsets := offsetsOf(1, 4, 3)
	const rows, hidden, heads, scale = 8, 6, 2, 0.6
	q, k, v, c := gaussian[float64](r, rows*hidden), gaussian[float64](r, rows*hidden), gaussian[float64](r, rows*hidden), gaussian[float64](r, rows*hidden)
	probs, y := make([]float64, heads*(1+16+9)), make([]float64, rows*hidden)
	f := func() float64 {
		Attention(p, q, k, v, offsets, heads, hidden, scale, probs, y)
		return dot(y, c)
	}
	f()
	dq, dk, dv := make([]float64, rows*hidden), make([]float64, rows*hidden), make([]float64, rows*hidden)
	AttentionGrad(p, q, k, v, probs, c, offsets, heads, hidden, scale, dq, dk, dv)
	differences(t, "dq", q, dq, f)
	differences(t, "dk", k, dk, f)
	differences(t, "dv", v, dv, f)
}

// The float32 layers agree with the float64 ones to a few roundings.
func TestLayersInSinglePrecision(t *testing.T) { everywhere(t, testLayersInSinglePrecision) }

func testLayersInSinglePrecision(t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(6)
	offsets := offsetsOf(1, 64, 33, 7, 17)
	const rows, hidden, heads = 122, 96, 3
	scale := 1 / math.Sqrt(hidden/heads)
	draw := func() ([]float32, []float64) { x := gaussian[float32](r, rows*hidden); return x, widen(x) }
	q, q64 := draw()
	k, k64 := draw()
	v, v64 := draw()
	g, g64 := draw()
	cells := heads * (1 + 64*64 + 33*33 + 49 + 17*17)
	make2 := func(n int) ([]float32, []float64) { return make([]float32, n), make([]float64, n) }
	probs, probs64 := make2(cells)
	y, y64 := make2(rows * hidden)
	dq, dq64 := make2(rows * hidden)
	dk, dk64 := make2(rows * hidden)
	dv, dv64 := make2(rows * hidden)
	Attention(p, q, k, v, offsets, heads, hidden, scale, probs, y)
	Attention(p, q64, k64, v64, offsets, heads, hidden, scale, probs64, y64)
	AttentionGrad(p, q, k, v, probs, g, offsets, heads, hidden, scale, dq, dk, dv)
	AttentionGrad(p, q64, k64, v64, probs64, g64, offsets, heads, hidden, scale, dq64, dk64, dv64)
	near := func(bound float64) func(int) float64 { return func(int) float64 { return bound } }
	within(t, "probs", probs, probs64, near(1e-6))
	within(t, "attention", y, y64, near(3e-6))
	within(t, "dq", dq, dq64, near(2e-5))
	within(t, "dk", dk, dk64, near(2e-5))
	within(t, "dv", dv, dv64, near(1e-5))

	gamma, beta := gaussian[float32](r, hidden), gaussian[float32](r, hidden)
	mean, mean64 := make2(rows)
	rstd, rstd64 := make2(rows)
	LayerNorm(p, q, rows, hidden, gamma, beta, 1e-12, y, mean, rstd)
	LayerNorm(p, q64, rows, hidden, widen(gamma), widen(beta), 1e-12, y64, mean64, rstd64)
	within(t, "LayerNorm", y, y64, near(4e-6))
	LayerNormGrad(p, q, g, rows, hidden, gamma, mean, rstd, dq)
	LayerNormGrad(p, q64, g64, rows, hidden, widen(gamma), mean64, rstd64, dq64)
	within(t, "LayerNormGrad", dq, dq64, near(1e-5))
}

// An example's attention has the same bits alone as in a packed batch.
func TestAttentionDoesNotDependOnPacking(t *testing.T) {
	both(t, testAttentionPacking[float32], testAttentionPacking[float64])
}

func testAttentionPacking[T Float](t *testing.T) {
	r := source(7)
	offsets := offsetsOf(33, 5, 64, 18)
	const rows, hidden, heads, scale = 120, 64, 2, 0.2
	q, k, v, g := gaussian[T](r, rows*hidden), gaussian[T](r, rows*hidden), gaussian[T](r, rows*hidden), gaussian[T](r, rows*hidden)
	run := func(n, lo, hi int, offsets []int32) (y, dq, dk, dv []T) {
		p := newPool(n)
		defer p.Close()
		size := (hi - lo) * hidden
		part := func(x []T) []T { return x[lo*hidden : hi*hidden] }
		probs := make([]T, heads*(33*33+25+64*64+18*18))
		y, dq, dk, dv = make([]T, size), make([]T, size), make([]T, size), make([]T, size)
		Attention(p, part(q), part(k), part(v), offsets, heads, hidden, scale, probs, y)
		AttentionGrad(p, part(q), part(k), part(v), probs, part(g), offsets, heads, hidden, scale, dq, dk, dv)
		return
	}
	y, dq, dk, dv := run(1, 0, rows, offsets)
	for _, n := range threads {
		for i := range 4 {
			lo, hi := int(offsets[i]), int(offsets[i+1])
			y1, dq1, dk1, dv1 := run(n, lo, hi, offsetsOf(hi-lo))
			same(t, "y", y1, y[lo*hidden:])
			same(t, "dq", dq1, dq[lo*hidden:])
			same(t, "dk", dk1, dk[lo*hidden:])
			same(t, "dv", dv1, dv[lo*hidden:])
		}
	}
}

func TestEmbed(t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(8)
	ids := []int32{3, 0, 3, 1}
	table, g := gaussian[float64](r, 4*5), gaussian[float64](r, 4*5)
	y := make([]float64, 20)
	Embed(p, ids, table, 5, y, false)
	Embed(p, []int32{1, 1, 1, 1}, table, 5, y, true)
	d := make([]float64, 20)
	EmbedGrad(p, ids, g, 5, d)
	for t1, id := range ids {
		for j := range 5 {
			if want := table[int(id)*5+j] + table[5+j]; y[t1*5+j] != want {
				t.Fatalf("Embed[%d,%d] = %v, want %v", t1, j, y[t1*5+j], want)
			}
		}
	}
	for j := range 5 {
		if d[15+j] != g[j]+g[10+j] || d[10+j] != 0 || d[j] != g[5+j] {
			t.Fatalf("EmbedGrad column %d: %v", j, d)
		}
	}
}

// GELU's tails: exact zeros and no overflow far out, and NaN goes through.
func TestActivationTails(t *testing.T) { both(t, testTails[float32], testTails[float64]) }

func testTails[T Float](t *testing.T) {
	p := newPool(1)
	x := []T{-300, -20, -6, -1e-8, 0, 1e-8, 6, 20, 300, T(math.NaN()), T(math.Inf(1))}
	y, d, ones := make([]T, len(x)), make([]T, len(x)), make([]T, len(x))
	for i := range ones {
		ones[i] = 1
	}
	GELU(p, x, y)
	GELUGrad(p, x, ones, d)
	for i, v := range widen(x) {
		want := v * 0.5 * math.Erfc(-v/math.Sqrt2)
		slope := 0.5*math.Erfc(-v/math.Sqrt2) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)
		if i >= 9 {
			if i == 9 && !(math.IsNaN(float64(y[i])) && math.IsNaN(float64(d[i]))) {
				t.Errorf("GELU(NaN) = %v, slope %v", y[i], d[i])
			}
			continue
		}
		if math.Abs(float64(y[i])-want) > 4*unit[T]()*(math.Abs(want)+1e-3) {
			t.Errorf("GELU(%v) = %v, want %v", v, y[i], want)
		}
		if math.Abs(float64(d[i])-slope) > 8*unit[T]() {
			t.Errorf("GELU'(%v) = %v, want %v", v, d[i], slope)
		}
	}
}
