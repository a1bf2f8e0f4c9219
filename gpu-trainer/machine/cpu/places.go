package cpu

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
)

// beside copies the rows of its inputs next to each other.
func beside[T kernels.Float](c call[T]) machine.Run {
	y := c.output(0)
	return func(*machine.Feed) error {
		for k := range c.in {
			x := c.input(k)
			for i := range x.rows() {
				copy(y.data()[i*y.Width+k*x.Width:][:x.Width], x.data()[i*x.Width:])
			}
		}
		return nil
	}
}

// places reads rows that hold several places of a weight side by side as so many rows of one place.
type places struct {
	count  int
	scaled []int32
}

func (c call[T]) places() *places { return &places{count: max(c.Places, 1)} }

func (p *places) width(v *machine.Value) int { return v.Width / p.count }

func (p *places) rows(v *machine.Value) int { return v.N / p.width(v) }

// offsets are those of the examples' rows of one place.
func (p *places) offsets(f *machine.Feed, r ops.Rows) []int32 {
	if p.count == 1 {
		return f.OffsetsOf(r)
	}
	p.scaled = p.scaled[:0]
	for _, offset := range f.OffsetsOf(r) {
		p.scaled = append(p.scaled, offset*int32(p.count))
	}
	return p.scaled
}
