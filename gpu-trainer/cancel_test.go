package trainer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// TestCancellingExamplesStayWithinTheSensitivity clips examples whose gradient is the small difference of large
// products: pairs of tokens with almost equal inputs and opposite output gradients. In float32 their norms, by gram
// matrices, come out far too small, and many are even 0: clipped by the norm alone, such examples move the sum by
// several times the sensitivity. The factor that heeds the bound keeps them within it.
func TestCancellingExamplesStayWithinTheSensitivity(t *testing.T) {
	const in, out, norm = 64, 64, 1.0
	p := kernels.NewPool(1)
	defer p.Close()
	grid, err := dp.NewGrid(norm, 1000, in*out, 1, dp.Slack32)
	if err != nil {
		t.Fatal(err)
	}
	clip := dp.Clip{Norm: norm, Quantum: grid.Quantum}
	moved := func(x, g []float32, factor float64) float64 {
		sum := make([]int64, in*out)
		kernels.LinearSum(p, x, g, []int32{0, 2}, in, out, []float64{factor}, 1/grid.Quantum, sum)
		var square float64
		for _, v := range sum {
			square += float64(v) * float64(v)
		}
		return math.Sqrt(square) * grid.Quantum / grid.Sensitivity
	}
	byNorm, byBound := 0.0, 0.0
	for seed := range uint64(100) {
		for _, size := range []float64{1e3, 1e5, 1e6} {
			x, g := oppositeTokens(seed, in, out, size)
			n := kernels.NormsOf(make([]float64, 2))
			kernels.LinearNorm(p, x, g, []int32{0, 2}, in, out, n)
			byNorm = max(byNorm, moved(x, g, clip.Factor(math.Sqrt(n.Square[0]))))
			byBound = max(byBound, moved(x, g, clip.FactorWithin(math.Sqrt(n.Square[0]), math.Sqrt(n.Bound[0]), dp.Slack32)))
		}
	}
	if byNorm < 2 {
		t.Errorf("clipped by the norm alone the worst example moves the sum by %v of the sensitivity: the examples are too easy", byNorm)
	}
	if byBound > 1 || byBound == 0 {
		t.Errorf("an example moves the sum by %v of the sensitivity", byBound)
	}
	t.Logf("worst example: %.3g of the sensitivity by the norm alone, %.3g by the bound", byNorm, byBound)
}

// oppositeTokens is an example of two tokens with inputs of the given size that differ in their last bits, and
// opposite gradients.
func oppositeTokens(seed uint64, in, out int, size float64) (x, g []float32) {
	r := rand.New(rand.NewPCG(seed, 3))
	x, g = make([]float32, 2*in), make([]float32, 2*out)
	for j := range in {
		x[j] = float32(size * r.NormFloat64())
		x[in+j] = x[j] * float32(1+0x1p-20*r.NormFloat64())
	}
	for j := range out {
		g[j] = float32(r.NormFloat64())
		g[out+j] = -g[j]
	}
	return x, g
}
