package kernels

import (
	"math"
	"testing"
)

func TestKeptGradients(t *testing.T) { both(t, testKept[float32], testKept[float64]) }

// Norms are the same whether the gradients are kept or not, and what is kept makes the integers that the sum kernels
// make of the factors: to the bit for biases and LayerNorms, within the rounding of a product for matrices.
func testKept[T Float](t *testing.T) {
	p := newPool(2)
	defer p.Close()
	const inverseQuantum = 0x1p20
	offsets, factor := offsetsOf(4, 1, 6, 17), []float64{0.5, 1, 0, 0.25}
	alone := offsetsOf(1, 1, 1, 1)
	for _, s := range [][2]int{{37, 16}, {16, 37}, {64, 3}, {1, 40}, {256, 16}} {
		in, out := s[0], s[1]
		r := source(uint64(in))
		x, g := gaussian[T](r, 28*in), gaussian[T](r, 28*out)
		plain, kept := NormsOf(make([]float64, 8)), NormsOf(make([]float64, 8))
		rows := make([]T, 4*in*out)
		LinearNorm(p, x, g, offsets, in, out, plain)
		LinearKeep(p, x, g, offsets, in, out, kept, rows)
		direct, fromRows := make([]int64, in*out), make([]int64, in*out)
		LinearSum(p, x, g, offsets, in, out, factor, inverseQuantum, direct)
		BiasSum(p, rows, alone, in*out, factor, inverseQuantum, fromRows)
		for i := range 4 {
			if math.Abs(kept.Square[i]-plain.Square[i]) > 64*unit[T]()*plain.Square[i] || !(kept.Bound[i] >= kept.Square[i]) {
				t.Errorf("%v example %d: kept norm %v of bound %v, norm %v", s, i, kept.Square[i], kept.Bound[i], plain.Square[i])
			}
		}
		for j := range direct { // at most 28 products of a few units in each of 3 examples, and a rounding to integers in each
			if d := math.Abs(float64(direct[j] - fromRows[j])); d > 3+28*28*unit[T]()*inverseQuantum {
				t.Fatalf("%v number %d: %d from what was kept, %d from the factors", s, j, fromRows[j], direct[j])
			}
		}
	}
	testKeptRows[T](t, p, offsets, alone, factor)
}

func testKeptRows[T Float](t *testing.T, p *Pool, offsets, alone []int32, factor []float64) {
	const width, inverseQuantum = 71, 0x1p20 // four vectors, one, and a part of one
	r := source(3)
	x, g, mean, rstd := gaussian[T](r, 28*width), gaussian[T](r, 28*width), gaussian[T](r, 28), gaussian[T](r, 28)
	plain, kept := NormsOf(make([]float64, 8)), NormsOf(make([]float64, 8))
	gamma, beta := make([]T, 4*width), make([]T, 4*width)
	LayerNormNorm(p, x, g, offsets, width, mean, rstd, plain, nil, nil)
	LayerNormNorm(p, x, g, offsets, width, mean, rstd, kept, gamma, beta)
	want, got := make([]int64, 2*width), make([]int64, 2*width)
	LayerNormSum(p, x, g, offsets, width, mean, rstd, factor, inverseQuantum, want[:width], want[width:])
	BiasSum(p, gamma, alone, width, factor, inverseQuantum, got[:width])
	BiasSum(p, beta, alone, width, factor, inverseQuantum, got[width:])
	sameInts(t, "LayerNorm", got, want)
	for i := range 4 {
		if kept.Square[i] != plain.Square[i] || kept.Bound[i] != plain.Bound[i] {
			t.Errorf("LayerNorm of example %d: kept norm %v, norm %v", i, kept.Square[i], plain.Square[i])
		}
	}
}

// The bound holds for gradients that cancel, when they are kept too.
func TestKeptBoundHolds(t *testing.T) { both(t, testKeptBound[float32], testKeptBound[float64]) }

func testKeptBound[T Float](t *testing.T) {
	p := newPool(1)
	defer p.Close()
	for _, s := range boundShapes {
		for _, spread := range []float64{0, 1e-9, 1e-7, 1e-5, 1e-3, 1} {
			in, out := s[0], s[1]
			x, g := cancelling[T](7, in, out, 1000, spread)
			n, rows := NormsOf(make([]float64, 2)), make([]T, in*out)
			LinearKeep(p, x, g, offsetsOf(4), in, out, n, rows)
			var square float64
			for _, v := range rows { // the integers are these numbers, rounded
				square += float64(v) * float64(v)
			}
			if exact := exactNorm(x, g, 4, in, out); !(math.Sqrt(n.Bound[0]) >= exact) || !(n.Bound[0] >= square) {
				t.Errorf("%v spread %v: bound %v, exact norm %v, norm of what is kept %v", s, spread, math.Sqrt(n.Bound[0]), exact, math.Sqrt(square))
			}
		}
	}
}
