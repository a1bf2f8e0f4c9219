package trainer

import (
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// variables returns the values of environment variables, or skips the test and names the first that is not set.
func variables(t *testing.T, names ...string) []string {
	t.Helper()
	values := make([]string, len(names))
	for i, name := range names {
		if values[i] = os.Getenv(name); values[i] == "" {
			t.Skipf("%s is not set", name)
		}
	}
	return values
}

// The pre-trained encoder all-MiniLM-L6-v2 gives the hidden states of Hugging Face transformers on 100 sentences of
// SST-2.
func TestMiniLMEqualsTransformers(t *testing.T) {
	env := variables(t, "EWTUNE_MINILM", "EWTUNE_PYTHON", "EWTUNE_DATA")
	folder, out := env[0], t.TempDir()
	sentences := filepath.Join(env[2], "SST-2", "dev.tsv")
	command := exec.Command(env[1], filepath.Join("testdata", "hidden.py"), folder, sentences, "100", out)
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	m, err := model.Load(folder)
	fatal(t, err)
	e := newEngine(t, m, model.Method{Kind: model.Head}, EngineOptions{Threads: 2})
	var ids [][]int32
	readJSON(t, &ids, out, "ids.json")
	var b model.Batch
	for i, x := range ids {
		b.AppendExample(m.Config, int64(i), -1, x, nil)
	}
	got := make([]float64, b.Tokens()*m.Config.HiddenSize)
	for layer, file := range map[int]string{0: "first.f32", m.Config.Layers: "last.f32"} {
		fatal(t, e.Hidden(&b, layer, got))
		near(t, file, got, readFloats(t, filepath.Join(out, file)), 2e-5, 0)
	}
}

// Hugging Face transformers loads a model that Save wrote; autograd, one sentence at a time, and Opacus, all in one
// batch, find the losses, per-example norms and clipped sums that one backward pass of the engine gives over all
// weights of the pre-trained encoder.
func TestMiniLMGradientsEqualTransformersAndOpacus(t *testing.T) {
	env := variables(t, "EWTUNE_MINILM", "EWTUNE_PYTHON", "EWTUNE_DATA")
	const clip, quantum = 0.5, 0x1p-36
	m, err := model.Load(env[0])
	fatal(t, err)
	m.Config.InitializerRange = 0.2 // of the head, so that its gradients are not next to nothing
	m.Reseed(4)
	dir := t.TempDir()
	fatal(t, m.Save(dir))
	out := filepath.Join(dir, "gradients.json")
	command := exec.Command(env[1], filepath.Join("testdata", "gradients.py"), dir, env[0], filepath.Join(env[2], "SST-2", "dev.tsv"), "8", "0.5", out)
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var want struct {
		IDs              [][]int32
		Labels           []int32
		Losses           []float64
		Autograd, Opacus clippedSums
	}
	readJSON(t, &want, out)
	var b model.Batch
	for i, x := range want.IDs {
		b.AppendExample(m.Config, int64(i), want.Labels[i], x, nil)
	}
	e := newEngine(t, m, model.Method{Kind: model.Full}, EngineOptions{Threads: 2})
	fatal(t, e.BeginLot(1))
	stats, err := e.Accumulate(&b, dp.Clip{Norm: clip, Quantum: quantum})
	fatal(t, err)
	near(t, "loss", stats.Loss, want.Losses, 2e-5, 0)
	want.Autograd.check(t, "autograd", e, stats, quantum)
	want.Opacus.check(t, "opacus", e, stats, quantum)
}

// clippedSums is what gradients.py says of a lot: norms, and for each tensor the norm and the sum of the clipped
// sum's numbers.
type clippedSums struct {
	Norms []float64
	Sums  map[string][2]float64
}

func (c clippedSums) check(t *testing.T, who string, e *Engine, stats BatchStats, quantum float64) {
	t.Helper()
	near(t, who+" norm", stats.Norm, c.Norms, 0, 1e-4)
	if len(c.Sums) != len(e.Released()) {
		t.Fatalf("%d tensors, %s has %d", len(e.Released()), who, len(c.Sums))
	}
	for _, p := range e.Released() {
		got, total := scaled(e.Sum()[p.Offset:p.Offset+p.Size], quantum), 0.0
		for _, v := range got {
			total += v
		}
		near(t, who+" "+p.Name, []float64{normOf(got)}, []float64{c.Sums[p.Name][0]}, 2e-6, 1e-4)
		near(t, who+" "+p.Name+" total", []float64{total}, []float64{c.Sums[p.Name][1]}, 1e-3, 1e-3)
	}
}

func readFloats(t *testing.T, path string) []float64 {
	t.Helper()
	data, err := os.ReadFile(path)
	fatal(t, err)
	values := make([]float64, len(data)/4)
	for i := range values {
		values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
	}
	return values
}

// A private step on the pre-trained encoder lowers the loss of the examples that it saw.
func TestMiniLMTrains(t *testing.T) {
	folder := variables(t, "EWTUNE_MINILM")[0]
	m, err := model.Load(folder)
	fatal(t, err)
	m.Config.Pooling = model.PoolMean
	e := newEngine(t, m, model.Method{Kind: model.LoRA, Rank: 4, TrainPooler: true}, EngineOptions{})
	b := fixedLengths(m.Config, 8, 16)
	first, last := 0.0, 0.0
	for k := 1; k <= 5; k++ {
		fatal(t, e.BeginLot(uint64(k)))
		stats, err := e.Accumulate(b, dp.Clip{Norm: 1, Quantum: 0x1p-30})
		fatal(t, err)
		last = 0
		for _, loss := range stats.Loss {
			last += loss / 8
		}
		if k == 1 {
			first = last
		}
		fatal(t, e.Step(Update{Quantum: 0x1p-30, Divisor: 8, LearningRate: 1e-3, K: k, Optimizer: dp.Optimizer{Kind: dp.AdamW}}))
	}
	if !(last < first) {
		t.Errorf("mean loss went from %v to %v", first, last)
	}
}
