package trainer

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

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
		kernels.Adam(pool, step, theta2, g, m2, v2)
		if !slices.Equal(theta, theta2) || !slices.Equal(m, m2) || !slices.Equal(v, v2) {
			t.Errorf("%+v: the kernel's step differs", o)
		}
	}
}
