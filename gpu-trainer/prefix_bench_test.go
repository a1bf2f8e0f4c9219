package trainer

import (
	"context"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// BenchmarkHeadEpoch is an epoch of head-only training, L2 H128, on 67,349 rows of 2 to 25 tokens in lots of 2,000:
// from the second epoch on with the cache, and without.
func BenchmarkHeadEpoch(b *testing.B) {
	source := newSource(67349, 2000, 25)
	c := model.DefaultConfig(model.BERT)
	c.VocabSize, c.MaxPositions = 2000, 64
	plan := Plan{ExpectedBatchSize: 2000, Epsilon: 8, Delta: 1e-5, ClippingNorm: 1, Method: model.Method{Kind: model.Head}, LearningRate: 0.01, Steps: 33}
	for name, cache := range map[string]string{"cache": b.TempDir(), "plain": ""} {
		b.Run(name, func(b *testing.B) {
			o := Options{Dir: b.TempDir(), Engine: EngineOptions{Cache: cache}}
			plan := plan
			plan.Steps *= int64(b.N + 1)
			o.Progress = func(p Progress) {
				if p.Step == 33 {
					b.ResetTimer()
				}
			}
			if _, err := Train(context.Background(), plan, source, model.New(c, 1), o); err != nil {
				b.Fatal(err)
			}
		})
	}
}
