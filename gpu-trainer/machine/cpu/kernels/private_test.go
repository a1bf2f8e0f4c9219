package kernels

import (
	"math"
	"testing"
)

// perExample forms each example's weight gradient [out,in] in float64.
func perExample(x, g []float64, offsets []int32, in, out int) [][]float64 {
	var all [][]float64
	for i := range len(offsets) - 1 {
		d := make([]float64, out*in)
		for t := int(offsets[i]); t < int(offsets[i+1]); t++ {
			for o := range out {
				for j := range in {
					d[o*in+j] += g[t*out+o] * x[t*in+j]
				}
			}
		}
		all = append(all, d)
	}
	return all
}

// privateShapes have norms by gram and direct, and edges of every tile.
var privateShapes = [][2]int{{64, 64}, {96, 16}, {16, 80}, {33, 47}, {5, 3}, {2, 96}, {130, 140}}

var privateOffsets = offsetsOf(1, 13, 0, 64, 33, 2, 30)

func TestLinearNorm(t *testing.T) { both(t, testLinearNorm[float32], testLinearNorm[float64]) }

// Norms against whole per-example gradients. A gram entry errs by at most
// width·unit of its size; on random data the total stays within 64 units.
func testLinearNorm[T Float](t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(10)
	rows := int(privateOffsets[len(privateOffsets)-1])
	for _, s := range privateShapes {
		in, out := s[0], s[1]
		x, g := gaussian[T](r, rows*in), gaussian[T](r, rows*out)
		sq := NormsOf(make([]float64, 14))
		sq.Square[0] = 1
		LinearNorm(p, x, g, privateOffsets, in, out, sq)
		for i, d := range perExample(widen(x), widen(g), privateOffsets, in, out) {
			want := dot(d, d)
			if i == 0 {
				want++
			}
			if got := sq.Square[i]; math.Abs(got-want) > 64*unit[T]()*want {
				t.Errorf("%v example %d: %v, want %v", s, i, got, want)
			}
		}
	}
}

// Weights that share their input have the norms and bounds that each has apart, to the bit, also where only some of
// them are formed from grams.
func TestLinearNormsTogether(t *testing.T) {
	both(t, testLinearNormsTogether[float32], testLinearNormsTogether[float64])
}

func testLinearNormsTogether[T Float](t *testing.T) {
	r := source(15)
	rows := int(privateOffsets[len(privateOffsets)-1])
	for _, n := range threads {
		p := newPool(n)
		defer p.Close()
		const in = 40
		outs := []int{40, 40, 150, 12} // of an example of 33 tokens, the last is formed directly
		x, gs := gaussian[T](r, rows*in), make([][]T, len(outs))
		together, apart := make([]float64, 14), make([]float64, 14)
		for k, out := range outs {
			gs[k] = gaussian[T](r, rows*out)
			LinearNorm(p, x, gs[k], privateOffsets, in, out, NormsOf(apart))
		}
		LinearNorms(p, x, gs, privateOffsets, in, outs, NormsOf(together))
		same(t, "norms", together, apart)
	}
}

func TestLinearSum(t *testing.T) { both(t, testLinearSum[float32], testLinearSum[float64]) }

// Integer sums against rounded whole gradients: each example may be off by the
// rounding of its own sum, |γ| L units on the grid, and half a step.
func testLinearSum[T Float](t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(11)
	const inverseQuantum = 0x1p12
	factor := []float64{1, 0.5, 1, 0, 0.037, 1e-3, 0.9}
	rows := int(privateOffsets[len(privateOffsets)-1])
	for _, s := range privateShapes {
		in, out := s[0], s[1]
		x, g := gaussian[T](r, rows*in), gaussian[T](r, rows*out)
		sum := make([]int64, out*in)
		sum[0] = 7
		LinearSum(p, x, g, privateOffsets, in, out, factor, inverseQuantum, sum)
		sum[0] -= 7
		want := make([]float64, out*in)
		for i, d := range perExample(widen(x), widen(g), privateOffsets, in, out) {
			for j, v := range d {
				want[j] += math.RoundToEven(v * factor[i] * inverseQuantum)
			}
		}
		for j := range want {
			allowed := 64 * 100 * unit[T]() * inverseQuantum * 6
			if unit[T]() < 1e-10 {
				allowed = 1 // a tie may fall to either side
			}
			if math.Abs(float64(sum[j])-want[j]) > allowed+1 {
				t.Fatalf("%v sum[%d] = %d, want %v", s, j, sum[j], want[j])
			}
		}
	}
}

