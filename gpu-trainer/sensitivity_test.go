package trainer

import (
	"math"
	"slices"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestNoExampleMovesTheSumBeyondItsSensitivity adds examples one at a time, long ones of one repeated token and of
// alternating ones included (their gradients are sums that cancel), and measures the integer vector that each adds.
func TestNoExampleMovesTheSumBeyondItsSensitivity(t *testing.T) {
	c := smallModel().Config
	examples := newSource(30, c.VocabSize, 11).ids
	repeated, alternating := make([]int32, 12), make([]int32, 12) // a prompt takes 4 of the 16 positions
	for i := range repeated {
		repeated[i], alternating[i] = 9, int32(9+i%2)
	}
	examples = append(examples, repeated, alternating)
	for name, method := range methods() {
		for _, precision := range []string{"float32", BFloat16, "float64", "opencl", "opencl-tiles", "opencl-bfloat16", "opencl-float16"} {
			needDevice(t, precision)
			for _, mode := range []string{dp.ClipFlat, dp.ClipAutomatic, dp.ClipPerLayer} {
				for _, norm := range []float64{1e-3, 0.3} {
					worst := worstExample(t, examples, method, precision, dp.Clip{Norm: norm, Mode: mode})
					if worst > 1 {
						t.Errorf("%s %s %s C=%v: an example moved the sum by %v of the sensitivity", name, precision, mode, norm, worst)
					}
					if mode == dp.ClipFlat && norm == 1e-3 && worst < 0.99 {
						t.Errorf("%s %s: the longest was %v of the sensitivity; no example was clipped", name, precision, worst)
					}
				}
			}
		}
	}
}

// worstExample is the largest share of the sensitivity that any example used up.
func worstExample(t *testing.T, examples [][]int32, method model.Method, precision string, clip dp.Clip) float64 {
	t.Helper()
	e, err := NewEngine(smallModel(), method, engineOptions(precision))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	grid, err := dp.NewGrid(clip.Norm, 1000, e.Dim(), 1, dp.Slack(engineOptions(precision).Precision))
	if err != nil {
		t.Fatal(err)
	}
	clip.Quantum = grid.Quantum
	worst := 0.0
	for i, ids := range examples {
		var b model.Batch
		b.AppendExample(smallModel().Config, int64(i), int32(i%2), ids, nil)
		if err := e.BeginLot(1); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Accumulate(&b, clip); err != nil {
			t.Fatal(err)
		}
		var square float64
		for _, v := range e.Sum() {
			square += float64(v) * float64(v)
		}
		worst = max(worst, math.Sqrt(square)*grid.Quantum/grid.Sensitivity)
	}
	return worst
}

// overflowing are models in which numbers leave float32: for the examples with one token, for all of them in the middle
// of a layer, and in the logits.
func overflowing() map[string]*model.Model {
	models := map[string]*model.Model{}
	spoil := func(what, tensor string, from, to int, size float32) {
		m := tinyModel(model.BERT)
		data := m.Tensor(tensor).Data
		for i := range data[from:min(to, len(data))] {
			data[from+i] *= size
		}
		models[what] = m
	}
	width := tinyModel(model.BERT).Config.HiddenSize
	spoil("one token", "bert.embeddings.word_embeddings.weight", 299*width, 300*width, 5e37)
	spoil("one number", "bert.embeddings.word_embeddings.weight", 299*width, 299*width+1, float32(math.Inf(1)))
	spoil("layer", "bert.encoder.layer.1.intermediate.dense.weight", 0, math.MaxInt, 5e37)
	spoil("small layer", "bert.encoder.layer.1.attention.output.dense.weight", 0, math.MaxInt, 1e-36)
	spoil("logits", "classifier.weight", 0, math.MaxInt, 5e37)
	return models
}

// TestOverflowStaysWithinTheSensitivity: where numbers overflow or vanish, an example adds at most its sensitivity, or
// nothing, and always what it adds alone.
func TestOverflowStaysWithinTheSensitivity(t *testing.T) {
	const norm = 0.3
	for what, m := range overflowing() {
		all := randomExamples(m.Config, 4)
		all.InputIDs[all.Offsets[2]] = 299
		for _, name := range []string{"full", "lora", "rgp"} {
			for _, precision := range []string{"float32", BFloat16, "opencl", "opencl-tiles", "opencl-bfloat16"} {
				t.Run(what+"/"+name+"/"+precision, func(t *testing.T) {
					needDevice(t, precision)
					e := newEngine(t, m, methods()[name], engineOptions(precision))
					grid, err := dp.NewGrid(norm, 1000, e.Dim(), 1, dp.Slack32)
					fatal(t, err)
					lot := func(examples ...int) []int64 {
						fatal(t, e.BeginLot(1))
						_, err := e.Accumulate(pick(m.Config, all, examples...), dp.Clip{Norm: norm, Quantum: grid.Quantum})
						fatal(t, err)
						return slices.Clone(e.Sum())
					}
					total := make([]int64, e.Dim())
					for i := range all.Examples() {
						square := 0.0
						for j, v := range lot(i) {
							total[j] += v
							square += float64(v) * float64(v)
						}
						if share := math.Sqrt(square) * grid.Quantum / grid.Sensitivity; !(share <= 1) {
							t.Errorf("example %d adds %v of the sensitivity", i, share)
						}
					}
					if !slices.Equal(total, lot(0, 1, 2, 3)) {
						t.Error("together the examples add something else than alone")
					}
				})
			}
		}
	}
}
