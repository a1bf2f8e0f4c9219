package machine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Spec says what a program is to do with a graph. Feeding is explicit (Bindings and the Feed of a run), and so are
// fetching, keeping and updating.
type Spec struct {
	Fetch    gorgonia.Nodes            // values that can be read after a run
	Update   gorgonia.Nodes            // nodes that accumulate into a bound input, in place
	Bindings map[*gorgonia.Node]Buffer // the buffer of every graph input that is needed; the caller owns it
	Capacity ops.Capacity              // the most rows that a run may bring
	KeepAll  bool                      // give every value memory of its own: for tests of the plan
}

// A Program is a compiled graph. It is used by one goroutine at a time.
type Program struct {
	Feed     Feed // what the next run is fed
	backend  Backend
	capacity ops.Capacity
	steps    []step
	runs     []Run
	values   map[slot]*Value
	sized    []*Value // values whose count follows the batch
	stores   []*storage
	changes  int // the first step that changes a buffer of the caller
}

var _ gorgonia.VM = (*Program)(nil)

// Compile prunes, orders and plans a graph for a backend.
func Compile(backend Backend, spec Spec) (*Program, error) {
	p := &Program{backend: backend, capacity: spec.Capacity, values: map[slot]*Value{}}
	order := schedule(needed(append(append(gorgonia.Nodes{}, spec.Fetch...), spec.Update...)))
	plan := planner{backend: backend, keepAll: spec.KeepAll, external: map[*Value]bool{}, updates: map[*Value]bool{}, kept: map[*Value]bool{}, home: map[*Value]*storage{}}
	steps, err := p.collect(order, spec, &plan)
	if err != nil {
		return nil, err
	}
	for _, n := range spec.Fetch {
		plan.kept[p.values[p.slotOf(n)]] = true
	}
	if !spec.KeepAll {
		steps = fuse(steps, plan.kept)
	}
	if p.steps, err = plan.plan(steps); err != nil {
		return nil, err
	}
	p.stores = plan.all
	p.changes = slices.IndexFunc(p.steps, func(s step) bool { return s.accumulates && plan.external[s.out[0]] })
	return p, p.prepare()
}

// slotOf resolves nodes that only name a value of another node.
func (p *Program) slotOf(n *gorgonia.Node) slot {
	if op, ok := n.Op().(*ops.Op); ok && op.Kernel() == ops.PartKernel {
		return slot{ops.Children(n)[0], op.Attributes().Slot}
	}
	return slot{n, 0}
}

// collect makes the values of all nodes and the steps that compute them.
func (p *Program) collect(order gorgonia.Nodes, spec Spec, plan *planner) ([]step, error) {
	var steps []step
	for _, n := range order {
		if n.Op() == nil {
			if err := p.bind(n, spec, plan); err != nil {
				return nil, err
			}
			continue
		}
		s, err := p.stepOf(n)
		if err != nil {
			return nil, err
		}
		if s.kernel != ops.PartKernel {
			steps = append(steps, s)
		}
	}
	for _, n := range spec.Update {
		if op, ok := n.Op().(*ops.Op); !ok || !op.Accumulates() {
			return nil, fmt.Errorf("update of %v: must be an operation that accumulates", n)
		}
		plan.updates[p.values[p.slotOf(ops.Children(n)[0])]] = true
	}
	return steps, nil
}

// bind gives a graph input the caller's buffer.
func (p *Program) bind(n *gorgonia.Node, spec Spec, plan *planner) error {
	buffer := spec.Bindings[n]
	if buffer == nil {
		return fmt.Errorf("graph input %s: has no buffer", n.Name())
	}
	v := newValue(ops.Output{Rows: ops.Fixed, Shape: n.Shape(), DType: n.Dtype()})
	v.Buffer = buffer
	p.values[slot{n, 0}] = v
	plan.external[v] = true
	return nil
}

func newValue(out ops.Output) *Value {
	shape := out.Shape
	if out.Rows != ops.Fixed {
		shape = shape[1:]
	}
	width := 1
	for _, d := range shape {
		width *= d
	}
	return &Value{Rows: out.Rows, Width: width, DType: out.DType, N: width, spare: out.Spare}
}