// An example left out by factor 0 may hold anything.
func TestLinearSumSkipsFactorZero(t *testing.T) { everywhere(t, testSkip) }

func testSkip(t *testing.T) {
	p := newPool(2)
	defer p.Close()
	x, g := []float32{1, 2, float32(math.NaN()), 4}, []float32{1, 1}
	sum := make([]int64, 2)
	LinearSum(p, x, g, offsetsOf(1, 1), 2, 1, []float64{1, 0}, 8, sum)
	sameInts(t, "sum", sum, []int64{8, 16})
}

// Halves go to even, in both signs.
func TestRoundHalfToEven(t *testing.T) { both(t, testHalves[float32], testHalves[float64]) }

func testHalves[T Float](t *testing.T) {
	p := newPool(1)
	var x []T
	var want []int64
	for _, v := range []float64{0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.25, 3.75, 1e15, -1e15} {
		x = append(x, T(v))
		want = append(want, int64(math.RoundToEven(float64(T(v)))))
	}
	for range 3 { // every position of a vector
		x, want = append(x, x...), append(want, want...)
	}
	sum := make([]int64, len(x))
	LinearSum(p, x, []T{1}, offsetsOf(1), len(x), 1, []float64{1}, 1, sum)
	sameInts(t, "LinearSum", sum, want)
	clear(sum)
	BiasSum(p, x, offsetsOf(1), len(x), []float64{1}, 1, sum)
	sameInts(t, "BiasSum", sum, want)
}

func TestVectorNormsAndSums(t *testing.T) {
	both(t, testVectors[float32], testVectors[float64])
}

// Bias, LayerNorm and embedding norms and sums against brute force; the
// embedding has repeated ids within and across examples, where squared sums
// have cross terms.
func testVectors[T Float](t *testing.T) {
	p := newPool(2)
	defer p.Close()
	r := source(12)
	offsets := offsetsOf(4, 0, 1, 6)
	ids := []int32{2, 5, 2, 2, 2, 1, 1, 0, 5, 1, 0}
	const rows, width, vocabulary, inverseQuantum = 11, 37, 6, 0x1p10
	factor := []float64{0.5, 1, 0.25, 1}
	x, g := gaussian[T](r, rows*width), gaussian[T](r, rows*width)
	mean, rstd := gaussian[T](r, rows), gaussian[T](r, rows)
	bias, layer, embed := NormsOf(make([]float64, 8)), NormsOf(make([]float64, 8)), NormsOf(make([]float64, 8))
	BiasNorm(p, g, offsets, width, bias, nil)
	LayerNormNorm(p, x, g, offsets, width, mean, rstd, layer, nil, nil)
	EmbedNorm(p, ids, g, offsets, width, embed)
	biasSum, gammaSum, betaSum, embedSum := make([]int64, width), make([]int64, width), make([]int64, width), make([]int64, vocabulary*width)
	BiasSum(p, g, offsets, width, factor, inverseQuantum, biasSum)
	LayerNormSum(p, x, g, offsets, width, mean, rstd, factor, inverseQuantum, gammaSum, betaSum)
	EmbedSum(p, ids, g, offsets, width, factor, inverseQuantum, embedSum)
	sameInts(t, "beta", betaSum, biasSum)
	gammaWant, biasWant, embedWant := make([]float64, width), make([]float64, width), make([]float64, vocabulary*width)
	for i := range 4 {
		db, dg, de := make([]float64, width), make([]float64, width), make([]float64, vocabulary*width)
		for s := int(offsets[i]); s < int(offsets[i+1]); s++ {
			for j := range width {
				gs := float64(g[s*width+j])
				db[j] += gs
				dg[j] += gs * (float64(x[s*width+j]) - float64(mean[s])) * float64(rstd[s])
				de[int(ids[s])*width+j] += gs
			}
		}
		for _, c := range []struct {
			what      string
			got, want float64
		}{{"bias", bias.Square[i], dot(db, db)}, {"layer", layer.Square[i], dot(db, db) + dot(dg, dg)}, {"embed", embed.Square[i], dot(de, de)}} {
			if math.Abs(c.got-c.want) > 32*unit[T]()*c.want {
				t.Errorf("%s norm of example %d: %v, want %v", c.what, i, c.got, c.want)
			}
		}
		addRounded(biasWant, db, factor[i]*inverseQuantum)
		addRounded(gammaWant, dg, factor[i]*inverseQuantum)
		addRounded(embedWant, de, factor[i]*inverseQuantum)
	}
	nearInts(t, "bias", biasSum, biasWant)
	nearInts(t, "gamma", gammaSum, gammaWant)
	nearInts(t, "embed", embedSum, embedWant)
}

