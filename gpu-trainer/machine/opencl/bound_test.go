package opencl

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// The bounds of linear and embedding norms are those of the CPU: above the exact norm of gradients that nearly
// cancel, and close to it for ordinary ones.
func TestNormBounds(t *testing.T) {
	b := open(t)
	const length, in, out = 4, 64, 48
	for _, spread := range []float64{0, 1e-7, 1e-3, 1} {
		x, g := oppositeTokens(length, in, out, spread)
		feed := &machine.Feed{Offsets: []int32{0, length}, Labels: []int32{0}, RowIDs: []int64{0}}
		for i := range feed.Columns {
			feed.Columns[i] = []int32{7, 7, 7, 7}
		}
		if err := b.Begin(feed); err != nil {
			t.Fatal(err)
		}
		tokens := func(numbers []float32) *machine.Value {
			return &machine.Value{Rows: ops.Tokens, Width: len(numbers) / length, DType: tensor.Float32, Buffer: buffer(t, b, tensor.Float32, numbers), N: len(numbers)}
		}
		norms := func(kernel string, more ...*machine.Value) kernels.Norms {
			squares := &machine.Value{Rows: ops.Examples, Width: 2, DType: tensor.Float64, Buffer: buffer(t, b, tensor.Float64, make([]float64, 2)), N: 2}
			run, err := b.Prepare(kernel, ops.Attributes{}, append([]*machine.Value{squares}, more...), []*machine.Value{squares})
			if err == nil {
				err = run(feed)
			}
			numbers := make([]float64, 2)
			if err == nil {
				err = squares.Buffer.Read(numbers)
			}
			if err != nil {
				t.Fatal(err)
			}
			return kernels.NormsOf(numbers)
		}
		pool := kernels.NewPool(1)
		want := kernels.NormsOf(make([]float64, 2))
		kernels.LinearNorm(pool, widen(x), widen(g), feed.Offsets, in, out, want)
		checkNorms(t, "linear", norms("linear.norm", tokens(g), tokens(x)), want.Square[0], spread)
		want = kernels.NormsOf(make([]float64, 2))
		kernels.EmbedNorm(pool, feed.Columns[0], widen(x), feed.Offsets, in, want)
		checkNorms(t, "embed", norms("embed.norm", tokens(x)), want.Square[0], spread)
		pool.Close()
	}
}

func checkNorms(t *testing.T, kernel string, got kernels.Norms, exact, spread float64) {
	t.Helper()
	if !(got.Bound[0] >= exact*(1-1e-12)) || !(got.Bound[0] >= got.Square[0]) {
		t.Errorf("%s, spread %v: squared norm %v, its bound %v, exact %v", kernel, spread, got.Square[0], got.Bound[0], exact)
	}
	if spread == 1 && math.Sqrt(got.Bound[0]) > math.Sqrt(exact)*(1+0x1p-10) {
		t.Errorf("%s: an ordinary norm %v is bounded by %v", kernel, math.Sqrt(exact), math.Sqrt(got.Bound[0]))
	}
}

// oppositeTokens are two pairs of tokens with inputs that differ by spread, relative to their size, and opposite
// gradients.
func oppositeTokens(length, in, out int, spread float64) (x, g []float32) {
	r := rand.New(rand.NewPCG(4, 4))
	x, g = make([]float32, length*in), make([]float32, length*out)
	for i := range len(x) / 2 {
		x[i] = float32(1000 * r.NormFloat64())
		x[len(x)/2+i] = x[i] * float32(1+spread*r.NormFloat64())
	}
	for i := range len(g) / 2 {
		g[i] = float32(r.NormFloat64())
		g[len(g)/2+i] = -g[i]
	}
	return x, g
}

func widen(x []float32) []float64 {
	wide := make([]float64, len(x))
	for i, v := range x {
		wide[i] = float64(v)
	}
	return wide
}

func buffer(t *testing.T, b *Backend, dtype tensor.Dtype, numbers any) machine.Buffer {
	t.Helper()
	m, err := b.NewBuffer(dtype)
	if err == nil {
		err = m.Write(numbers)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}
