package opencl

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// The device turns norms and bounds into the factors of the host, to the bit, for one group and for several: below
// and above the clip, where the bound lowers the factor, and where a number is not finite.
func TestClipIsTheHosts(t *testing.T) {
	b := open(t)
	const n, slack = 200, dp.Slack32
	for _, clip := range []dp.Clip{{Norm: 0.7}, {Norm: 0.7, Mode: dp.ClipAutomatic}} {
		for groups := 1; groups <= 3; groups++ {
			feed := &machine.Feed{Labels: make([]int32, n), Clip: machine.Clip{Norm: clip.Norm, Gamma: clip.Gamma(), Most: clip.Norm * (1 + slack)},
				Factor: func(norm, bound float64) float64 { return clip.FactorWithin(norm, bound, slack) }}
			squares, want := clipSquares(n, groups), make([][]float64, groups)
			var in, out []*machine.Value
			value := func(width int, numbers []float64) *machine.Value {
				return &machine.Value{Rows: ops.Examples, Width: width, DType: tensor.Float64, Buffer: buffer(t, b, tensor.Float64, numbers), N: len(numbers)}
			}
			for g := range squares {
				want[g] = make([]float64, n)
				in, out = append(in, value(2, squares[g])), append(out, value(1, want[g]))
			}
			machine.Factors(feed, squares, want)
			run, err := b.Prepare("clip", ops.Attributes{}, in, out)
			fatal(t, err)
			fatal(t, b.totals.Grow(2*n))
			fatal(t, run(feed))
			lowered := 0
			for g := range want {
				got := make([]float64, n)
				fatal(t, out[g].Buffer.Read(got))
				for i := range got {
					if got[i] != want[g][i] {
						t.Fatalf("%+v, %d groups: factor %d of group %d is %v, want %v", clip, groups, i, g, got[i], want[g][i])
					}
					if got[i] != 0 && got[i] != clip.Factor(math.Sqrt(squares[g][i])) {
						lowered++
					}
				}
			}
			if lowered == 0 {
				t.Error("no bound lowered a factor")
			}
		}
	}
}

// clipSquares draws squared norms and bounds for each group: most bounds tight, some not, some numbers not finite.
func clipSquares(n, groups int) [][]float64 {
	r := rand.New(rand.NewPCG(1, 2))
	squares := make([][]float64, groups)
	for g := range squares {
		squares[g] = make([]float64, 2*n)
		for i := range n {
			squares[g][i] = r.ExpFloat64()
			squares[g][n+i] = squares[g][i] * (1 + 1e-6)
			switch r.IntN(8) {
			case 0:
				squares[g][n+i] = squares[g][i] * (1 + 10*r.Float64())
			case 1:
				squares[g][n*r.IntN(2)+i] = []float64{math.NaN(), math.Inf(1)}[r.IntN(2)]
			}
		}
	}
	return squares
}
