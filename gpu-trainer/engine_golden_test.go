package trainer

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// goldenRoot is where the golden numbers stand: EWTUNE_GOLDENS/trainer, or the copy in testdata.
func goldenRoot() string {
	if root := os.Getenv("EWTUNE_GOLDENS"); root != "" {
		return filepath.Join(root, "trainer")
	}
	return filepath.Join("testdata", "goldens", "trainer")
}

// golden is one of the two tiny models with its inputs.
type golden struct {
	dir    string
	model  *model.Model
	lora   *model.Model // with the pairs of lora_init
	ids    [][]int32
	types  [][]int8
	labels []int32
}

func loadGolden(t *testing.T, name string) *golden {
	t.Helper()
	g := &golden{dir: filepath.Join(goldenRoot(), name)}
	g.model, g.lora = loadModel(t, g.dir), loadModel(t, g.dir)
	pairs, err := model.ReadSafetensors(filepath.Join(g.dir, "lora_init.safetensors"))
	fatal(t, err)
	for _, p := range pairs {
		g.lora.Set(p)
	}
	g.readInputs(t)
	return g
}

func loadModel(t *testing.T, dir string) *model.Model {
	t.Helper()
	m, err := model.Load(dir)
	fatal(t, err)
	if len(m.Fresh) > 0 || len(m.Ignored) > 0 {
		t.Fatalf("%s: fresh %v, ignored %v", dir, m.Fresh, m.Ignored)
	}
	return m
}

func (g *golden) readInputs(t *testing.T) {
	t.Helper()
	stored, err := model.ReadStored(filepath.Join(g.dir, "inputs.safetensors"))
	fatal(t, err)
	columns := map[string][]int64{}
	for _, s := range stored {
		columns[s.Name], _ = s.Int64()
	}
	length := len(columns["input_ids"]) / len(columns["labels"])
	for i, label := range columns["labels"] {
		var ids []int32
		var types []int8
		for j := i * length; j < (i+1)*length; j++ {
			if columns["attention_mask"][j] == 1 {
				ids, types = append(ids, int32(columns["input_ids"][j])), append(types, int8(columns["token_type_ids"][j]))
			}
		}
		g.ids, g.types, g.labels = append(g.ids, ids), append(g.types, types), append(g.labels, int32(label))
	}
}

// batch packs the given examples.
func (g *golden) batch(examples ...int) *model.Batch {
	var b model.Batch
	for _, i := range examples {
		b.AppendExample(g.model.Config, int64(i), g.labels[i], g.ids[i], g.types[i])
	}
	return &b
}

func (g *golden) all() *model.Batch { return g.batch(0, 1, 2, 3, 4, 5) }

// method is the method of a golden set, and the model that it starts from.
func (g *golden) method(set string) (*model.Model, model.Method) {
	switch set {
	case "lora":
		return g.lora, model.Method{Kind: model.LoRA, Rank: 4, Alpha: 8}
	case "head_pooler":
		return g.model, model.Method{Kind: model.Head, TrainPooler: true}
	}
	return g.model, model.Method{Kind: set}
}

func newEngine(t *testing.T, m *model.Model, method model.Method, o EngineOptions) *Engine {
	t.Helper()
	e, err := NewEngine(m, method, o)
	fatal(t, err)
	t.Cleanup(func() { fatal(t, e.Close()) })
	return e
}

// readTensors reads a golden file as float64, by name.
func readTensors(t *testing.T, parts ...string) map[string][]float64 {
	t.Helper()
	stored, err := model.ReadStored(filepath.Join(parts...))
	fatal(t, err)
	tensors := map[string][]float64{}
	for _, s := range stored {
		tensors[s.Name], _ = s.Float64()
	}
	return tensors
}

