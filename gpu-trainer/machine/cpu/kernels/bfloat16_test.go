package kernels

import (
	"fmt"
	"math"
	"testing"
)

func TestBFloat16(t *testing.T) { everywhere(t, func(t *testing.T) { eachWay(t, testBFloat16) }) }

// eachWay runs a test with the instruction for pairs, where the processor has it, and without.
func eachWay(t *testing.T, test func(t *testing.T, pairs bool)) {
	t.Run("rounded", func(t *testing.T) { test(t, false) })
	if under != nil && under.packPairs != nil && bfloat16Unit() {
		t.Run("pairs", func(t *testing.T) { test(t, true) })
	}
}

// Products of bfloat16 equal those of the rounded factors in float64, to the
// rounding of float32 sums; odd depths, gaps between rows with NaN in them, and
// depths beyond one block.
func testBFloat16(t *testing.T, pairs bool) {
	p := newPool(2)
	defer p.Close()
	p.bfloat16, p.pairs = true, pairs
	r := source(30)
	for _, s := range [][3]int{{1, 1, 1}, {15, 33, 17}, {29, 65, 130}, {64, 64, 64}, {40, 100, 1301}, {2, 300, 512}, {7, 5, 514}, {2, 33, 3201}} {
		m, n, k := s[0], s[1], s[2]
		for _, transB := range []bool{false, true} {
			lda, ldb := k+2, n+1
			if transB {
				ldb = k + 1
			}
			a, b, c := gaussian[float32](r, m*lda), gaussian[float32](r, max(n, k)*ldb), make([]float32, m*n)
			a2, b2 := append([]float32{}, a...), append([]float32{}, b...)
			for i := range m {
				a[i*lda+k], a[i*lda+k+1] = float32(math.NaN()), float32(math.NaN())
			}
			roundBFloat16(a2, true)
			roundBFloat16(b2, true)
			want, size := naive(false, transB, m, n, k, widen(a2), lda, widen(b2), ldb)
			Gemm(p, false, transB, m, n, k, 1, a, lda, b, ldb, 0, c, n)
			within(t, fmt.Sprint(s, transB), c, want, func(i int) float64 { return float64(k+3)*0x1p-24*size[i] + 1e-37 })
		}
	}
}

func TestBFloat16DoesNotDependOnSurroundings(t *testing.T) {
	everywhere(t, func(t *testing.T) { eachWay(t, testBFloat16Surroundings) })
}

func testBFloat16Surroundings(t *testing.T, pairs bool) {
	r := source(31)
	const rows, in, out = 61, 1417, 75
	x, w, bias, whole := gaussian[float32](r, rows*in), gaussian[float32](r, out*in), gaussian[float32](r, out), make([]float32, rows*out)
	for pass, n := range threads {
		p := newPool(n)
		defer p.Close()
		p.bfloat16, p.pairs = true, pairs
		got := make([]float32, rows*out)
		Linear(p, x, rows, in, w, bias, out, got)
		if pass == 0 {
			copy(whole, got)
		}
		same(t, "threads", got, whole)
		alone := make([]float32, 33)
		Linear(p, x[17*in:][:in], 1, in, w[:33*in], bias, 33, alone)
		same(t, "alone", alone, whole[17*out:])
	}
}
