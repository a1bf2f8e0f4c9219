package machine

import (
	"gorgonia.org/gorgonia"

	"github.com/ewtune/ewtune/gpu-trainer/ops"
)

// A slot is one value of one node.
type slot struct {
	node   *gorgonia.Node
	number int
}

// step is one operation of a program before it has memory.
type step struct {
	kernel      string
	attributes  ops.Attributes
	in, out     []*Value
	overwrites  int
	accumulates bool
}

// storage is one buffer of the plan and the values that take turns in it.
type storage struct {
	buffer Buffer
	values []*Value
	size   int // nominal size, by which free storage is chosen
}

// planner gives each value a storage such that no value is overwritten before its last reader has run.
type planner struct {
	backend  Backend
	keepAll  bool // every value keeps its memory
	external map[*Value]bool
	updates  map[*Value]bool // external values that steps may change in place
	kept     map[*Value]bool
	last     map[*Value]int // the last step that reads a value
	home     map[*Value]*storage
	free     []*storage
	all      []*storage
	steps    []step
}

// nominal weighs a value's size before anything is known about the batches: 1024 tokens in 32 examples.
func nominal(v *Value) int {
	return v.Width * map[ops.Rows]int{ops.Fixed: 1, ops.Tokens: 1024, ops.Examples: 32, ops.Pairs: 32 * 1024}[v.Rows]
}

// plan assigns memory to the values of all steps and returns the steps with the copies that accumulating ones need.
func (p *planner) plan(steps []step) ([]step, error) {
	p.last = map[*Value]int{}
	for i, s := range steps {
		for _, v := range s.in {
			p.last[v] = i
		}
	}
	for i, s := range steps {
		if err := p.place(i, s); err != nil {
			return nil, err
		}
		p.release(i, s)
	}
	return p.steps, nil
}

// place gives the outputs of step i their storage.
func (p *planner) place(i int, s step) error {
	shared := p.inPlace(i, s)
	for k, v := range s.out {
		if k == 0 && shared {
			p.move(s.in[s.overwrites], v)
			continue
		}
		if _, read := p.last[v]; v.spare && !read && !p.kept[v] {
			continue
		}
		if err := p.assign(v); err != nil {
			return err
		}
	}
	if s.accumulates && !shared {
		p.steps = append(p.steps, step{kernel: "copy", in: s.in[s.overwrites : s.overwrites+1], out: s.out[:1]})
	}
	p.steps = append(p.steps, s)
	return nil
}

// inPlace tells whether step i may leave its first output where one of its inputs stands.
func (p *planner) inPlace(i int, s step) bool {
	if s.overwrites < 0 {
		return false
	}
	v := s.in[s.overwrites]
	if p.external[v] {
		return s.accumulates && p.updates[v]
	}
	times := 0
	for _, other := range s.in {
		if other == v {
			times++
		}
	}
	return !p.keepAll && !p.kept[v] && p.last[v] == i && times == 1 && v.DType == s.out[0].DType && v.Rows == s.out[0].Rows && v.Width == s.out[0].Width
}

// move hands the storage of one value to another, for good.
func (p *planner) move(from, to *Value) {
	to.Buffer = from.Buffer
	if home := p.home[from]; home != nil {
		home.values = append(home.values, to)
		p.home[to] = home
		delete(p.home, from)
		return
	}
	p.external[to] = true
}

// release frees the storage of what step i read or yielded and nothing later reads.
func (p *planner) release(i int, s step) {
	if p.keepAll {
		return
	}
	for _, values := range [][]*Value{s.in, s.out} {
		for _, v := range values {
			home := p.home[v]
			if at, read := p.last[v]; home == nil || p.kept[v] || (read && at > i) {
				continue
			}
			delete(p.home, v)
			p.free = append(p.free, home)
		}
	}
}

// assign finds a free storage for v, the closest in size of those that are neither twice nor half as large; else a
// new one.
func (p *planner) assign(v *Value) error {
	at := p.closest(v)
	if at < 0 {
		buffer, err := p.backend.NewBuffer(v.DType)
		if err != nil {
			return err
		}
		p.all = append(p.all, &storage{buffer: buffer})
		p.free = append(p.free, p.all[len(p.all)-1])
		at = len(p.free) - 1
	}
	home := p.free[at]
	p.free = append(p.free[:at], p.free[at+1:]...)
	home.size = max(home.size, nominal(v))
	home.values = append(home.values, v)
	p.home[v] = home
	v.Buffer = home.buffer
	return nil
}

// closest is the place in p.free of the best storage for v, or -1. Rows of one kind grow together, so the kind counts.
func (p *planner) closest(v *Value) int {
	best, distance := -1, 0
	size := nominal(v)
	for i, s := range p.free {
		d := max(s.size-size, 2*(size-s.size))
		if s.values[0].DType != v.DType || s.size >= 2*size || 2*s.size <= size {
			continue
		}
		if s.values[0].Rows != v.Rows {
			d += size / 8
		}
		if best < 0 || d < distance {
			best, distance = i, d
		}
	}
	return best
}
