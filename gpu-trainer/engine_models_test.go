package trainer

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// modelGolden is one model of model_goldens.json: 20 real inputs on an untrained encoder with a full vocabulary.
type modelGolden struct {
	C        float64 `json:"clip_C"`
	Examples []struct {
		IDs      []int32   `json:"ids"`
		Types    []int8    `json:"type_ids"`
		Label    int32     `json:"label"`
		Logits   []float64 `json:"logits"`
		Loss     float64   `json:"loss"`
		GradNorm float64   `json:"grad_norm"`
		Mean     []float64 `json:"mean_last_hidden"`
	} `json:"examples"`
	Grads map[string]struct {
		SumNorm  float64     `json:"clipped_sum_norm"`
		MeanNorm float64     `json:"mean_grad_norm"`
		Sum      []float64   `json:"clipped_sum"`
		Mean     []float64   `json:"mean_grad"`
		Rows     []int       `json:"rows"`
		SumRows  [][]float64 `json:"clipped_sum_rows"`
	} `json:"grads"`
}

func TestGoldenModels(t *testing.T) {
	models, root := os.Getenv("EWTUNE_MODELS"), os.Getenv("EWTUNE_GOLDENS")
	if models == "" || root == "" {
		t.Skip("EWTUNE_MODELS and EWTUNE_GOLDENS are not both set")
	}
	if _, err := os.Stat(filepath.Join(root, "model")); err != nil {
		t.Skip("EWTUNE_GOLDENS has no folder model")
	}
	var goldens struct{ Models map[string]modelGolden }
	readJSON(t, &goldens, root, "model", "model_goldens.json")
	for name, g := range goldens.Models {
		t.Run(name, func(t *testing.T) {
			m, err := model.Load(filepath.Join(models, name))
			fatal(t, err)
			checkModel(t, g, m)
		})
	}
}

func checkModel(t *testing.T, g modelGolden, m *model.Model) {
	e := newEngine(t, m, model.Method{Kind: model.Full}, EngineOptions{Precision: "float64", Threads: 2})
	var b model.Batch
	for i, x := range g.Examples {
		b.AppendExample(m.Config, int64(i), x.Label, x.IDs, x.Types)
	}
	fatal(t, e.BeginLot(0))
	stats, err := e.Accumulate(&b, dp.Clip{Norm: g.C, Quantum: 0x1p-42})
	fatal(t, err)
	labels, hidden := m.Config.NumLabels, m.Config.HiddenSize
	logits, states := make([]float64, labels*len(g.Examples)), make([]float64, hidden*b.Tokens())
	fatal(t, e.Logits(&b, logits))
	fatal(t, e.Hidden(&b, m.Config.Layers, states))
	for i, x := range g.Examples {
		near(t, "logits", logits[i*labels:(i+1)*labels], x.Logits, 1e-11, 0)
		near(t, "loss and norm", []float64{stats.Loss[i], stats.Norm[i]}, []float64{x.Loss, x.GradNorm}, 1e-11, 1e-11)
		near(t, "mean hidden state", meanRow(states[int(b.Offsets[i])*hidden:int(b.Offsets[i+1])*hidden], hidden), x.Mean, 1e-11, 0)
	}
	checkModelSums(t, g, e)
	checkModelGradient(t, g, e, &b)
}

func meanRow(rows []float64, width int) []float64 {
	mean := make([]float64, width)
	for i, v := range rows {
		mean[i%width] += v / float64(len(rows)/width)
	}
	return mean
}

// checkModelSums compares the clipped sums, by norm, whole where the file has them whole, else by some rows.
func checkModelSums(t *testing.T, g modelGolden, e *Engine) {
	for _, p := range e.Released() {
		want := g.Grads[p.Name]
		got := scaled(e.Sum()[p.Offset:p.Offset+p.Size], 0x1p-42)
		near(t, p.Name+" norm", []float64{normOf(got)}, []float64{want.SumNorm}, 1e-10, 0)
		if want.Sum != nil {
			near(t, p.Name, got, want.Sum, 1e-11, 0)
		}
		for i, row := range want.Rows {
			width := p.Shape[1]
			near(t, p.Name, got[row*width:(row+1)*width], want.SumRows[i], 1e-11, 0)
		}
	}
}

// checkModelGradient compares the plain gradient: a step of SGD at rate 1 moves the weights by just that.
func checkModelGradient(t *testing.T, g modelGolden, e *Engine, b *model.Batch) {
	before := map[string][]float64{}
	for _, s := range e.State() {
		before[s.Name] = slices.Clone(s.Float64)
	}
	fatal(t, e.BeginLot(0))
	_, err := e.AccumulateGradient(b)
	fatal(t, err)
	fatal(t, e.Step(Update{Divisor: float64(b.Examples()), LearningRate: 1, K: 1, Optimizer: dp.Optimizer{Kind: dp.SGD}}))
	for _, s := range e.State() {
		name, _ := cutPrefix(s.Name, stateWeight)
		moved := make([]float64, len(s.Float64))
		for i, v := range s.Float64 {
			moved[i] = before[s.Name][i] - v
		}
		near(t, name+" mean gradient norm", []float64{normOf(moved)}, []float64{g.Grads[name].MeanNorm}, 1e-10, 1e-10)
		if want := g.Grads[name].Mean; want != nil {
			near(t, name+" mean gradient", moved, want, 1e-11, 0)
		}
	}
}

func normOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}
