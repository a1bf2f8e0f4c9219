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
