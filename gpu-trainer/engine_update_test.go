package trainer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// given adds noise that a test knows.
func given(noise []int64) func(from int) func(sums []int64) {
	return func(from int) func(sums []int64) {
		return func(sums []int64) {
			for i := range sums {
				sums[i] += noise[from+i]
			}
			from += len(sums)
		}
	}
}

// TestOnePassStepsEveryNumberOnce: with the released vector over several blocks of noise, and weights over their
// borders, every number gets its noise once, every weight the step that dp.Apply makes of its sum, to the bit, and
// the sums are gone, or are there with their noise.
func TestOnePassStepsEveryNumberOnce(t *testing.T) {
	const quantum, divisor = 0x1p-40, 7
	c := smallModel().Config
	c.VocabSize, c.HiddenSize, c.IntermediateSize, c.Heads = 1500, 96, 200, 2
	m := model.New(c, 1)
	for _, kind := range []string{model.Full, model.BitFit, model.RGP} {
		for _, precision := range []string{"float32", "float64"} {
			for threads := 1; threads <= 3; threads++ {
				t.Run(fmt.Sprint(kind, precision, threads), func(t *testing.T) {
					e := newEngine(t, m, model.Method{Kind: kind}, EngineOptions{Precision: precision, Threads: threads})
					if blocks := e.Dim() / dp.NoiseBlock; kind == model.Full && blocks < 3 {
						t.Fatalf("%d blocks of noise: the test sees no borders", blocks)
					}
					noise, added := make([]int64, e.Dim()), make([]atomic.Int32, e.Dim())
					for k := 1; k <= 2; k++ {
						fatal(t, e.BeginLot(uint64(k)))
						_, err := e.Accumulate(fixedLengths(c, 6, 9), dp.Clip{Norm: 1, Quantum: quantum})
						fatal(t, err)
						want := slices.Clone(e.Sum())
						for i := range noise {
							noise[i] = int64(i*7919%1000+k) << 30
							want[i] += noise[i]
						}
						before := weightsOf(e)
						keep := k == 2
						fatal(t, e.Step(Update{Quantum: quantum, Divisor: divisor, LearningRate: 0.01, K: k, KeepSums: keep, Optimizer: dp.Optimizer{Kind: dp.SGD},
							Noise: func(from int) func([]int64) {
								if from%dp.NoiseBlock != 0 {
									t.Errorf("a block from %d on", from)
								}
								add := given(noise)(from)
								return func(sums []int64) {
									if len(sums)%dp.NoiseChunk != 0 && from+len(sums) != len(noise) {
										t.Errorf("%d numbers from %d on", len(sums), from)
									}
									add(sums)
									for i := range sums {
										added[from+i].Add(1)
									}
									from += len(sums)
								}
							}}))
						for i := range added {
							if n := added[i].Load(); n != int32(k) {
								t.Fatalf("step %d: number %d got its noise %d times", k, i, n)
							}
						}
						if kind != model.RGP {
							checkMoves(t, before, weightsOf(e), want, precision == "float32", quantum/divisor)
						}
						if !keep {
							clear(want)
						}
						if !slices.Equal(e.Sum(), want) {
							t.Errorf("step %d: other sums are left", k)
						}
					}
				})
			}
		}
	}
}

// weightsOf are the trained weights in canonical order.
func weightsOf(e *Engine) []float64 {
	var all []float64
	for _, s := range e.State() {
		if name := s.Name[:len(stateWeight)]; name != stateWeight {
			continue
		}
		all = append(all, s.Float64...)
		for _, v := range s.Float32 {
			all = append(all, float64(v))
		}
	}
	return all
}

// checkMoves compares weights with one step of SGD at rate 0.01 from the weights before.
func checkMoves(t *testing.T, before, after []float64, sums []int64, single bool, scale float64) {
	t.Helper()
	for i, sum := range sums {
		theta, g := []float64{before[i]}, []float64{float64(sum) * scale}
		if single {
			g[0] = float64(float32(g[0]))
		}
		dp.Apply(dp.Optimizer{Kind: dp.SGD}, 1, 0.01, theta, g, nil, nil)
		if want := theta[0]; after[i] != want && !(single && after[i] == float64(float32(want))) {
			t.Fatalf("weight %d went from %v to %v, want %v", i, before[i], after[i], want)
		}
	}
}

// The kernel that steps Adam and AdamW gives the bits of dp.Apply, for every form of them.
func TestAdamStepEqualsApply(t *testing.T) {
	pool := kernels.NewPool(2)
	defer pool.Close()
	for _, o := range []dp.Optimizer{{}, {WeightDecay: 0.1}, {Kind: dp.Adam, WeightDecay: 0.1, Beta1: 0.8}, {Kind: dp.Adam, EpsilonBeforeCorrection: true, Epsilon: 1e-3}} {
		r := rand.New(rand.NewPCG(1, 2))
		draw := func() []float32 {
			x := make([]float32, 1001)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			return x
		}
		theta, g, m, v := draw(), draw(), draw(), draw()
		for i := range v {
			v[i] *= v[i]
		}
		theta2, m2, v2 := slices.Clone(theta), slices.Clone(m), slices.Clone(v)
		const k, rate = 3, 0.01
		dp.Apply(o, k, rate, theta, g, m, v)
		step, ok := adamStep(Update{Optimizer: o, K: k, LearningRate: rate})
		if !ok {
			t.Fatalf("%+v: no kernel", o)
		}
		pool.EachThread(len(g), len(g), func(t kernels.Thread, _, _ int) { kernels.Adam(t, step, theta2, g, m2, v2) })
		if !slices.Equal(theta, theta2) || !slices.Equal(m, m2) || !slices.Equal(v, v2) {
			t.Errorf("%+v: the kernel's step differs", o)
		}
	}
}
