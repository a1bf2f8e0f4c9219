package trainer

import (
	"fmt"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// BenchmarkStep times one step of 32 examples of 64 tokens, optimiser included, on the shapes of the published tables.
func BenchmarkStep(b *testing.B) {
	shapes := []struct {
		name          string
		layers, width int
	}{{"L2H128", 2, 128}, {"L4H256", 4, 256}, {"L6H384", 6, 384}}
	for _, s := range shapes {
		for _, kind := range []string{model.LoRA, model.Full, model.RGP} {
			for _, private := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%s/private=%v", s.name, kind, private), func(b *testing.B) {
					benchmarkStep(b, s.layers, s.width, kind, private)
				})
			}
		}
	}
}

func benchmarkStep(b *testing.B, layers, width int, kind string, private bool) {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize, c.Layers, c.HiddenSize, c.IntermediateSize, c.Heads = 30522, layers, width, 4*width, width/64
	e, err := NewEngine(model.New(c, 1), model.Method{Kind: kind}, EngineOptions{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	batch := fixedLengths(c, 32, 64)
	clip := dp.Clip{Norm: 1, Quantum: 0x1p-30}
	update := Update{Divisor: 32, LearningRate: 1e-4, Optimizer: dp.Optimizer{Kind: dp.AdamW}}
	if private {
		update.Quantum = clip.Quantum
	}
	b.ReportAllocs()
	for k := 1; b.Loop(); k++ {
		if err := oneStep(e, batch, clip, update, k); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(32*float64(b.N)/b.Elapsed().Seconds(), "examples/s")
	b.ReportMetric(float64(e.Memory())/1e6, "MB")
}

func oneStep(e *Engine, batch *model.Batch, clip dp.Clip, update Update, k int) error {
	err := e.BeginLot(uint64(k))
	if err != nil {
		return err
	}
	if update.Quantum > 0 {
		_, err = e.Accumulate(batch, clip)
	} else {
		_, err = e.AccumulateGradient(batch)
	}
	if err != nil {
		return err
	}
	update.K = k
	return e.Step(update)
}

// fixedLengths draws n examples of just length tokens.
func fixedLengths(c model.Config, n, length int) *model.Batch {
	var b model.Batch
	for i := range n {
		ids := make([]int32, length)
		for j := range ids {
			ids[j] = int32((i*7919 + j*104729) % c.VocabSize)
		}
		b.AppendExample(c, int64(i), int32(i%c.NumLabels), ids, nil)
	}
	return &b
}
