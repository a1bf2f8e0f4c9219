package machine_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var capacity = ops.Capacity{Tokens: 200, Examples: 200, Pairs: 200 * 40}

func config() model.Config {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize, c.HiddenSize, c.Heads, c.IntermediateSize, c.Layers, c.MaxPositions = 50, 16, 2, 24, 3, 40
	return c
}

// compiled is the backward pass of a small model: what it fetches are the derivatives of all uses and the norms.
type compiled struct {
	*machine.Program
	fetch gorgonia.Nodes
}

func compile(t *testing.T, backend *cpu.Backend[float64], keepAll bool) compiled {
	t.Helper()
	m := model.New(config(), 3)
	b := ops.NewBuilder(capacity, tensor.Float64)
	network, err := model.Build(b, m.Config, model.Method{}, false)
	fatal(t, err)
	fatal(t, network.Backward(b))
	squares := b.Zeros()
	spec := machine.Spec{Capacity: capacity, KeepAll: keepAll, Bindings: map[*gorgonia.Node]machine.Buffer{}}
	for _, u := range network.Uses {
		squares = b.Norm(squares, u, u.Derivative(b))
	}
	for _, u := range network.Uses[:3] {
		spec.Fetch = append(spec.Fetch, u.Derivative(b))
	}
	spec.Fetch = append(spec.Fetch, network.Loss, squares)
	fatal(t, b.Err())
	for name, node := range network.Weights {
		spec.Bindings[node] = slice(m.Tensor(name).Data)
	}
	p, err := machine.Compile(backend, spec)
	fatal(t, err)
	return compiled{p, spec.Fetch}
}

