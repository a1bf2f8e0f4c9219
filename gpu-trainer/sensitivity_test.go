package trainer

import (
	"math"
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
		for _, precision := range []string{"float32", BFloat16, "float64"} {
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
	e, err := NewEngine(smallModel(), method, EngineOptions{Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	grid, err := dp.NewGrid(clip.Norm, 1000, e.Dim(), 1, dp.Slack(precision))
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
