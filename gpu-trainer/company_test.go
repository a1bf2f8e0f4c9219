package trainer

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestOneExampleIsTheSameInAnyCompany: the integer vector that an example adds to a lot is that which it adds alone,
// to the bit, whatever else is in the lot: few or many others, long ones or short ones, at any place, in any cut into
// physical batches, on any number of threads, and on a device. That is what the sensitivity rests on. Norms of short examples are
// formed from gram matrices and those of long ones directly, which follows from the example's own length; lots of
// more than 512 tokens pass in several blocks.
func TestOneExampleIsTheSameInAnyCompany(t *testing.T) {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize, c.Layers, c.HiddenSize, c.Heads, c.IntermediateSize, c.MaxPositions = 100, 1, 40, 2, 100, 128
	c.InitializerRange = 0.2
	m := model.New(c, 3)
	var all model.Batch
	for i, length := range []int{31, 3, 110, 64, 1, 20, 97, 120, 48, 77, 9, 128, 128, 60, 33, 5} {
		ids := make([]int32, length)
		for j := range ids {
			ids[j] = int32((i*7919 + j*j*31 + 5) % c.VocabSize)
		}
		all.AppendExample(c, int64(i), int32(i%2), ids, nil)
	}
	for _, kind := range []string{model.Full, model.LoRA, model.RGP} {
		t.Run(kind, func(t *testing.T) {
			lots := companies{t: t, m: m, all: &all, method: model.Method{Kind: kind}, precision: "float32"}
			for _, example := range []int{0, 2} {
				lots.check(example)
			}
			lots.precision = BFloat16
			lots.check(4)
			for _, lots.precision = range []string{"opencl", "opencl-tiles", "opencl-bfloat16", "opencl-float16"} {
				t.Run(lots.precision, func(t *testing.T) {
					needDevice(t, lots.precision)
					lots.check(2)
				})
			}
		})
	}
}

// companies puts one example into lots.
type companies struct {
	t         *testing.T
	m         *model.Model
	all       *model.Batch
	method    model.Method
	precision string
}

func (l companies) check(example int) {
	l.t.Helper()
	alone := l.sum(1, []int{example})
	if !slices.ContainsFunc(alone, func(v int64) bool { return v != 0 }) {
		l.t.Fatalf("example %d adds nothing", example)
	}
	var others []int
	for i := range l.all.Examples() {
		if i != example {
			others = append(others, i)
		}
	}
	long, short := []int{}, []int{}
	for _, i := range others {
		if l.all.Offsets[i+1]-l.all.Offsets[i] > 60 {
			long = append(long, i)
		} else {
			short = append(short, i)
		}
	}
	for i, company := range [][]int{short, long, others} {
		threads := 1 + i
		without := l.sum(threads, company)
		for _, place := range []int{0, len(company)/2 + 1, len(company)} {
			with := slices.Insert(slices.Clone(company), place, example)
			l.same(fmt.Sprintf("%d threads, place %d of %v", threads, place, with), alone, without, l.sum(4-threads, with))
		}
		l.same(fmt.Sprintf("in a batch of its own beside %v", company), alone, without, l.sum(threads, company, []int{example}))
	}
}

// sum is the integer sum of a lot in physical batches.
func (l companies) sum(threads int, batches ...[]int) []int64 {
	l.t.Helper()
	o := engineOptions(l.precision)
	o.Threads = threads
	e, err := NewEngine(l.m, l.method, o)
	fatal(l.t, err)
	defer e.Close()
	fatal(l.t, e.BeginLot(5))
	for _, examples := range batches {
		_, err := e.Accumulate(pick(l.m.Config, l.all, examples...), dp.Clip{Norm: 0.1, Quantum: 0x1p-40})
		fatal(l.t, err)
	}
	return slices.Clone(e.Sum())
}

func (l companies) same(what string, alone, without, with []int64) {
	l.t.Helper()
	for i := range alone {
		if added := with[i] - without[i]; added != alone[i] {
			l.t.Fatalf("%s: number %d gets %d, of the example alone %d", what, i, added, alone[i])
		}
	}
}
