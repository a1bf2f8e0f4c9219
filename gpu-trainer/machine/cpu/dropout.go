package cpu

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// dropout masks each row by the run's key, the site, the row id of the example, the token's place in the example and
// the column, and by nothing else.
func dropout[T kernels.Float](c call[T]) machine.Run {
	x, y := c.input(0), c.output(0)
	threshold, scale := machine.DropoutThreshold(c.Rate)
	return func(f *machine.Feed) error {
		mask := kernels.Mask{Key: machine.DropoutKey(f.DropoutKey, c.Site), Threshold: threshold, Scale: scale}
		kernels.Dropout(c.Pool, x.data(), y.data(), x.Width, f.OffsetsOf(x.Rows), f.RowIDs, mask)
		return nil
	}
}

var _ machine.Backend = (*Backend[float32])(nil)
