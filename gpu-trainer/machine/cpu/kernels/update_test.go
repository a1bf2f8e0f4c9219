package kernels

import "testing"

// The vector code of Adam and of the grid gives the bits of the portable code.
func TestUpdatesHaveEqualBits(t *testing.T) {
	r := source(20)
	const n = 1003
	theta, g, m, v := gaussian[float32](r, n), gaussian[float32](r, n), gaussian[float32](r, n), gaussian[float32](r, n)
	sum := make([]int64, n)
	for i := range sum {
		v[i] *= v[i]
		sum[i] = r.Int64N(1<<60) - 1<<59
	}
	step := AdamStep{Beta1: 0.9, Beta2: 0.999, Correct1: 3.69, Correct2: 334, Epsilon: 1e-8, Rate: 1e-3, Shrink: 0.99, Coupled: 0.01}
	run := func() [][]float32 {
		p := newPool(2)
		defer p.Close()
		a, b, c := append([]float32{}, theta...), append([]float32{}, m...), append([]float32{}, v...)
		x, y := make([]float32, n), append([]float32{}, g...)
		p.EachThread(n, 400, func(t Thread, lo, hi int) {
			Adam(t, step, a[lo:hi], g[lo:hi], b[lo:hi], c[lo:hi])
			copy(x[lo:hi], FromGrid[float32](t, sum[lo:hi], 0x1p-40/77))
			Divide(t, y[lo:hi], 31)
		})
		return [][]float32{a, b, c, x, y}
	}
	var want [][]float32
	everywhere(t, func(t *testing.T) {
		best := under
		under = nil
		want = run()
		under = best
		for i, got := range run() {
			same(t, []string{"theta", "m", "v", "gradient", "divided"}[i], got, want[i])
		}
	})
}
