package kernels

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

// cancelling is an example of four tokens whose weight gradient is a small difference of large products: two pairs of
// tokens with almost equal inputs and opposite gradients. spread is how far the inputs of a pair lie apart, relative
// to their size.
func cancelling[T Float](seed uint64, in, out int, size, spread float64) (x, g []T) {
	r := source(seed)
	x, g = gaussian[T](r, 4*in), gaussian[T](r, 4*out)
	for j := range in {
		for t := range 2 {
			x[t*in+j] *= T(size)
			x[(t+2)*in+j] = x[t*in+j] * T(1+spread*r.NormFloat64())
		}
	}
	for j := range out {
		for t := range 2 {
			g[(t+2)*out+j] = -g[t*out+j]
		}
	}
	return x, g
}

// exactNorm is the norm of Σ g_t x_tᵀ without rounding errors that matter: 200 bits.
func exactNorm[T Float](x, g []T, length, in, out int) float64 {
	exact := func(v float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(v) }
	total := exact(0)
	for o := range out {
		for j := range in {
			v := exact(0)
			for t := range length {
				v.Add(v, new(big.Float).Mul(exact(float64(g[t*out+o])), exact(float64(x[t*in+j]))))
			}
			total.Add(total, v.Mul(v, v))
		}
	}
	norm, _ := total.Sqrt(total).Float64()
	return norm
}

// boundShapes have norms by gram, direct, and one with wide rows.
var boundShapes = [][2]int{{64, 64}, {32, 3}, {3, 32}, {300, 20}}

func TestBoundHolds(t *testing.T) { both(t, testBoundHolds[float32], testBoundHolds[float64]) }

// The bound is above the exact norm and above the norm of what LinearSum adds, on examples that cancel by up to all
// their digits. For float32 some of the norms that are computed are wrong by more than any slack: bounding by them
// alone would be no bound.
func testBoundHolds[T Float](t *testing.T) {
	p := newPool(1)
	defer p.Close()
	worst := 1.0
	for _, s := range boundShapes {
		for seed := range uint64(8) {
			for _, spread := range []float64{0, 1e-9, 1e-7, 1e-5, 1e-3, 1} {
				in, out := s[0], s[1]
				x, g := cancelling[T](seed, in, out, 1000, spread)
				n := NormsOf(make([]float64, 2))
				LinearNorm(p, x, g, offsetsOf(4), in, out, n)
				norm, bound := math.Sqrt(n.Square[0]), math.Sqrt(n.Bound[0])
				exact := exactNorm(x, g, 4, in, out)
				added := sumNorm(p, x, g, in, out)
				name := fmt.Sprintf("%v seed %d spread %v", s, seed, spread)
				if !(bound >= exact) || !(bound >= added) {
					t.Errorf("%s: bound %v, exact norm %v, norm of the sum %v", name, bound, exact, added)
				}
				worst = max(worst, added/norm)
			}
		}
	}
	if single[T]() && worst < 1.5 {
		t.Errorf("no norm was less than %v of what was summed: the examples are too easy", 1/worst)
	}
}

// sumNorm is the norm of the integers that LinearSum makes of an example, over their scale. They are so many that
// their own rounding is below one in 10⁸.
func sumNorm[T Float](p *Pool, x, g []T, in, out int) float64 {
	const inverseQuantum = 0x1p30
	sum := make([]int64, in*out)
	LinearSum(p, x, g, offsetsOf(4), in, out, []float64{1}, inverseQuantum, sum)
	var square float64
	for _, v := range sum {
		square += float64(v) * float64(v)
	}
	return max(math.Sqrt(square)-math.Sqrt(float64(in*out))/2, 0) / inverseQuantum
}

func TestBoundIsTight(t *testing.T) { both(t, testBoundIsTight[float32], testBoundIsTight[float64]) }

// For an ordinary example of 64 tokens the bound is within the slack of the norm, so its factor is not lowered.
func testBoundIsTight[T Float](t *testing.T) {
	p := newPool(1)
	defer p.Close()
	r := source(3)
	for _, s := range [][2]int{{256, 256}, {256, 8}, {8, 256}, {256, 1024}} {
		n := NormsOf(make([]float64, 2))
		LinearNorm(p, gaussian[T](r, 64*s[0]), gaussian[T](r, 64*s[1]), offsetsOf(64), s[0], s[1], n)
		if excess := math.Sqrt(n.Bound[0]/n.Square[0]) - 1; excess < 0 || excess > 0x1p-10 {
			t.Errorf("%v: bound exceeds the norm by %v", s, excess)
		}
	}
}

// Rows that norm and sum form alike are bounded by their norm and the rounding of its sum.
func TestRowBounds(t *testing.T) { both(t, testRowBounds[float32], testRowBounds[float64]) }

func testRowBounds[T Float](t *testing.T) {
	p := newPool(1)
	defer p.Close()
	const width = 37
	x, g := cancelling[T](5, width, width, 1000, 1e-7)
	x[0], g[0] = 3, 5
	mean, rstd := gaussian[T](source(6), 4), gaussian[T](source(7), 4)
	ids, offsets, factor := []int32{1, 1, 1, 0}, offsetsOf(4), []float64{1}
	const inverseQuantum = 0x1p24
	n := make([]Norms, 3)
	for i := range n {
		n[i] = NormsOf(make([]float64, 2))
	}
	BiasNorm(p, g, offsets, width, n[0], nil)
	LayerNormNorm(p, x, g, offsets, width, mean, rstd, n[1], nil, nil)
	EmbedNorm(p, ids, g, offsets, width, n[2])
	sums := [][]int64{make([]int64, width), make([]int64, 2*width), make([]int64, 2*width)}
	BiasSum(p, g, offsets, width, factor, inverseQuantum, sums[0])
	LayerNormSum(p, x, g, offsets, width, mean, rstd, factor, inverseQuantum, sums[1][:width], sums[1][width:])
	EmbedSum(p, ids, g, offsets, width, factor, inverseQuantum, sums[2])
	for i, sum := range sums {
		var square float64
		for _, v := range sum {
			square += float64(v) * float64(v)
		}
		added := max(math.Sqrt(square)-math.Sqrt(2*width)/2, 0) / inverseQuantum
		if bound := math.Sqrt(n[i].Bound[0]); !(bound >= added) || bound > math.Sqrt(n[i].Square[0])*(1+1e-6) {
			t.Errorf("kernel %d: bound %v, norm %v, norm of the sum %v", i, bound, math.Sqrt(n[i].Square[0]), added)
		}
	}
}

// Factors beyond 2⁴⁰ have no finite bound.
func TestHugeFactorsHaveNoBound(t *testing.T) { everywhere(t, testHuge) }

func testHuge(t *testing.T) {
	p := newPool(1)
	defer p.Close()
	for _, s := range [][2]int{{2, 3}, {1, 1}} {
		x, g := make([]float32, 40*s[0]), make([]float32, 40*s[1])
		x[0], g[0] = 0x1p41, 0x1p-41
		n := NormsOf(make([]float64, 2))
		LinearNorm(p, x, g, offsetsOf(40), s[0], s[1], n)
		if !math.IsInf(n.Bound[0], 1) {
			t.Errorf("%v: bound %v", s, n.Bound[0])
		}
	}
}
