package cpu

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// promptAdd adds the prompt [count, hidden] to the tokens at places 1..count of each example.
func promptAdd[T kernels.Float](c call[T]) machine.Run {
	y, prompt := c.output(0), c.input(1)
	return func(f *machine.Feed) error {
		for i := range f.Examples() {
			row := y.data()[(int(f.Offsets[i])+1)*y.Width:]
			for j, v := range prompt.data() {
				row[j] += v
			}
		}
		return nil
	}
}

// promptRows copies the tokens at places 1..count of each example to one row.
func promptRows[T kernels.Float](c call[T]) machine.Run {
	g, y := c.input(0), c.output(0)
	return func(f *machine.Feed) error {
		for i := range f.Examples() {
			copy(y.data()[i*y.Width:(i+1)*y.Width], g.data()[(int(f.Offsets[i])+1)*g.Width:])
		}
		return nil
	}
}