func addRounded(to, x []float64, scale float64) {
	for j, v := range x {
		to[j] += math.RoundToEven(v * scale)
	}
}

// nearInts allows one grid step, for a sum whose rounding error crosses a half.
func nearInts(t *testing.T, what string, got []int64, want []float64) {
	t.Helper()
	exact := 0
	for j := range want {
		d := math.Abs(float64(got[j]) - want[j])
		if d > 1 {
			t.Fatalf("%s sum[%d] = %d, want %v", what, j, got[j], want[j])
		}
		if d == 0 {
			exact++
		}
	}
	if exact < len(want)*9/10 {
		t.Errorf("%s: only %d of %d sums exact", what, exact, len(want))
	}
}

// Sums and norms have the same bits for any order and packing of the
// examples and any number of threads.
func TestPrivateKernelsDoNotDependOnPacking(t *testing.T) {
	both(t, testPrivatePacking[float32], testPrivatePacking[float64])
}

func testPrivatePacking[T Float](t *testing.T) {
	r := source(13)
	offsets := offsetsOf(13, 64, 33, 2, 400, 130, 0, 70, 520) // more than one block of tokens, and an example longer than one
	factor := []float64{0.3, 0.7, 1, 0.11, 0.2, 0.9, 1, 0, 0.4}
	examples := len(factor)
	rows := int(offsets[examples])
	const inverseQuantum = 0x1p30
	for _, s := range privateShapes {
		in, out := s[0], s[1]
		x, g := gaussian[T](r, rows*in), gaussian[T](r, rows*out)
		var sums [][]int64
		var norms [][]float64
		for _, n := range threads {
			p := newPool(n)
			defer p.Close()
			sum, sq := make([]int64, in*out), make([]float64, 2*examples)
			LinearSum(p, x, g, offsets, in, out, factor, inverseQuantum, sum)
			LinearNorm(p, x, g, offsets, in, out, NormsOf(sq))
			sums, norms = append(sums, sum), append(norms, sq)

			apart, each := make([]int64, in*out), make([]float64, 2*examples)
			for i := examples - 1; i >= 0; i-- {
				lo, hi := int(offsets[i]), int(offsets[i+1])
				LinearSum(p, x[lo*in:hi*in], g[lo*out:hi*out], offsetsOf(hi-lo), in, out, factor[i:], inverseQuantum, apart)
				LinearNorm(p, x[lo*in:hi*in], g[lo*out:hi*out], offsetsOf(hi-lo), in, out, Norms{each[i:], each[examples+i:]})
			}
			sums, norms = append(sums, apart), append(norms, each)
		}
		for i := range sums {
			sameInts(t, "sum", sums[i], sums[0])
			same(t, "norm", norms[i], norms[0])
		}
	}
}

// A plain gradient has the same bits in however many parts its rows come.
func TestGradWeightDoesNotDependOnItsParts(t *testing.T) {
	both(t, testGradWeightParts[float32], testGradWeightParts[float64])
}

func testGradWeightParts[T Float](t *testing.T) {
	r := source(14)
	const rows = 1300
	for _, s := range [][2]int{{300, 70}, {70, 300}, {128, 64}} {
		in, out := s[0], s[1]
		x, g := gaussian[T](r, rows*in), gaussian[T](r, rows*out)
		for _, n := range threads {
			p := newPool(n)
			defer p.Close()
			whole, parts := make([]T, in*out), make([]T, in*out)
			LinearGradWeight(p, x, g, rows, in, out, whole)
			for lo := 0; lo < rows; lo += 37 {
				hi := min(lo+37, rows)
				LinearGradWeight(p, x[lo*in:], g[lo*out:], hi-lo, in, out, parts)
			}
			same(t, "gradient", parts, whole)
		}
	}
}