func slice(data []float32) *cpu.Slice[float64] {
	s := &cpu.Slice[float64]{Data: make([]float64, len(data))}
	for i, v := range data {
		s.Data[i] = float64(v)
	}
	return s
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// feed brings examples of the given lengths.
func (c compiled) feed(lengths ...int) {
	r := rand.New(rand.NewPCG(1, uint64(len(lengths))))
	f := &c.Feed
	*f = machine.Feed{Offsets: []int32{0}}
	for i, length := range lengths {
		for j := range length {
			f.Columns[ops.InputIDs] = append(f.Columns[ops.InputIDs], r.Int32N(50))
			f.Columns[ops.TokenTypeIDs] = append(f.Columns[ops.TokenTypeIDs], r.Int32N(2))
			f.Columns[ops.PositionIDs] = append(f.Columns[ops.PositionIDs], int32(j))
		}
		f.Offsets = append(f.Offsets, int32(len(f.Columns[0])))
		f.Labels, f.RowIDs = append(f.Labels, r.Int32N(2)), append(f.RowIDs, int64(i))
	}
}

func (c compiled) run(t *testing.T, lengths ...int) (results [][]float64) {
	t.Helper()
	c.feed(lengths...)
	fatal(t, c.RunAll())
	for _, n := range c.fetch {
		v, err := c.Value(n, 0)
		fatal(t, err)
		numbers := make([]float64, v.N)
		fatal(t, v.Buffer.Read(numbers))
		results = append(results, numbers)
	}
	return results
}

// Values that share memory are equal to values that each keep their own: no value is overwritten before its last
// reader has run.
func TestPlanChangesNoValue(t *testing.T) {
	backend := cpu.New[float64](2)
	defer backend.Close()
	kept, planned := compile(t, backend, true), compile(t, backend, false)
	for _, lengths := range [][]int{{5}, {1, 40, 7, 12}, {3, 3, 3}, {40, 40, 40, 40, 40}, {2}} {
		want, got := kept.run(t, lengths...), planned.run(t, lengths...)
		for i := range want {
			for j, v := range got[i] {
				// Products that add themselves to a sum round in another order: a few units in the last place.
				if math.Abs(v-want[i][j]) > 1e-13*(1+math.Abs(want[i][j])) {
					t.Fatalf("lengths %v: fetched value %d[%d] = %v, want %v", lengths, i, j, v, want[i][j])
				}
			}
		}
		if planned.Memory()*3 > 2*kept.Memory() {
			t.Errorf("lengths %v: %d bytes planned, %d without a plan: want at most two thirds", lengths, planned.Memory(), kept.Memory())
		}
	}
}

func TestPrunesWhatNobodyWants(t *testing.T) {
	backend := cpu.New[float64](1)
	defer backend.Close()
	b := ops.NewBuilder(capacity, tensor.Float64)
	network, err := model.Build(b, config(), model.Method{}, false)
	fatal(t, err)
	bindings := map[*gorgonia.Node]machine.Buffer{}
	for _, s := range config().Layout() {
		if n := network.Weights[s.Name]; n != nil {
			bindings[n] = &cpu.Slice[float64]{Data: make([]float64, s.Size())}
		}
	}
	p, err := machine.Compile(backend, machine.Spec{Capacity: capacity, Bindings: bindings, Fetch: network.Hidden[:1]})
	fatal(t, err)
	if p.Steps() != 4 { // three embeddings and their normalisation
		t.Errorf("%d steps for the embeddings: want 4", p.Steps())
	}
}

func TestCompileRefuses(t *testing.T) {
	backend := cpu.New[float64](1)
	defer backend.Close()
	b := ops.NewBuilder(capacity, tensor.Float64)
	x := b.Input("x", tensor.Float64, 3, 4)
	squared := gorgonia.Must(gorgonia.Square(x))
	bound := map[*gorgonia.Node]machine.Buffer{x: slice(make([]float32, 12))}
	for want, spec := range map[string]machine.Spec{
		"graph input x: has no buffer":     {Fetch: gorgonia.Nodes{b.Add(x, x)}},
		"not one that this machine runs":   {Fetch: gorgonia.Nodes{squared}, Bindings: bound},
		"must be an operation that accumu": {Update: gorgonia.Nodes{b.Add(x, x)}, Bindings: bound},
	} {
		if _, err := machine.Compile(backend, spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v: want one with %q", err, want)
		}
	}
}

// An accumulator that is not on the update list stays as it is.
func TestOnlyListedInputsAreUpdated(t *testing.T) {
	backend := cpu.New[float64](1)
	defer backend.Close()
	for _, update := range []bool{false, true} {
		b := ops.NewBuilder(capacity, tensor.Float64)
		base, x, w := b.Input("base", tensor.Float64, 1, 2), b.Input("x", tensor.Float64, 1, 1), b.Input("w", tensor.Float64, 2, 1)
		sum := b.LinearAdd(base, x, w)
		fatal(t, b.Err())
		held := slice([]float32{1, 2})
		spec := machine.Spec{Capacity: capacity, Fetch: gorgonia.Nodes{sum},
			Bindings: map[*gorgonia.Node]machine.Buffer{base: held, x: slice([]float32{3}), w: slice([]float32{10, 20})}}
		want := []float64{1, 2}
		if update {
			spec.Update, want = gorgonia.Nodes{sum}, []float64{31, 62}
		}
		p, err := machine.Compile(backend, spec)
		fatal(t, err)
		c := compiled{p, spec.Fetch}
		if got := c.run(t, 1); !slices.Equal(got[0], []float64{31, 62}) {
			t.Errorf("sum %v: want [31 62]", got[0])
		}
		if !slices.Equal(held.Data, want) {
			t.Errorf("update %v: the input holds %v, want %v", update, held.Data, want)
		}
	}
}

// Once the largest batch has been seen, runs leave no garbage but what the thread pool needs.
func TestSteadyStateAllocatesLittle(t *testing.T) {
	backend := cpu.New[float64](1)
	defer backend.Close()
	c := compile(t, backend, false)
	c.run(t, 40, 40, 40)
	c.feed(30, 20, 10)
	perRun := testing.AllocsPerRun(20, func() { fatal(t, c.RunAll()) })
	if limit := 4 * float64(c.Steps()); perRun > limit {
		t.Errorf("%v allocations a run of %d steps: want at most %v", perRun, c.Steps(), limit)
	}
}

func TestMemoryFollowsTheBatch(t *testing.T) {
	backend := cpu.New[float64](1)
	defer backend.Close()
	c := compile(t, backend, false)
	c.run(t, 10)
	small := c.Memory()
	c.run(t, 10, 10, 10, 10)
	if large := c.Memory(); large < 3*small || large > 5*small {
		t.Errorf("%d bytes for one example, %d for four alike", small, large)
	}
}

func TestBatchBeyondCapacityIsRefused(t *testing.T) {
	backend := cpu.New[float64](1)
	defer backend.Close()
	c := compile(t, backend, false)
	c.feed(40, 40, 40, 40, 40, 1)
	err := c.RunAll()
	if want := fmt.Sprintf("batch of 201 tokens in 6 examples: the program holds %d in %d", capacity.Tokens, capacity.Examples); err == nil || err.Error() != want {
		t.Errorf("error %v: want %q", err, want)
	}
}

// An example with one norm that is not finite gets nothing from any group.
func TestFactorsLeaveOutWhatIsNotFinite(t *testing.T) {
	f := &machine.Feed{Labels: make([]int32, 4), Factor: func(norm, bound float64) float64 { return min(1/(1+norm), 1/bound) }}
	squares := [][]float64{{9, math.NaN(), 1, 4, 9, 0, 1, 4}, {0, 1, 1, 16, 1, 1, math.Inf(1), 100}}
	factors := [][]float64{make([]float64, 4), make([]float64, 4)}
	machine.Factors(f, squares, factors)
	if want := [][]float64{{0.25, 0, 0, 1. / 3}, {1, 0, 0, 0.1}}; !slices.EqualFunc(factors, want, slices.Equal[[]float64]) {
		t.Errorf("factors %v, want %v", factors, want)
	}
}

// starved is a backend whose device has no memory for one of the operations.
type starved struct {
	*cpu.Backend[float64]
	at       int // number of the operation in the order of binding
	prepared int
}

func (s *starved) Prepare(kernel string, at ops.Attributes, in, out []*machine.Value) (machine.Run, error) {
	run, err := s.Backend.Prepare(kernel, at, in, out)
	number := s.prepared
	s.prepared++
	return func(f *machine.Feed) error {
		if number == s.at {
			return fmt.Errorf("no room: %w", machine.ErrMemory)
		}
		return run(f)
	}, err
}

// Memory that is missing before the caller's sums change may be asked for again; what is missing later is the end of
// the lot.
func TestMissingMemoryIsToldApart(t *testing.T) {
	backend := &starved{Backend: cpu.New[float64](1)}
	defer backend.Close()
	m, b := model.New(config(), 3), ops.NewBuilder(capacity, tensor.Float64)
	network, err := model.Build(b, m.Config, model.Method{}, false)
	fatal(t, err)
	fatal(t, network.Backward(b))
	spec := machine.Spec{Capacity: capacity, Bindings: map[*gorgonia.Node]machine.Buffer{}, Fetch: gorgonia.Nodes{network.Loss}}
	for name, node := range network.Weights {
		spec.Bindings[node] = slice(m.Tensor(name).Data)
	}
	use := network.Uses[len(network.Uses)-1]
	total := b.Input("total", tensor.Float64, m.Tensor(use.Weights[0]).Shape...)
	sum := &cpu.Slice[float64]{Data: make([]float64, len(m.Tensor(use.Weights[0]).Data))}
	spec.Bindings[total] = sum
	spec.Update = gorgonia.Nodes{b.Gradient(total, use, 0, use.Derivative(b))}
	p, err := machine.Compile(backend, spec)
	fatal(t, err)
	c := compiled{Program: p}
	retried, ended := 0, 0
	for backend.at = range p.Steps() {
		c.feed(5, 3)
		err := p.RunAll()
		clean := !slices.ContainsFunc(sum.Data, func(v float64) bool { return v != 0 })
		switch {
		case err == nil:
			t.Fatalf("operation %d: ran without memory", backend.at)
		case errors.Is(err, machine.ErrMemory):
			retried++
			if !clean {
				t.Errorf("operation %d: %v, but the sum has changed", backend.at, err)
			}
		default:
			ended++
		}
		p.Release()
		clear(sum.Data)
	}
	if retried == 0 || ended == 0 {
		t.Errorf("%d operations could be tried again and %d not: want some of each", retried, ended)
	}
}
