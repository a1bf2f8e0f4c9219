package trainer

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestRowsAreTheWholeTable: an engine that keeps only the touched rows of the word table's sums and one whose sums
// stand side by side from the start make the same steps, to the bit: noise reaches every number, rows of one lot are
// gone in the next, also where a lot was given up, and an engine may be asked for its sums at any time.
func TestRowsAreTheWholeTable(t *testing.T) {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize, c.HiddenSize, c.IntermediateSize, c.Heads = 1500, 96, 200, 2 // the table ends inside a chunk, and a block
	for _, mode := range []string{dp.ClipFlat, dp.ClipPerLayer} {
		t.Run(mode, func(t *testing.T) {
			var engines [2]*Engine
			for i := range engines {
				engines[i] = newEngine(t, model.New(c, 1), model.Method{Kind: model.Full}, EngineOptions{Threads: 1 + i})
			}
			rows, whole := engines[0], engines[1]
			whole.Sum()
			for k := 1; k <= 6; k++ {
				for i, e := range engines {
					fatal(t, e.BeginLot(uint64(k)))
					if k == 3 { // a lot that is given up
						accumulate(t, e, wordsFrom(c, 900), mode)
						fatal(t, e.BeginLot(uint64(k)))
					}
					for part := range 3 { // the second lot is empty
						if k != 2 {
							accumulate(t, e, wordsFrom(c, 100*k+40*part), mode)
						}
					}
					if held := !e.core.(*core[float32]).sums.whole; held != (i == 0) {
						t.Fatalf("lot %d, engine %d: holds rows: %v", k, i, held)
					}
				}
				if !slices.Equal(rows.Touched(), whole.Touched()) {
					t.Errorf("lot %d: %v are touched, side by side %v", k, rows.Touched(), whole.Touched())
				}
				if k == 6 && !slices.Equal(rows.Sum(), whole.Sum()) {
					t.Errorf("lot %d: other sums", k)
				}
				gaussian, err := dp.NewGaussian(0x1p20)
				fatal(t, err)
				for _, e := range engines {
					fatal(t, e.Step(Update{Noise: gaussian.Noise(dp.Key{1}, uint64(k)).From, Quantum: 0x1p-30, Divisor: 8, LearningRate: 1e-2, K: k, Optimizer: dp.Optimizer{Kind: dp.AdamW}}))
				}
				if !slices.Equal(weightsOf(rows), weightsOf(whole)) {
					t.Fatalf("step %d: other weights", k)
				}
			}
		})
	}
}

// wordsFrom is a batch of examples, some words of which repeat, that begin with one word of the vocabulary.
func wordsFrom(c model.Config, word int) *model.Batch {
	var b model.Batch
	for i := range 4 {
		ids := make([]int32, 5+i)
		for j := range ids {
			ids[j] = int32((word + j/2*(i+1)) % c.VocabSize)
		}
		b.AppendExample(c, int64(i), int32(i%c.NumLabels), ids, nil)
	}
	return &b
}

func accumulate(t *testing.T, e *Engine, b *model.Batch, mode string) {
	t.Helper()
	_, err := e.Accumulate(b, dp.Clip{Norm: 1, Quantum: 0x1p-30, Mode: mode})
	fatal(t, err)
}

// TestRows compares rows with a table that is all there, over lots, and spreads them in the midst of the last.
func TestRows(t *testing.T) {
	const count, width = 50, 3
	rows, table := cpu.NewRows(count, width), make([]int64, count*width)
	add := func(ids []int32, by int64) {
		places, sums := rows.At(ids)
		for t, id := range ids {
			for j := range width {
				sums[int(places[t])*width+j] += by + int64(j)
				table[int(id)*width+j] += by + int64(j)
			}
		}
	}
	check := func(when string) {
		t.Helper()
		for from := range table {
			for to := from; to <= len(table); to++ {
				part := make([]int64, to-from)
				for i := range part {
					part[i] = -1
				}
				if rows.CopyTo(part, from); !slices.Equal(part, table[from:to]) {
					t.Fatalf("%s: numbers %d to %d are %v, want %v", when, from, to, part, table[from:to])
				}
			}
		}
	}
	check("nothing")
	for lot := range 4 {
		for part := range 10 {
			add([]int32{int32(7*lot+part) % count, int32(lot), int32(11*part) % count, int32(lot)}, int64(100*lot+part))
		}
		check(fmt.Sprintf("lot %d", lot))
		if lot < 3 {
			rows.Clear()
			clear(table)
			check("cleared")
		}
	}
	rows.Spread(make([]int64, len(table)))
	check("spread")
	add([]int32{1, 49, 1}, 5)
	check("spread, and added to")
	rows.Clear()
	clear(table)
	check("spread, and cleared")
}
