package trainer

import (
	"maps"
	"slices"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/internal/simulator"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// No kernel reads or writes outside of its buffers or races with another work-item, and all items of a group come to
// the same barriers: every method's lots, steps and logits, by a simulator that watches. A buffer has an eighth to spare, and
// several values may share one: what stays within that is not seen.
func TestKernelsInTheSimulator(t *testing.T) {
	complaints, child := simulator.Run(t)
	if !child {
		if complaints != "" {
			t.Errorf("the simulator complains:\n%s", complaints)
		}
		return
	}
	m, launched := minuteModel(), map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(methods())) {
		simulate(t, launched, m, methods()[name], EngineOptions{DeviceProducts: "strips"})
	}
	simulate(t, launched, m, methods()["bitfit"], EngineOptions{DeviceProducts: "tiles"})
	m.Config.Pooling = model.PoolMean
	simulate(t, launched, m, methods()["lora"], EngineOptions{DeviceProducts: "strips", Precision: BFloat16})
	simulate(t, launched, m, methods()["head"], EngineOptions{DeviceProducts: "tiles", Precision: BFloat16})
	simulate(t, launched, m, methods()["bitfit"], EngineOptions{DeviceProducts: "strips", Precision: Float16})
	for _, name := range opencl.Kernels() {
		if !launched[name] {
			t.Errorf("kernel %s: was not simulated", name)
		}
	}
}

// minuteModel is as small as a model can be with sizes that fill no vector, tile or work-group; a simulator takes a
// microsecond for each instruction.
func minuteModel() *model.Model {
	c := model.DefaultConfig(model.BERT)
	c.Layers, c.VocabSize, c.HiddenSize, c.Heads, c.IntermediateSize, c.MaxPositions, c.NumLabels = 1, 12, 18, 1, 21, 16, 3
	c.HiddenDropout = 0.2
	return model.New(c, 5)
}

// simulate does all that an engine can do with one batch of two examples.
func simulate(t *testing.T, launched map[string]bool, m *model.Model, method model.Method, o EngineOptions) {
	t.Helper()
	o.Device, o.Threads, o.Dropout = "opencl", 1, true
	e, err := NewEngine(m, method, o)
	fatal(t, err)
	var b model.Batch
	for i, ids := range [][]int32{{2, 7, 7}, {5}} {
		b.AppendExample(m.Config, int64(i), int32(i), ids, make([]int8, len(ids)))
	}
	fatal(t, e.Logits(&b, make([]float64, 2*m.Config.NumLabels)))
	for k, rule := range []dp.Optimizer{{}, {Kind: dp.SGD, Momentum: 0.9}} {
		fatal(t, e.BeginLot(uint64(k)))
		_, err = e.Accumulate(&b, dp.Clip{Norm: 0.3, Quantum: 0x1p-40})
		fatal(t, err)
		fatal(t, e.Step(Update{Divisor: 2, Quantum: 0x1p-40, Noise: func(int) func([]int64) { return func(sums []int64) { sums[0]++ } }, LearningRate: 0.1, K: k + 1, Optimizer: rule}))
	}
	fatal(t, e.BeginLot(9))
	_, err = e.AccumulateGradient(&b)
	fatal(t, err)
	fatal(t, e.Step(Update{Divisor: 2, LearningRate: 0.1, K: 1, Optimizer: dp.Optimizer{Kind: dp.SGD}}))
	for _, name := range e.core.(*core[float32]).resident.device.Launched() {
		launched[name] = true
	}
	fatal(t, e.Close())
}
