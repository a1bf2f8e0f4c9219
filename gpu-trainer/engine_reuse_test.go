package trainer

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
)

// reuseWidth is the model's width: three places of an example of one token take the norm's way over grams, longer
// ones the direct one.
const reuseWidth = 4

// reuseShapes are the weights of a model of three layers that share matrix, bias and normalisation, and read their
// table twice.
var reuseShapes = []Parameter{
	{Name: "table", Shape: []int{7, reuseWidth}}, {Name: "dense.weight", Shape: []int{reuseWidth, reuseWidth}}, {Name: "dense.bias", Shape: []int{reuseWidth}},
	{Name: "norm.weight", Shape: []int{reuseWidth}}, {Name: "norm.bias", Shape: []int{reuseWidth}}, {Name: "classifier.weight", Shape: []int{3, reuseWidth}},
}

// reuseNetwork is x = LN(x + gelu(W x + b)), three times with the same weights.
func reuseNetwork(b *ops.Builder) *model.Network {
	n := &model.Network{Weights: map[string]*gorgonia.Node{}}
	for _, p := range reuseShapes {
		n.Weights[p.Name] = b.Input(p.Name, b.Float(), p.Shape...)
	}
	use := func(kernel string, in gorgonia.Nodes, out *gorgonia.Node, weights ...string) {
		n.Uses = append(n.Uses, ops.Use{Kernel: kernel, Weights: weights, In: in, Out: gorgonia.Nodes{out}})
	}
	x := b.Embed(nil, n.Weights["table"], ops.InputIDs)
	use("embed", nil, x, "table")
	for place := range 3 {
		y := b.Linear(x, n.Weights["dense.weight"], n.Weights["dense.bias"])
		use("linear", gorgonia.Nodes{x}, y, "dense.weight")
		use("bias", nil, y, "dense.bias")
		sum := b.Add(b.GELU(y), x)
		x = b.LayerNorm(sum, n.Weights["norm.weight"], n.Weights["norm.bias"], 1e-5)
		use("layernorm", gorgonia.Nodes{sum, b.Part(x, 1), b.Part(x, 2)}, x, "norm.weight", "norm.bias")
		if place == 0 {
			x = b.Embed(x, n.Weights["table"], ops.InputIDs)
			use("embed", nil, x, "table")
		}
	}
	pooled := b.PoolMean(x)
	n.Logits = b.Linear(pooled, n.Weights["classifier.weight"], nil)
	use("linear", gorgonia.Nodes{pooled}, n.Logits, "classifier.weight")
	n.Loss = b.CrossEntropy(n.Logits)
	return n
}

// reuseCore is an engine's core that runs the network.
func reuseCore[T kernels.Float](t *testing.T, threads int) *core[T] {
	t.Helper()
	config := model.DefaultConfig(model.BERT)
	config.VocabSize, config.NumLabels, config.HiddenSize, config.Heads = 7, 3, reuseWidth, 1
	c := &core[T]{options: EngineOptions{Precision: "float64", MaxTokens: 64}, base: &model.Model{Config: config}, method: model.Method{}.WithDefaults(),
		backend: cpu.New[T](threads), weights: map[string]*weight[T]{}, programs: map[programKey]*program{}, crowded: crowding{holders: map[programKey]bool{}}}
	t.Cleanup(func() { c.close() })
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range reuseShapes {
		size := 1
		for _, d := range p.Shape {
			size *= d
		}
		data := make([]float32, size)
		for i := range data {
			data[i] = float32(r.NormFloat64())
		}
		c.addWeight(model.Tensor{Name: p.Name, Shape: p.Shape, Data: data})
	}
	c.release()
	for _, kind := range []programKind{plain, flat} {
		b := ops.NewBuilder(c.capacity(), cpu.FloatType[T]())
		p, err := c.compile(kind, b, reuseNetwork(b))
		if err != nil {
			t.Fatal(err)
		}
		c.programs[programKey{kind: kind}] = p
	}
	return c
}

func reuseBatch() *model.Batch {
	ids := []int32{3, 5, 5, 1, 2, 0, 6, 6, 6, 4, 2, 2}
	zeros := make([]int32, len(ids))
	return &model.Batch{InputIDs: ids, TokenTypeIDs: zeros, PositionIDs: zeros, Offsets: []int32{0, 1, 5, 7, 12}, Labels: []int32{0, 2, 1, 2}, RowIDs: []int64{0, 1, 2, 3}}
}

