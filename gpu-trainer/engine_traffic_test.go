package trainer

import (
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// traffic is what a device's work has moved.
func traffic(t *testing.T, device *opencl.Backend, work func() error) opencl.Traffic {
	t.Helper()
	before := device.Traffic()
	fatal(t, work())
	after := device.Traffic()
	less := func(a, b opencl.Transfers) opencl.Transfers {
		return opencl.Transfers{Count: a.Count - b.Count, Bytes: a.Bytes - b.Bytes}
	}
	return opencl.Traffic{Sent: less(after.Sent, before.Sent), Received: less(after.Received, before.Received)}
}

// After the first lot, which brings the weights, what crosses to a device is one block of integers for each physical
// batch and the noise of each step, and back come a few numbers an example; RGP's power iteration brings a start and
// takes two norms for each carrier. Nothing else, under every method and rule.
func TestWhatCrossesToADevice(t *testing.T) {
	o := onDevice(t)
	m := tinyModel(model.BERT)
	all := randomExamples(m.Config, 5)
	clip := dp.Clip{Norm: 0.3, Quantum: 0x1p-40}
	// Loss, logits, norm and factor.
	examples := int64(all.Examples())
	back := opencl.Transfers{Count: 4, Bytes: examples * int64(4+4*m.Config.NumLabels+8+8)}
	for name, method := range methods() {
		for rule, optimizer := range optimizers() {
			t.Run(name+"/"+rule, func(t *testing.T) {
				e := newEngine(t, m, method, o)
				c := e.core.(*core[float32])
				device := c.resident.device
				var starts, norms opencl.Transfers
				for _, k := range c.carriers {
					starts.Count, starts.Bytes = starts.Count+1, starts.Bytes+int64(4*k.rank*k.In)
					norms.Count, norms.Bytes = 1, norms.Bytes+16
				}
				noise := opencl.Transfers{Count: 1, Bytes: int64(8 * e.Dim())}
				begin := func(k int) opencl.Traffic {
					return traffic(t, device, func() error { return e.BeginLot(uint64(k)) })
				}
				batch := func() opencl.Traffic {
					return traffic(t, device, func() error { _, err := e.Accumulate(all, clip); return err })
				}
				step := func(k int) opencl.Traffic {
					return traffic(t, device, func() error {
						return e.Step(Update{Quantum: clip.Quantum, Divisor: 5, LearningRate: 0.01, K: k, Optimizer: optimizer, Noise: func(int) func([]int64) { return func([]int64) {} }})
					})
				}
				begin(1)
				batch()
				step(1)
				for k := 2; k <= 3; k++ {
					if got := begin(k); got.Sent != starts || got.Received != norms {
						t.Errorf("a lot begins with %+v, want %+v and back %+v", got, starts, norms)
					}
					for range 2 {
						// Ids, places and owners of tokens, and what is known of examples, in parts that are whole pages.
						if got := batch(); got.Sent.Count != 1 || got.Sent.Bytes > 9*4096+5*4*int64(all.Tokens()) || got.Received != back {
							t.Errorf("a batch moves %+v, want one block and back %+v", got, back)
						}
					}
					if got := step(k); got.Sent != noise || got.Received != (opencl.Transfers{}) {
						t.Errorf("a step moves %+v, want noise of %+v and nothing back", got, noise)
					}
				}
			})
		}
	}
}
