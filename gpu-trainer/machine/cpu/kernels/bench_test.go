package kernels

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkLinear reports the best rate of y = x Wᵀ, the form of every layer,
// in GFLOP/s. The best of many runs is what an idle machine gives.
func BenchmarkLinear(b *testing.B) {
	for _, s := range [][3]int{{1024, 1024, 1024}, {512, 768, 768}, {2048, 256, 256}, {2048, 1024, 256}, {2048, 256, 1024}, {2048, 128, 128}, {2048, 1536, 384}, {2048, 16, 256}, {4, 768, 768}} {
		for _, n := range []int{1, 2} {
			rows, out, in := s[0], s[1], s[2]
			b.Run(fmt.Sprintf("%dx%dx%d/%d", rows, out, in, n), func(b *testing.B) {
				p := NewPool(n)
				defer p.Close()
				r := source(1)
				x, w, y := gaussian[float32](r, rows*in), gaussian[float32](r, out*in), make([]float32, rows*out)
				rate(b, 2*float64(rows)*float64(out)*float64(in), func() { Linear(p, x, rows, in, w, nil, out, y) })
			})
		}
	}
}

// rate runs f and reports operations over its shortest time.
func rate(b *testing.B, operations float64, f func()) {
	f()
	best := time.Duration(1 << 62)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	b.ReportMetric(operations/float64(best.Nanoseconds()), "best-GFLOP/s")
}

// BenchmarkPrivate compares what private training adds to one linear layer:
// 32 examples of 64 tokens, forward and input gradient, then the plain weight
// gradient or norms and integer sums.
func BenchmarkPrivate(b *testing.B) {
	for _, s := range [][2]int{{256, 256}, {256, 1024}, {1024, 256}, {256, 16}, {16, 256}} {
		in, out := s[0], s[1]
		const examples, length = 32, 64
		const rows = examples * length
		offsets := []int32{0}
		factor := make([]float64, examples)
		for i := range factor {
			offsets, factor[i] = append(offsets, int32((i+1)*length)), 0.37
		}
		r := source(1)
		x, g, w := gaussian[float32](r, rows*in), gaussian[float32](r, rows*out), gaussian[float32](r, out*in)
		y, dx, dw := make([]float32, rows*out), make([]float32, rows*in), make([]float32, out*in)
		sum, sq := make([]int64, out*in), make([]float64, 2*examples)
		p := NewPool(1)
		flops := 2 * float64(rows) * float64(in) * float64(out)
		parts := map[string]func(){
			"forward":  func() { Linear(p, x, rows, in, w, nil, out, y) },
			"gradient": func() { LinearGradInput(p, g, rows, out, w, in, dx, false) },
			"weight":   func() { LinearGradWeight(p, x, g, rows, in, out, dw) },
			"norm":     func() { LinearNorm(p, x, g, offsets, in, out, NormsOf(sq)) },
			"sum":      func() { LinearSum(p, x, g, offsets, in, out, factor, 0x1p30, sum) },
		}
		for _, name := range []string{"forward", "gradient", "weight", "norm", "sum"} {
			b.Run(fmt.Sprintf("%dx%d/%s", out, in, name), func(b *testing.B) { rate(b, flops, parts[name]) })
		}
		p.Close()
	}
}
