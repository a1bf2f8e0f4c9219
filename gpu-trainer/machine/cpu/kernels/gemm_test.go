package kernels

import (
	"fmt"
	"testing"
)

func TestGemm(t *testing.T) { both(t, testGemm[float32], testGemm[float64]) }

// Every transposition, sizes around the tiles' edges, gaps between rows, every
// kind of alpha and beta, against float64. A sum of k products rounds at most
// k+2 times, each by a unit of the sum of sizes.
func testGemm[T Float](t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(1)
	sizes := [][3]int{{1, 1, 1}, {3, 5, 7}, {14, 32, 16}, {15, 33, 17}, {29, 65, 130}, {1, 300, 40}, {64, 64, 64}, {5, 1, 9}, {100, 17, 800}, {13, 48, 3}, {2, 33, 1600}, {1, 2000, 270}}
	for _, s := range sizes {
		m, n, k := s[0], s[1], s[2]
		for form := range 4 {
			for _, scale := range [][2]T{{1, 0}, {1, 1}, {0.5, 0}, {-2, 0.25}} {
				transA, transB := form&1 != 0, form&2 != 0
				name := fmt.Sprintf("%v %v %v", s, form, scale)
				lda, ldb, ldc := k+3, n+1, n+2
				if transA {
					lda = m + 3
				}
				if transB {
					ldb = k + 1
				}
				a, b := gaussian[T](r, max(m, k)*lda), gaussian[T](r, max(n, k)*ldb)
				c := gaussian[T](r, m*ldc)
				before := append([]T{}, c...)
				want, size := naive(transA, transB, m, n, k, widen(a), lda, widen(b), ldb)
				Gemm(p, transA, transB, m, n, k, scale[0], a, lda, b, ldb, scale[1], c, ldc)
				for i := range m {
					for j := range n {
						at := i*n + j
						want[at] = float64(scale[0])*want[at] + float64(scale[1])*float64(before[i*ldc+j])
						size[at] = 2*size[at] + 2
					}
					within(t, name, c[i*ldc:][:n], want[i*n:][:n], func(j int) float64 { return float64(k+3) * unit[T]() * size[i*n+j] })
					same(t, name+" gap", c[i*ldc+n:][:2], before[i*ldc+n:][:2])
				}
			}
		}
	}
}

func TestLinearForms(t *testing.T) { both(t, testLinearForms[float32], testLinearForms[float64]) }

// Linear and its two gradients are products of the same shapes as their names say.
func testLinearForms[T Float](t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(2)
	for _, s := range [][3]int{{37, 48, 80}, {5, 130, 16}, {130, 16, 33}, {1, 1, 1}, {70, 130, 96}} {
		rows, in, out := s[0], s[1], s[2]
		x, w, bias, g := gaussian[T](r, rows*in), gaussian[T](r, out*in), gaussian[T](r, out), gaussian[T](r, rows*out)
		y, dx, dw := make([]T, rows*out), gaussian[T](r, rows*in), gaussian[T](r, out*in)
		Linear(p, x, rows, in, w, bias, out, y)
		want, size := naive(false, true, rows, out, in, widen(x), in, widen(w), in)
		for i := range want {
			want[i] += float64(bias[i%out])
		}
		within(t, "y", y, want, func(i int) float64 { return float64(in+2) * unit[T]() * (size[i] + 4) })

		start := widen(dx)
		LinearGradInput(p, g, rows, out, w, in, dx, true)
		want, size = naive(false, false, rows, in, out, widen(g), out, widen(w), in)
		for i := range want {
			want[i] += start[i]
		}
		within(t, "dx", dx, want, func(i int) float64 { return float64(out+2) * unit[T]() * (size[i] + 5) })

		start = widen(dw)
		LinearGradWeight(p, x, g, rows, in, out, dw)
		want, size = naive(true, false, out, in, rows, widen(g), out, widen(x), in)
		for i := range want {
			want[i] += start[i]
		}
		within(t, "dw", dw, want, func(i int) float64 { return float64(rows+2) * unit[T]() * (size[i] + 5) })
	}
}

func TestProductsDoNotDependOnTheirSurroundings(t *testing.T) {
	both(t, testSurroundings[float32], testSurroundings[float64])
}

// A row of Linear has the same bits alone, in any position and beside any
// number of columns, on any number of threads.
func testSurroundings[T Float](t *testing.T) {
	r := source(3)
	const rows, in, out = 61, 417, 75
	x, w, bias := gaussian[T](r, rows*in), gaussian[T](r, out*in), gaussian[T](r, out)
	whole := make([]T, rows*out)
	for pass, n := range threads {
		p := newPool(n)
		defer p.Close()
		got := make([]T, rows*out)
		Linear(p, x, rows, in, w, bias, out, got)
		if pass == 0 {
			copy(whole, got)
		}
		same(t, "threads", got, whole)
		for _, at := range []int{0, 13, 14, 30, 60} {
			for _, columns := range []int{1, 15, 31, 33, 75} {
				alone := make([]T, columns)
				Linear(p, x[at*in:][:in], 1, in, w[:columns*in], bias, columns, alone)
				same(t, "alone", alone, whole[at*out:])
			}
		}
	}
}
