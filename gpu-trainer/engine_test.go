package trainer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// tinyModel is an untrained encoder for property tests.
func tinyModel(modelType string) *model.Model {
	c := model.DefaultConfig(modelType)
	c.VocabSize, c.HiddenSize, c.Heads, c.IntermediateSize, c.MaxPositions, c.NumLabels = 300, 24, 3, 40, 70, 3
	c.InitializerRange = 0.3
	return model.New(c, 5)
}

// randomExamples draws n examples of 1..50 tokens.
func randomExamples(c model.Config, n int) *model.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	var b model.Batch
	for i := range n {
		ids, types := make([]int32, 1+r.IntN(50)), make([]int8, 60)
		for j := range ids {
			ids[j], types[j] = int32(2+r.IntN(c.VocabSize-2)), int8(r.IntN(2))
		}
		b.AppendExample(c, int64(100+i), int32(r.IntN(c.NumLabels)), ids, types[:len(ids)])
	}
	return &b
}

// pick packs some examples of a batch, in the given order.
func pick(c model.Config, b *model.Batch, examples ...int) *model.Batch {
	var out model.Batch
	for _, i := range examples {
		lo, hi := b.Offsets[i], b.Offsets[i+1]
		types := make([]int8, hi-lo)
		for j := range types {
			types[j] = int8(b.TokenTypeIDs[int(lo)+j])
		}
		out.AppendExample(c, b.RowIDs[i], b.Labels[i], b.InputIDs[lo:hi], types)
	}
	return &out
}

// methods are the methods whose properties every test checks.
func methods() map[string]model.Method {
	return map[string]model.Method{
		"full":    {Kind: model.Full},
		"lora":    {Kind: model.LoRA, Rank: 3, Targets: []string{"query", "key", "value", "attention.output", "intermediate", "output"}, TrainPooler: true},
		"bitfit":  {Kind: model.BitFit},
		"head":    {Kind: model.Head},
		"rgp":     {Kind: model.RGP, Rank: 2},
		"adapter": {Kind: model.Adapter, Rank: 5},
		"prompt":  {Kind: model.Prompt, Rank: 4},
	}
}

// ordinary are the methods whose released vector is the gradient of the trained weights.
func ordinary() map[string]model.Method {
	list := methods()
	delete(list, "rgp")
	return list
}

// The sums of a lot are the same integers whatever the threads, the physical batches, the packing and the order.
func TestSumsAreIdenticalToTheBit(t *testing.T) {
	for _, precision := range []string{"float32", "float64", "opencl", "opencl-tiles"} {
		for name, method := range methods() {
			for _, mode := range []string{dp.ClipFlat, dp.ClipAutomatic, dp.ClipPerLayer} {
				if precision == "opencl-tiles" && mode != dp.ClipFlat {
					continue // products have nothing to do with the mode
				}
				t.Run(precision+"/"+name+"/"+mode, func(t *testing.T) { checkInvariance(t, precision, method, mode) })
			}
		}
	}
}

func checkInvariance(t *testing.T, precision string, method model.Method, mode string) {
	needDevice(t, precision)
	m := tinyModel(model.BERT)
	m.Config.HiddenDropout = 0.2
	all := randomExamples(m.Config, 12)
	lot := func(threads int, batches ...[]int) []int64 {
		o := engineOptions(precision)
		o.Threads, o.Dropout = threads, true
		e := newEngine(t, m, method, o)
		fatal(t, e.BeginLot(77))
		for _, examples := range batches {
			_, err := e.Accumulate(pick(m.Config, all, examples...), dp.Clip{Norm: 0.1, Quantum: 0x1p-40, Mode: mode})
			fatal(t, err)
		}
		return slices.Clone(e.Sum())
	}
	whole := lot(1, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if normOf(scaled(whole, 0x1p-40)) < 0.05 {
		t.Fatal("the sum is next to nothing")
	}
	for what, other := range map[string][]int64{
		"three threads":    lot(3, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}),
		"another order":    lot(2, []int{7, 3, 11, 0, 9, 1, 5, 2, 8, 10, 6, 4}),
		"small batches":    lot(2, []int{11, 10, 9}, []int{0}, []int{4, 5, 6, 7, 8}, []int{3}, []int{1, 2}),
		"with empty draws": lot(1, nil, []int{0, 1, 2, 3, 4, 5}, nil, []int{6, 7, 8, 9, 10, 11}),
	} {
		if !slices.Equal(whole, other) {
			t.Errorf("%s: the integer sums differ", what)
		}
	}
}

