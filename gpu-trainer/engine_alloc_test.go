package trainer

import (
	"runtime"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Once warm, a whole step leaves at most 64 KiB of garbage, however long the batch.
func TestSteadyStepAllocatesLittle(t *testing.T) {
	for _, kind := range []string{model.LoRA, model.Full} {
		for _, private := range []bool{true, false} {
			c := model.DefaultConfig(model.BERT)
			c.VocabSize = 500
			e := newEngine(t, model.New(c, 1), model.Method{Kind: kind}, EngineOptions{Threads: 2})
			b, clip := fixedLengths(c, 32, 64), dp.Clip{Norm: 1, Quantum: 0x1p-30}
			u := Update{Divisor: 32, LearningRate: 1e-4, Optimizer: dp.Optimizer{Kind: dp.AdamW}}
			if private {
				u.Quantum = clip.Quantum
			}
			for k := 1; k <= 3; k++ {
				fatal(t, oneStep(e, b, clip, u, k))
			}
			const steps = 5
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for k := 4; k < 4+steps; k++ {
				fatal(t, oneStep(e, b, clip, u, k))
			}
			runtime.ReadMemStats(&after)
			if perStep := (after.TotalAlloc - before.TotalAlloc) / steps; perStep > 64<<10 {
				t.Errorf("%s, private %v: %d bytes a step, want at most %d", kind, private, perStep, 64<<10)
			} else {
				t.Logf("%s, private %v: %d bytes a step", kind, private, perStep)
			}
		}
	}
}