func readJSON(t *testing.T, into any, parts ...string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	fatal(t, err)
	fatal(t, json.Unmarshal(data, into))
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// near compares numbers: |got - want| <= abs + rel·|want|.
func near(t *testing.T, what string, got, want []float64, abs, rel float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= abs+rel*math.Abs(want[i])) {
			t.Fatalf("%s[%d] = %v, want %v (off by %.3g)", what, i, got[i], want[i], got[i]-want[i])
		}
	}
}

// tolerances of the goldens' README, by precision.
type tolerance struct {
	tag                              string // f64, f32
	forward, norms, sums, parameters float64
}

var precisions = map[string]tolerance{
	"float64":      {tag: "f64", forward: 1e-11, norms: 1e-11, sums: 1e-11, parameters: 1e-11},
	"float32":      {tag: "f32", forward: 2e-5, norms: 2e-5, sums: 2e-6, parameters: 2e-6},
	"opencl":       {tag: "f32", forward: 2e-5, norms: 2e-5, sums: 2e-6, parameters: 2e-6},
	"opencl-tiles": {tag: "f32", forward: 2e-5, norms: 2e-5, sums: 2e-6, parameters: 2e-6},
}

// engineOptions are those of a precision; "opencl" is float32 on the first OpenCL device, with the products that suit
// it, "opencl-tiles" with those of GPUs, "opencl-bfloat16" rounds
// their factors, and "opencl-float16" what is frozen.
func engineOptions(precision string) EngineOptions {
	device := EngineOptions{Device: "opencl", Threads: 2}
	switch precision {
	case "opencl":
		return device
	case "opencl-tiles":
		device.DeviceProducts = "tiles"
		return device
	case "opencl-bfloat16":
		device.Precision = BFloat16
		return device
	case "opencl-float16":
		device.Precision = Float16
		return device
	}
	return EngineOptions{Precision: precision, Threads: 2}
}

// needDevice skips a test of OpenCL where there is none.
func needDevice(t *testing.T, precision string) {
	t.Helper()
	if !strings.HasPrefix(precision, "opencl") {
		return
	}
	if _, err := opencl.Devices(); err != nil {
		t.Skip(err)
	}
}

var goldenModels = []string{"tiny-bert", "tiny-roberta"}

// each runs a test for both models, on the CPU in both precisions and on OpenCL.
func each(t *testing.T, f func(t *testing.T, g *golden, precision string, tol tolerance)) {
	for _, name := range goldenModels {
		g := loadGolden(t, name)
		for precision, tol := range precisions {
			t.Run(name+"/"+precision, func(t *testing.T) {
				needDevice(t, precision)
				f(t, g, precision, tol)
			})
		}
	}
}

func TestGoldenForward(t *testing.T) {
	each(t, func(t *testing.T, g *golden, precision string, tol tolerance) {
		want := readTensors(t, g.dir, "forward_"+tol.tag+".safetensors")
		for _, tag := range []string{"base", "lora"} {
			set := map[string]string{"base": "full", "lora": "lora"}[tag]
			m, method := g.method(set)
			e := newEngine(t, m, method, engineOptions(precision))
			b := g.all()
			logits := make([]float64, len(want[tag+".logits"]))
			fatal(t, e.Logits(b, logits))
			near(t, tag+".logits", logits, want[tag+".logits"], tol.forward, 0)
			fatal(t, e.BeginLot(1))
			stats, err := e.Accumulate(b, dp.Clip{Norm: 0.5, Quantum: 0x1p-42})
			fatal(t, err)
			near(t, tag+".loss", stats.Loss, want[tag+".loss"], tol.forward, 0)
			compareHidden(t, e, g, b, tag+".last_hidden_state", m.Config.Layers, want, tol)
			if tol.tag == "f32" && tag == "base" {
				compareHidden(t, e, g, b, "base.hidden_states.0", 0, want, tol)
				compareHidden(t, e, g, b, "base.hidden_states.1", 1, want, tol)
			}
		}
	})
}