// Per-example norms and clipped sums equal those of each example run alone, whose plain gradient is formed whole: the
// brute force way.
func TestNormsEqualBruteForce(t *testing.T) {
	for _, modelType := range []string{model.BERT, model.RoBERTa} {
		for name, method := range ordinary() {
			t.Run(modelType+"/"+name, func(t *testing.T) { checkBruteForce(t, modelType, method) })
		}
	}
}

func checkBruteForce(t *testing.T, modelType string, method model.Method) {
	const norm, quantum = 0.3, 0x1p-44
	m := tinyModel(modelType)
	m.Config.Pooling = model.PoolMean
	e := newEngine(t, m, method, EngineOptions{Precision: "float64", Threads: 2})
	perturb(t, e)
	all := randomExamples(m.Config, 5)
	fatal(t, e.BeginLot(1))
	stats, err := e.Accumulate(all, dp.Clip{Norm: norm, Quantum: quantum})
	fatal(t, err)
	norms, sum := slices.Clone(stats.Norm), scaled(e.Sum(), quantum)
	want := make([]float64, len(sum))
	for i := range all.Examples() {
		g := plainGradient(t, e, pick(m.Config, all, i))
		n := normOf(g)
		near(t, "norm", norms[i:i+1], []float64{n}, 0, 1e-12)
		for j, v := range g {
			want[j] += v * math.Min(1, norm/n)
		}
	}
	near(t, "sum", sum, want, 1e-12, 0)
}

// perturb moves every trained weight off its start, so that no gradient is zero because a matrix is.
func perturb(t *testing.T, e *Engine) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	state := e.State()
	for _, s := range state {
		for i := range s.Float64 {
			s.Float64[i] += 0.1 * r.NormFloat64()
		}
		for i := range s.Float32 {
			s.Float32[i] += float32(0.1 * r.NormFloat64())
		}
	}
	fatal(t, e.Restore(state))
}

// plainGradient is the gradient of the summed loss over all trained weights, read off a step of SGD that is taken back.
func plainGradient(t *testing.T, e *Engine, b *model.Batch) []float64 {
	t.Helper()
	before := cloneState(e.State())
	fatal(t, e.BeginLot(1))
	_, err := e.AccumulateGradient(b)
	fatal(t, err)
	fatal(t, e.Step(Update{Divisor: 1, LearningRate: 1, K: 1, Optimizer: dp.Optimizer{Kind: dp.SGD}}))
	var gradient []float64
	for i, s := range e.State() {
		for j, v := range s.Float64 {
			gradient = append(gradient, before[i].Float64[j]-v)
		}
	}
	fatal(t, e.Restore(before))
	return gradient
}

func cloneState(state []StateTensor) []StateTensor {
	out := slices.Clone(state)
	for i := range out {
		out[i].Float32, out[i].Float64 = slices.Clone(out[i].Float32), slices.Clone(out[i].Float64)
	}
	return out
}

// The plain gradient agrees with central differences of the loss, dropout on: the masks of a lot stay as they are.
func TestGradientAgreesWithDifferences(t *testing.T) {
	m := tinyModel(model.BERT)
	m.Config.HiddenDropout = 0.2
	for name, method := range ordinary() {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, m, method, EngineOptions{Precision: "float64", Threads: 1, Dropout: true})
			perturb(t, e)
			b := randomExamples(m.Config, 3)
			g := plainGradient(t, e, b)
			r := rand.New(rand.NewPCG(8, 9))
			for _, s := range e.Trained() {
				i := r.IntN(s.Size)
				want := difference(t, e, b, s, i)
				// Central differences of step 1e-5 are good to about 1e-9 here.
				near(t, s.Name, g[s.Offset+i:s.Offset+i+1], []float64{want}, 1e-6, 1e-6)
			}
		})
	}
}

func difference(t *testing.T, e *Engine, b *model.Batch, p Parameter, i int) float64 {
	t.Helper()
	const h = 1e-5
	total := 0.0
	for _, sign := range []float64{1, -1} {
		state := cloneState(e.State())
		for _, s := range state {
			if s.Name == stateWeight+p.Name {
				s.Float64[i] += sign * h
			}
		}
		before := cloneState(e.State())
		fatal(t, e.Restore(state))
		fatal(t, e.BeginLot(1))
		stats, err := e.AccumulateGradient(b)
		fatal(t, err)
		for _, loss := range stats.Loss {
			total += sign * loss / (2 * h)
		}
		fatal(t, e.Restore(before))
	}
	return total
}

