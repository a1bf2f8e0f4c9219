package trainer

import (
	"math"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/blas"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestLibraryProducts: logits and losses before and after a step with a library's products are the built-in ones
// within the rounding of float32. Clipped sums are refused: a library may make one example's gradient depend on the
// others in its batch.
func TestLibraryProducts(t *testing.T) {
	m := model.New(func() model.Config {
		c := model.DefaultConfig(model.BERT)
		c.VocabSize = 100
		return c
	}(), 1)
	b := fixedLengths(m.Config, 8, 20)
	results := func(name string) []float64 {
		e := newEngine(t, m, model.Method{Kind: model.LoRA}, EngineOptions{BLAS: name, Threads: 2})
		numbers := make([]float64, 16)
		fatal(t, e.Logits(b, numbers))
		for k := 1; k <= 2; k++ {
			fatal(t, e.BeginLot(uint64(k)))
			stats, err := e.AccumulateGradient(b)
			fatal(t, err)
			numbers = append(numbers, stats.Loss...)
			fatal(t, e.Step(Update{Divisor: 1, LearningRate: 0.1, K: k, Optimizer: dp.Optimizer{Kind: dp.SGD}}))
		}
		_, err := e.Accumulate(b, dp.Clip{Norm: 1, Quantum: 0x1p-30})
		if refused := err != nil && strings.Contains(err.Error(), "clipped sums need the built-in products"); refused != (name != "") {
			t.Errorf("blas %q: clipped sums: %v", name, err)
		}
		return numbers
	}
	want := results("")
	found := false
	for _, name := range blas.Names()[2:] {
		if _, err := blas.Open(name, 2); err != nil {
			continue
		}
		found = true
		for i, got := range results(name) {
			if math.Abs(got-want[i]) > 1e-4*max(1, math.Abs(want[i])) {
				t.Errorf("%s number %d: %v, built in %v", name, i, got, want[i])
			}
		}
	}
	if !found {
		t.Skip("the system has neither OpenBLAS (on Debian: libopenblas0-pthread) nor oneDNN")
	}
	if _, err := NewEngine(m, model.Method{}, EngineOptions{BLAS: "openblas", Precision: "float64"}); err == nil || !strings.Contains(err.Error(), "only for float32") {
		t.Errorf("float64: %v", err)
	}
}

// TestPrivateRunsMultiplyByThemselves: with a library's products an example's gradient may depend on the others in
// its batch.
func TestPrivateRunsMultiplyByThemselves(t *testing.T) {
	for _, name := range blas.Names()[2:] {
		_, err := Train(t.Context(), smallPlan(), newSource(200, 40, 12), smallModel(), Options{Engine: EngineOptions{BLAS: name}})
		if err == nil || !strings.Contains(err.Error(), "library-products") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
