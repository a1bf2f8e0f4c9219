package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

// threads are the pool sizes that every determinism test compares.
var threads = []int{1, 2, 3}

// source returns a generator that is the same for every run.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func gaussian[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

func widen[T Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// naive is op(A) op(B) in float64, with sizes[i,j] = Σ |a||b|, the scale of
// its rounding error.
func naive(transA, transB bool, m, n, k int, a []float64, lda int, b []float64, ldb int) (c, sizes []float64) {
	av, bv := operand(a, lda, transA), operand(b, ldb, transB)
	c, sizes = make([]float64, m*n), make([]float64, m*n)
	for i := range m {
		for j := range n {
			for l := range k {
				v := av.data[i*av.row+l*av.col] * bv.data[l*bv.row+j*bv.col]
				c[i*n+j] += v
				sizes[i*n+j] += math.Abs(v)
			}
		}
	}
	return c, sizes
}

// unit is the rounding unit of T.
func unit[T Float]() float64 {
	if single[T]() {
		return 0x1p-24
	}
	return 0x1p-53
}

// within fails unless |got - want| <= bound(i) everywhere.
func within[T Float](t *testing.T, what string, got []T, want []float64, bound func(i int) float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= bound(i)) {
			t.Fatalf("%s[%d] = %v, want %v: off by %g, allowed %g", what, i, got[i], want[i], d, bound(i))
		}
	}
}

// same fails unless a and b have equal bits.
func same[T Float](t *testing.T, what string, a, b []T) {
	t.Helper()
	for i := range a {
		if math.Float64bits(float64(a[i])) != math.Float64bits(float64(b[i])) {
			t.Fatalf("%s[%d]: %v and %v", what, i, a[i], b[i])
		}
	}
}

func sameInts(t *testing.T, what string, a, b []int64) {
	t.Helper()
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("%s[%d]: %d and %d", what, i, a[i], b[i])
		}
	}
}

// under is the vector unit that the tests' pools use.
var under = detect()

// newPool is a pool on the unit under test.
func newPool(threads int) *Pool {
	p := NewPool(threads)
	p.simd = under
	return p
}

// everywhere runs a test of float32 on every vector unit of the processor.
func everywhere(t *testing.T, f func(t *testing.T)) {
	best := under
	defer func() { under = best }()
	for name, u := range units() {
		under = u
		t.Run(name, f)
	}
}

// both runs a test for both element types, and float32 on every vector unit.
func both(t *testing.T, f32, f64 func(t *testing.T)) {
	everywhere(t, f32)
	t.Run("float64", f64)
}

// lengths to offsets.
func offsetsOf(lengths ...int) []int32 {
	o := []int32{0}
	for _, l := range lengths {
		o = append(o, o[len(o)-1]+int32(l))
	}
	return o
}