// An example whose gradient is not finite adds nothing and is counted; the others are as if it were not there.
func TestNonFiniteExamplesAreLeftOut(t *testing.T) {
	m := tinyModel(model.BERT)
	words := m.Tensor("bert.embeddings.word_embeddings.weight")
	for j := range m.Config.HiddenSize {
		words.Data[299*m.Config.HiddenSize+j] = float32(math.Inf(1))
	}
	for name, method := range methods() {
		for _, precision := range []string{"float32", BFloat16, "opencl", "opencl-tiles", "opencl-bfloat16"} {
			t.Run(name+"/"+precision, func(t *testing.T) {
				needDevice(t, precision)
				e := newEngine(t, m, method, engineOptions(precision))
				all := randomExamples(m.Config, 4)
				for i, id := range all.InputIDs {
					if id == 299 {
						all.InputIDs[i] = 7
					}
				}
				clip := dp.Clip{Norm: 1, Quantum: 0x1p-40}
				fatal(t, e.BeginLot(1))
				_, err := e.Accumulate(pick(m.Config, all, 0, 1, 3), clip)
				fatal(t, err)
				want := slices.Clone(e.Sum())
				all.InputIDs[all.Offsets[2]] = 299
				fatal(t, e.BeginLot(1))
				stats, err := e.Accumulate(all, clip)
				fatal(t, err)
				if stats.NonFinite != 1 || stats.Factor[2] != 0 {
					t.Errorf("%d not finite, factor %v: want 1 and 0", stats.NonFinite, stats.Factor[2])
				}
				if !slices.Equal(want, e.Sum()) {
					t.Error("an example that is not finite changed the sum")
				}
			})
		}
	}
}

// State and Restore carry a run on to the same bits.
func TestRestoreGoesOnToTheSameBits(t *testing.T) {
	m := tinyModel(model.RoBERTa)
	all := randomExamples(m.Config, 6)
	rule := dp.Optimizer{Kind: dp.AdamW, WeightDecay: 0.01}
	steps := func(e *Engine, from, to int) {
		for k := from; k <= to; k++ {
			fatal(t, e.BeginLot(uint64(k)))
			_, err := e.Accumulate(all, dp.Clip{Norm: 1, Quantum: 0x1p-30})
			fatal(t, err)
			fatal(t, e.Step(Update{Quantum: 0x1p-30, Divisor: 6, LearningRate: 1e-2, K: k, Optimizer: rule}))
		}
	}
	for name, method := range methods() {
		t.Run(name, func(t *testing.T) {
			whole, first := newEngine(t, m, method, EngineOptions{}), newEngine(t, m, method, EngineOptions{})
			steps(whole, 1, 4)
			steps(first, 1, 2)
			second := newEngine(t, m, method, EngineOptions{})
			fatal(t, second.Restore(cloneState(first.State())))
			steps(second, 3, 4)
			if fmt.Sprint(whole.State()) != fmt.Sprint(second.State()) {
				t.Error("the resumed run ends elsewhere")
			}
		})
	}
}

// A merged model has no pairs left and computes the same, up to the rounding of the merged weights.
func TestMergeComputesTheSame(t *testing.T) {
	m := tinyModel(model.RoBERTa)
	b := randomExamples(m.Config, 4)
	method := model.Method{Kind: model.LoRA, Rank: 3, Alpha: 12, Targets: []string{"query", "output", "intermediate"}}
	e := newEngine(t, m, method, EngineOptions{Precision: "float64"})
	perturb(t, e)
	out, err := e.Export()
	fatal(t, err)
	merged, err := out.Merge(method)
	fatal(t, err)
	if len(merged.Tensors) != len(m.Tensors) {
		t.Errorf("%d tensors, want %d", len(merged.Tensors), len(m.Tensors))
	}
	before, want, got := make([]float64, 12), make([]float64, 12), make([]float64, 12)
	fatal(t, newEngine(t, m, model.Method{}, EngineOptions{Precision: "float64"}).Logits(b, before))
	fatal(t, e.Logits(b, want))
	fatal(t, newEngine(t, merged, model.Method{}, EngineOptions{Precision: "float64"}).Logits(b, got))
	near(t, "logits", got, want, 2e-5, 0)
	if math.Abs(before[0]-want[0]) < 1e-2 {
		t.Error("the pairs change next to nothing")
	}
}