func (p *Program) stepOf(n *gorgonia.Node) (step, error) {
	kernel, err := kernelOf(n)
	if err != nil || kernel == ops.PartKernel {
		return step{kernel: kernel}, err
	}
	s := step{kernel: kernel}
	for _, child := range ops.Children(n) {
		s.in = append(s.in, p.values[p.slotOf(child)])
	}
	outputs := []ops.Output{{Rows: ops.RowsOf(n), Shape: n.Shape(), DType: n.Dtype()}}
	if op, ok := n.Op().(*ops.Op); ok {
		s.attributes, s.overwrites, s.accumulates = op.Attributes(), op.OverwritesInput(), op.Accumulates()
		outputs = op.Outputs()
	}
	for i, out := range outputs {
		v := newValue(out)
		p.values[slot{n, i}] = v
		s.out = append(s.out, v)
		if out.Rows != ops.Fixed {
			p.sized = append(p.sized, v)
		}
	}
	return s, nil
}

// prepare binds every step to its kernel.
func (p *Program) prepare() error {
	for _, s := range p.steps {
		run, err := p.backend.Prepare(s.kernel, s.attributes, s.in, s.out)
		if err != nil {
			return err
		}
		p.runs = append(p.runs, run)
	}
	return nil
}

// RunAll runs the program on its Feed. An empty batch is legal and does nothing. An error that wraps ErrMemory says
// that nothing was changed: the batch may be tried again, in parts.
func (p *Program) RunAll() error {
	p.Feed.prepare()
	if p.Feed.Examples() == 0 {
		return nil
	}
	if err := p.size(); err != nil {
		return err
	}
	if err := p.backend.Begin(&p.Feed); err != nil {
		return err
	}
	for i, run := range p.runs {
		err := run(&p.Feed)
		if errors.Is(err, ErrMemory) && p.changes >= 0 && i >= p.changes {
			return fmt.Errorf("kernel %s: %v, and the sums hold a part of the batch", p.steps[i].kernel, err)
		}
		if err != nil {
			return fmt.Errorf("kernel %s: %w", p.steps[i].kernel, err)
		}
	}
	return nil
}

// size tells every value how many numbers this run has and makes room for them.
func (p *Program) size() error {
	f := &p.Feed
	if tokens := f.Count(ops.Tokens); tokens > p.capacity.Tokens || f.Examples() > p.capacity.Examples {
		return fmt.Errorf("batch of %d tokens in %d examples: the program holds %d in %d", tokens, f.Examples(), p.capacity.Tokens, p.capacity.Examples)
	}
	for _, v := range p.sized {
		v.N = v.Width * f.Count(v.Rows)
	}
	for _, s := range p.stores {
		n := 0
		for _, v := range s.values {
			n = max(n, v.N)
		}
		if err := s.buffer.Grow(n); err != nil {
			return err
		}
	}
	return nil
}

// Value is value number of a node after a run, for those of Spec.Fetch; with KeepAll, for any node that ran.
func (p *Program) Value(n *gorgonia.Node, number int) (*Value, error) {
	s := p.slotOf(n)
	s.number += number
	v := p.values[s]
	if v == nil || v.Buffer == nil {
		return nil, fmt.Errorf("node %v: not part of the program", n)
	}
	return v, nil
}

// Memory is the number of bytes that the program's own buffers have been asked to hold in the last run.
func (p *Program) Memory() int {
	bytes := 0
	for _, s := range p.stores {
		n := 0
		for _, v := range s.values {
			n = max(n, v.N)
		}
		bytes += n * int(size(s.values[0].DType))
	}
	return bytes
}

func size(d tensor.Dtype) uintptr { return d.Size() }

// Steps is the number of operations of one run.
func (p *Program) Steps() int { return len(p.steps) }

// Reset is part of gorgonia.VM; a program keeps nothing between runs that must be forgotten.
func (p *Program) Reset() {}

// Release gives back the memory that the program's values stand in; the next run asks for it again.
func (p *Program) Release() {
	for _, s := range p.stores {
		s.buffer.Release()
	}
}

// Close lets go of the program's memory.
func (p *Program) Close() error {
	if p.runs == nil {
		return errors.New("program: closed twice")
	}
	p.Release()
	p.runs, p.steps, p.values, p.stores, p.sized = nil, nil, nil, nil, nil
	return nil
}
