package cpu

import (
	"math"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// The share of zeros is the rate and what is left keeps the mean; sites and rows have masks of their own.
func TestDropoutRate(t *testing.T) {
	const width, tokens, rate = 64, 2000, 0.25
	x, y := &Slice[float32]{Data: make([]float32, width*tokens)}, &Slice[float32]{Data: make([]float32, width*tokens)}
	for i := range x.Data {
		x.Data[i] = 1
	}
	value := func(s *Slice[float32]) *machine.Value {
		return &machine.Value{Rows: ops.Tokens, Width: width, DType: tensor.Float32, Buffer: s, N: width * tokens}
	}
	pool := kernels.NewPool(1)
	defer pool.Close()
	feed := machine.Feed{Offsets: []int32{0, tokens / 2, tokens}, Labels: []int32{0, 0}, RowIDs: []int64{5, 6}, DropoutKey: 9}
	mask := func(site uint64) []float32 {
		c := call[float32]{Pool: pool, Attributes: ops.Attributes{Rate: rate, Site: site}, in: []*machine.Value{value(x)}, out: []*machine.Value{value(y)}}
		if err := dropout(c)(&feed); err != nil {
			t.Fatal(err)
		}
		return append([]float32(nil), y.Data...)
	}
	one, two := mask(1), mask(2)
	half := len(one) / 2
	// 128,000 draws: the standard deviation of a share is at most 0.0014; six of them are 0.0084.
	const six = 0.0084
	if z := zeroShare(one); math.Abs(z-rate) > six {
		t.Errorf("share of zeros %v, want %v", z, rate)
	}
	for what, pair := range map[string][2][]float32{"two sites": {one, two}, "two rows": {one[:half], one[half:]}} {
		// Independent masks agree where both keep or both drop: .75² + .25².
		if same := agreement(pair[0], pair[1]); math.Abs(same-0.625) > 2*six {
			t.Errorf("%s agree on %v of the places, want 0.625", what, same)
		}
	}
	for _, v := range one {
		if v != 0 && math.Abs(float64(v)-1/(1-rate)) > 1e-6 {
			t.Fatalf("kept value %v, want %v", v, 1/(1-rate))
		}
	}
}

func zeroShare(v []float32) float64 {
	return agreement(v, make([]float32, len(v)))
}

func agreement(a, b []float32) float64 {
	n := 0
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}
