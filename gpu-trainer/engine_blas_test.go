package trainer

import (
	"math"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/blas"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestLibraryProducts: logits and per-example norms with a library's products are the built-in ones within the rounding of float32.
func TestLibraryProducts(t *testing.T) {
	m := model.New(func() model.Config {
		c := model.DefaultConfig(model.BERT)
		c.VocabSize = 100
		return c
	}(), 1)
	b := fixedLengths(m.Config, 8, 20)
	results := func(name string) (logits, norms []float64) {
		e := newEngine(t, m, model.Method{Kind: model.LoRA}, EngineOptions{BLAS: name, Threads: 2})
		logits = make([]float64, 16)
		fatal(t, e.Logits(b, logits))
		fatal(t, e.BeginLot(1))
		stats, err := e.Accumulate(b, dp.Clip{Norm: 1, Quantum: 0x1p-30})
		fatal(t, err)
		return logits, append([]float64(nil), stats.Norm...)
	}
	logits, norms := results("")
	found := false
	for _, name := range blas.Names()[2:] {
		if _, err := blas.Open(name, 2); err != nil {
			continue
		}
		found = true
		gotLogits, gotNorms := results(name)
		for i, want := range append(logits, norms...) {
			if got := append(gotLogits, gotNorms...)[i]; math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
				t.Errorf("%s number %d: %v, built in %v", name, i, got, want)
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

// TestPrivateRunsMultiplyByThemselves: with a library's products an example's gradient may depend on the others in its batch.
func TestPrivateRunsMultiplyByThemselves(t *testing.T) {
	for _, name := range blas.Names()[2:] {
		_, err := Train(t.Context(), smallPlan(), newSource(200, 40, 12), smallModel(), Options{Engine: EngineOptions{BLAS: name}})
		if err == nil || !strings.Contains(err.Error(), "library-products") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
