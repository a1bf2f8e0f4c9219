package trainer

import (
	"testing"
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// The benchmarks below report what a feature costs as a share of a step on L4 H256, S 64, 2 threads. The variants
// take turns in one process, and the best of each counts: that is what an idle machine gives.

// benchmarkModel has 4 layers of width 256 and BERT's vocabulary.
func benchmarkModel() *model.Model {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize, c.Layers, c.HiddenSize, c.IntermediateSize, c.Heads = 30522, 4, 256, 1024, 4
	return model.New(c, 1)
}

// takeTurns runs the variants in turn until b has had enough, and returns the best time of each.
func takeTurns(b *testing.B, variants ...func() error) []time.Duration {
	best := make([]time.Duration, len(variants))
	for i := range best {
		best[i] = 1 << 62
	}
	for b.Loop() {
		for i, f := range variants {
			start := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			best[i] = min(best[i], time.Since(start))
		}
	}
	return best
}

// BenchmarkDropoutShare compares private steps of 32 examples with dropout 0.1 and without.
func BenchmarkDropoutShare(b *testing.B) {
	for _, kind := range []string{model.LoRA, model.Full} {
		b.Run(kind, func(b *testing.B) {
			var variants []func() error
			for _, dropout := range []bool{false, true} {
				e, err := NewEngine(benchmarkModel(), model.Method{Kind: kind}, EngineOptions{Threads: 2, Dropout: dropout})
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				batch, k := fixedLengths(benchmarkModel().Config, 32, 64), 0
				clip := dp.Clip{Norm: 1, Quantum: 0x1p-30}
				update := Update{Divisor: 32, Quantum: clip.Quantum, LearningRate: 1e-4, Optimizer: dp.Optimizer{Kind: dp.AdamW}}
				variants = append(variants, func() error { k++; return oneStep(e, batch, clip, update, k) })
			}
			best := takeTurns(b, variants...)
			b.ReportMetric(100*(float64(best[1])/float64(best[0])-1), "%-dropout")
			b.ReportMetric(float64(best[0].Microseconds())/1e3, "best-ms")
		})
	}
}

// BenchmarkNoiseShare compares the noise of a step with a step of 32 examples, and tells what it would be of one of
// 1000.
func BenchmarkNoiseShare(b *testing.B) {
	for _, kind := range []string{model.LoRA, model.Full} {
		b.Run(kind, func(b *testing.B) {
			e, err := NewEngine(benchmarkModel(), model.Method{Kind: kind}, EngineOptions{Threads: 2})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			batch, clip := fixedLengths(benchmarkModel().Config, 32, 64), dp.Clip{Norm: 1, Quantum: 0x1p-30}
			update := Update{Divisor: 32, Quantum: clip.Quantum, LearningRate: 1e-4, K: 1, Optimizer: dp.Optimizer{Kind: dp.AdamW}}
			gaussian, err := dp.NewGaussian(0x1p30)
			if err != nil {
				b.Fatal(err)
			}
			k := uint64(0)
			best := takeTurns(b,
				func() error { k++; gaussian.Noise(dp.Key{1}, k).AddTo(e.Sum(), 0); return nil },
				func() error { _, err := e.Accumulate(batch, clip); return err },
				func() error { return e.Step(update) })
			noise, pass, step := float64(best[0]), float64(best[1]), float64(best[2])
			b.ReportMetric(noise/float64(e.Dim()), "ns/number")
			b.ReportMetric(100*noise/(noise+pass+step), "%-of-32")
			b.ReportMetric(100*noise/(noise+pass*1000/32+step), "%-of-1000")
		})
	}
}