// Dropout zeroes at its rate, keeps the mean, differs between lots, and is off for Logits.
func TestDropout(t *testing.T) {
	m := tinyModel(model.BERT)
	m.Config.HiddenDropout = 0.3
	b := randomExamples(m.Config, 200)
	e := newEngine(t, m, model.Method{Kind: model.Head}, EngineOptions{Dropout: true, MaxTokens: 1 << 14})
	losses := func(seed uint64) []float64 {
		fatal(t, e.BeginLot(seed))
		stats, err := e.AccumulateGradient(b)
		fatal(t, err)
		return slices.Clone(stats.Loss)
	}
	one, two, again := losses(1), losses(2), losses(1)
	if !slices.Equal(one, again) || slices.Equal(one, two) {
		t.Error("masks do not follow the lot's seed alone")
	}
	plain := newEngine(t, m, model.Method{Kind: model.Head}, EngineOptions{MaxTokens: 1 << 14})
	fatal(t, plain.BeginLot(1))
	stats, err := plain.AccumulateGradient(b)
	fatal(t, err)
	if slices.Equal(one, stats.Loss) {
		t.Error("dropout changes nothing")
	}
	want, got := make([]float64, 600), make([]float64, 600)
	fatal(t, plain.Logits(b, want))
	fatal(t, e.Logits(b, got))
	near(t, "logits", got, want, 0, 0)
}

// What Export gives is a model that computes the same.
func TestExportComputesTheSame(t *testing.T) {
	m := tinyModel(model.BERT)
	b := randomExamples(m.Config, 4)
	for name, method := range methods() {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, m, method, EngineOptions{})
			perturb(t, e)
			out, err := e.Export()
			fatal(t, err)
			dir := t.TempDir()
			fatal(t, out.Save(dir))
			back, err := model.Load(dir)
			fatal(t, err)
			want, got := make([]float64, 12), make([]float64, 12)
			fatal(t, e.Logits(b, want))
			fatal(t, newEngine(t, back, method, EngineOptions{}).Logits(b, got))
			near(t, "logits", got, want, 0, 0)
		})
	}
}

func TestBadInput(t *testing.T) {
	m := tinyModel(model.BERT)
	e := newEngine(t, m, model.Method{}, EngineOptions{MaxTokens: 40})
	clip := dp.Clip{Norm: 1, Quantum: 0x1p-30}
	batch := func(ids ...int32) *model.Batch {
		var b model.Batch
		b.AppendExample(m.Config, 9, 1, ids, nil)
		return &b
	}
	labelled := batch(5)
	labelled.Labels[0] = 3
	unlabelled := batch(5)
	unlabelled.Labels[0] = -1
	for want, run := range map[string]func() error{
		"row 9: token id 300: must be in [0, 300)": func() error { _, err := e.Accumulate(batch(4, 300), clip); return err },
		"row 9: label 3: must be in [0, 3)":        func() error { _, err := e.Accumulate(labelled, clip); return err },
		"row 9: label -1: must be in [0, 3)":       func() error { _, err := e.AccumulateGradient(unlabelled); return err },
		"batch of 41 tokens in 1 examples":         func() error { _, err := e.Accumulate(batch(make([]int32, 41)...), clip); return err },
		"71 tokens: must be 1..70":                 func() error { _, err := e.Accumulate(batch(make([]int32, 71)...), clip); return err },
		"clipping norm 0":                          func() error { _, err := e.Accumulate(batch(4), dp.Clip{Quantum: 1}); return err },
		"divisor 0":                                func() error { return e.Step(Update{Quantum: 1, K: 1}) },
		"quantum 0: must be positive":              func() error { return e.Step(Update{Noise: given(nil), Divisor: 1, K: 1}) },
		"output of 2 numbers: must be 3":           func() error { return e.Logits(batch(4), make([]float64, 2)) },
		`device "abacus": must be cpu`:             func() error { _, err := NewEngine(m, model.Method{}, EngineOptions{Device: "abacus"}); return err },
		"precision float64: device opencl": func() error {
			_, err := NewEngine(m, model.Method{}, EngineOptions{Device: "opencl", Precision: "float64"})
			return err
		},
		`precision "half"`: func() error { _, err := NewEngine(m, model.Method{}, EngineOptions{Precision: "half"}); return err },
		`method "magic"`:   func() error { _, err := NewEngine(m, model.Method{Kind: "magic"}, EngineOptions{}); return err },
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v: want one with %q", err, want)
		}
	}
}