// differences are the gradients of each example's loss by central differences, [examples][Dim]: they err by some 1e-9.
func differences(t *testing.T, c *core[float64], batch *model.Batch) [][]float64 {
	t.Helper()
	gradients := make([][]float64, batch.Examples())
	for _, w := range c.direct {
		for i := range w.data.Data {
			const h = 1e-5
			at := w.data.Data[i]
			var losses [2][]float64
			for side, shift := range []float64{h, -h} {
				w.data.Data[i] = at + shift
				stats, err := c.accumulateGradient(batch)
				if err != nil {
					t.Fatal(err)
				}
				losses[side] = slices.Clone(stats.Loss)
			}
			w.data.Data[i] = at
			for e := range gradients {
				gradients[e] = append(gradients[e], (losses[0][e]-losses[1][e])/(2*h))
			}
		}
	}
	return gradients
}

// TestWeightsAtSeveralPlaces: norms, clipped sums and plain gradients of a model whose layers share all their weights
// are those of central differences.
func TestWeightsAtSeveralPlaces(t *testing.T) {
	batch := reuseBatch()
	gradients := differences(t, reuseCore[float64](t, 1), batch)
	for threads := 1; threads <= 2; threads++ {
		checkReuse(t, reuseCore[float64](t, threads), batch, gradients, 1e-7)
		checkReuse(t, reuseCore[float32](t, threads), batch, gradients, 1e-4)
	}
}

func checkReuse[T kernels.Float](t *testing.T, c *core[T], batch *model.Batch, gradients [][]float64, tolerance float64) {
	t.Helper()
	clip := dp.Clip{Norm: 4, Quantum: 0x1p-30, Mode: dp.ClipFlat}
	stats, err := c.accumulate(batch, clip)
	if err != nil {
		t.Fatal(err)
	}
	clipped, total := make([]float64, size(c.vector)), make([]float64, size(c.vector))
	for i, gradient := range gradients {
		square := 0.0
		for _, v := range gradient {
			square += v * v
		}
		norm := math.Sqrt(square)
		if math.Abs(stats.Norm[i]-norm) > tolerance*norm {
			t.Errorf("example %d: norm %v, by differences %v", i, stats.Norm[i], norm)
		}
		for j, v := range gradient {
			clipped[j] += v * min(1, clip.Norm/norm)
			total[j] += v
		}
	}
	if least, most := slices.Min(stats.Factor), slices.Max(stats.Factor); !(least < 1 && most == 1) {
		t.Errorf("factors %v: want clipped and whole ones", stats.Factor)
	}
	for j, sum := range c.sums.all() {
		if got := float64(sum) * clip.Quantum; math.Abs(got-clipped[j]) > 10*tolerance {
			t.Errorf("number %d: clipped sum %v, by differences %v", j, got, clipped[j])
		}
	}
	if _, err := c.accumulateGradient(batch); err != nil {
		t.Fatal(err)
	}
	for _, w := range c.direct {
		for j, v := range w.gradient.Data {
			if want := total[w.Offset+j]; math.Abs(float64(v)-want) > 10*tolerance {
				t.Errorf("%s[%d]: gradient %v, by differences %v", w.Name, j, v, want)
			}
		}
	}
}

// TestReuseThatIsRefused: weights that enter in ways which cannot be laid end to end are named, and so is a device
// that cannot.
func TestReuseThatIsRefused(t *testing.T) {
	for want, change := range map[string]func(*core[float64], []ops.Use) []ops.Use{
		"weights [table]: enter as embed and as linear": func(_ *core[float64], u []ops.Use) []ops.Use { u[1].Weights = []string{"table"}; return u },
		"weights [table]: enter as embed and as embed":  func(_ *core[float64], u []ops.Use) []ops.Use { u[4].Column = ops.PositionIDs; return u },
		"weight norm.bias: enters with other weights":   func(_ *core[float64], u []ops.Use) []ops.Use { u[2].Weights = []string{"norm.bias"}; return u },
		"stands at 3 places of the graph, which device": func(c *core[float64], u []ops.Use) []ops.Use { c.resident = &resident{}; return u },
	} {
		c := reuseCore[float64](t, 1)
		b := ops.NewBuilder(c.capacity(), cpu.FloatType[float64]())
		n := reuseNetwork(b)
		n.Uses = change(c, n.Uses)
		_, err := c.uses(&program{network: n}, b)
		c.resident = nil
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v: want one with %q", err, want)
		}
	}
}
