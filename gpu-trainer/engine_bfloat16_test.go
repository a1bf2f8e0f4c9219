package trainer

import (
	"math"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
)

// In bfloat16 a lot's sums are the same integers whatever the threads, the packing and the order, as in float32.
func TestBFloat16SumsAreIdenticalToTheBit(t *testing.T) {
	for _, precision := range []string{BFloat16, "opencl-bfloat16"} {
		for name, method := range methods() {
			t.Run(precision+"/"+name, func(t *testing.T) { checkInvariance(t, precision, method, dp.ClipFlat) })
		}
	}
}

// bfloat16 has 8 bits: each factor errs by 2^-9, and errors of a sum of n products grow by their random signs. Logits
// of a tiny encoder stay within 5 % of their scale, and are not those of float32.
func TestBFloat16IsCloseToFloat32(t *testing.T) {
	m := tinyModel("bert")
	all := randomExamples(m.Config, 20)
	logits := func(precision string) []float64 {
		e := newEngine(t, m, methods()["full"], EngineOptions{Precision: precision, Threads: 2})
		out := make([]float64, all.Examples()*m.Config.NumLabels)
		fatal(t, e.Logits(all, out))
		return out
	}
	single, half := logits("float32"), logits(BFloat16)
	largest, off := 0.0, 0.0
	for i := range single {
		largest, off = math.Max(largest, math.Abs(single[i])), math.Max(off, math.Abs(single[i]-half[i]))
	}
	if off == 0 || off > 0.05*largest {
		t.Errorf("logits up to %v differ by %v", largest, off)
	}
}