// compareHidden compares packed hidden states with padded ones, where there are tokens.
func compareHidden(t *testing.T, e *Engine, g *golden, b *model.Batch, name string, layer int, want map[string][]float64, tol tolerance) {
	t.Helper()
	hidden := g.model.Config.HiddenSize
	got := make([]float64, b.Tokens()*hidden)
	fatal(t, e.Hidden(b, layer, got))
	length := len(want[name]) / hidden / b.Examples()
	for i := range b.Examples() {
		lo, hi := int(b.Offsets[i]), int(b.Offsets[i+1])
		from := i * length * hidden
		near(t, fmt.Sprintf("%s example %d", name, i), got[lo*hidden:hi*hidden], want[name][from:from+(hi-lo)*hidden], tol.forward, 0)
	}
}

// goldenSet is one trainable set of grads.json.
type goldenSet struct {
	Params    []string
	NumParams int     `json:"num_params"`
	CMedian   float64 `json:"C_median"`
	F64, F32  struct {
		Loss     []float64
		GradNorm []float64 `json:"grad_norm"`
		Factor   []float64 `json:"clip_factor_C"`
		Median   []float64 `json:"clip_factor_C_median"`
	}
}

func TestGoldenClippedSums(t *testing.T) {
	each(t, func(t *testing.T, g *golden, precision string, tol tolerance) {
		var grads struct {
			C    float64 `json:"clip_C"`
			Sets map[string]goldenSet
		}
		readJSON(t, &grads, g.dir, "grads.json")
		for set, want := range grads.Sets {
			t.Run(set, func(t *testing.T) {
				m, method := g.method(set)
				e := newEngine(t, m, method, engineOptions(precision))
				checkReleased(t, e, want)
				numbers := want.F64
				if tol.tag == "f32" {
					numbers = want.F32
				}
				stats := accumulateAll(t, e, g, grads.C)
				near(t, "norm", stats.Norm, numbers.GradNorm, 0, tol.norms)
				near(t, "factor", stats.Factor, numbers.Factor, 0, tol.norms)
				compareSums(t, e, 0x1p-42, readTensors(t, g.dir, "clipped_"+set+"_"+tol.tag+".safetensors"), tol.sums)
				if tol.tag == "f64" && set != "full" {
					stats = accumulateAll(t, e, g, want.CMedian)
					near(t, "factor at C_median", stats.Factor, numbers.Median, 0, tol.norms)
					compareSums(t, e, 0x1p-42, readTensors(t, g.dir, "clipped_"+set+"_Cmedian_f64.safetensors"), tol.sums)
				}
			})
		}
	})
}

func checkReleased(t *testing.T, e *Engine, want goldenSet) {
	t.Helper()
	var names []string
	for _, p := range e.Released() {
		names = append(names, p.Name)
	}
	if fmt.Sprint(names) != fmt.Sprint(want.Params) || e.Dim() != want.NumParams {
		t.Fatalf("released %d numbers in %v\nwant %d in %v", e.Dim(), names, want.NumParams, want.Params)
	}
}

// accumulateAll starts a lot of all six examples on a grid so fine that rounding stays below 1e-12.
func accumulateAll(t *testing.T, e *Engine, g *golden, c float64) BatchStats {
	t.Helper()
	fatal(t, e.BeginLot(1))
	stats, err := e.Accumulate(g.all(), dp.Clip{Norm: c, Quantum: 0x1p-42})
	fatal(t, err)
	return stats
}

func compareSums(t *testing.T, e *Engine, quantum float64, want map[string][]float64, tol float64) {
	t.Helper()
	for _, p := range e.Released() {
		if want[p.Name] != nil { // the float32 file of the full set leaves out the word embeddings
			near(t, p.Name, scaled(e.Sum()[p.Offset:p.Offset+p.Size], quantum), want[p.Name], tol, 0)
		}
	}
}

func scaled(integers []int64, quantum float64) []float64 {
	numbers := make([]float64, len(integers))
	for i, v := range integers {
		numbers[i] = float64(v) * quantum
	}
	return numbers
}

// goldenRun is one of the two runs of five steps.
type goldenRun struct {
	C        float64
	Sigma    float64 `json:"noise_multiplier"`
	Expected float64 `json:"expected_batch_size"`
	Batches  [][]int
	F64, F32 []struct {
		Loss     []float64
		GradNorm []float64 `json:"grad_norm"`
		Factor   []float64 `json:"clip_factor"`
	}
}

func TestGoldenSteps(t *testing.T) {
	rules := map[string]struct {
		rate float64
		rule dp.Optimizer
	}{
		"dp_adamw": {1e-3, dp.Optimizer{Kind: dp.AdamW, WeightDecay: 0.01}},
		"dp_sgd":   {0.1, dp.Optimizer{Kind: dp.SGD}},
	}
	each(t, func(t *testing.T, g *golden, precision string, tol tolerance) {
		for name, r := range rules {
			t.Run(name, func(t *testing.T) {
				var run goldenRun
				readJSON(t, &run, g.dir, name+".json")
				want := readTensors(t, g.dir, name+".safetensors")
				m, method := g.method("lora")
				e := newEngine(t, m, method, engineOptions(precision))
				for step, examples := range run.Batches {
					goldenStep(t, e, g, run, want, step, examples, r.rate, r.rule, precision, tol)
				}
				logits := make([]float64, len(want["final_logits_"+tol.tag]))
				fatal(t, e.Logits(g.all(), logits))
				near(t, "final logits", logits, want["final_logits_"+tol.tag], max(tol.forward, tol.parameters), 0)
			})
		}
	})
}

// goldenStep makes one step with the noise of the goldens, rounded to the grid, and compares what it saw and what it
// left.
func goldenStep(t *testing.T, e *Engine, g *golden, run goldenRun, want map[string][]float64, step int, examples []int, rate float64, rule dp.Optimizer, precision string, tol tolerance) {
	t.Helper()
	const quantum = 0x1p-42
	fatal(t, e.BeginLot(uint64(step)))
	stats, err := e.Accumulate(g.batch(examples...), dp.Clip{Norm: run.C, Quantum: quantum})
	fatal(t, err)
	numbers := run.F64[step]
	if tol.tag == "f32" {
		numbers = run.F32[step]
	}
	near(t, "norm", stats.Norm, numbers.GradNorm, 0, tol.norms)
	near(t, "factor", stats.Factor, numbers.Factor, 0, tol.norms)
	noise := make([]int64, e.Dim())
	for _, p := range e.Released() {
		for i, z := range want[fmt.Sprintf("noise.%d.%s", step, p.Name)] {
			noise[p.Offset+i] = int64(math.RoundToEven(run.Sigma * run.C * z / quantum))
		}
		if sums := want[fmt.Sprintf("clipped_sum_f64.%d.%s", step, p.Name)]; sums != nil {
			near(t, p.Name+" sum", scaled(e.Sum()[p.Offset:p.Offset+p.Size], quantum), sums, tol.sums, 0)
		}
	}
	fatal(t, e.Step(Update{Noise: given(noise), Quantum: quantum, Divisor: run.Expected, LearningRate: rate, K: step + 1, Optimizer: rule}))
	compareWeights(t, e, want, step, precision, tol)
}

// compareWeights compares the trained weights after a step: every step in float64, the last in float32.
func compareWeights(t *testing.T, e *Engine, want map[string][]float64, step int, precision string, tol tolerance) {
	t.Helper()
	for _, s := range e.State() {
		name, ok := cutPrefix(s.Name, stateWeight)
		key := fmt.Sprintf("param_%s.%d.%s", tol.tag, step, name)
		if !ok || want[key] == nil && tol.tag == "f32" {
			continue
		}
		got := s.Float64
		for _, v := range s.Float32 {
			got = append(got, float64(v))
		}
		near(t, key, got, want[key], tol.parameters, 0)
	}
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return s, false
	}
	return s[len(prefix):], true
}
