package cpu

import (
	"math"
	"math/bits"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// dropout draws each row's mask from a counter-based generator, so that it depends on the run's key, the site, the row id of the
// example, the token's place in the example and the column, and on nothing else.
func dropout[T kernels.Float](c call[T]) machine.Run {
	x, y := c.input(0), c.output(0)
	keep := T(1 / (1 - c.Rate))
	threshold := uint32(math.Round(c.Rate * (1 << 32)))
	return func(f *machine.Feed) error {
		offsets := f.OffsetsOf(x.Rows)
		from, to := x.data(), y.data()
		c.For(f.Examples(), 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				for t := offsets[i]; t < offsets[i+1]; t++ {
					at := int(t) * x.Width
					key := machine.DropoutKey(f.DropoutKey, c.Site)
					maskRow(from[at:at+x.Width], to[at:], f.RowIDs[i], uint32(t-offsets[i]), key, threshold, keep)
				}
			}
		})
		return nil
	}
}

func maskRow[T kernels.Float](from, to []T, row int64, place uint32, key [2]uint32, threshold uint32, keep T) {
	for j := 0; j < len(from); j += 4 {
		draws := philox([4]uint32{uint32(j / 4), place, uint32(row), uint32(row >> 32)}, key)
		for k := j; k < min(j+4, len(from)); k++ {
			v := T(0)
			if draws[k-j] >= threshold {
				v = from[k] * keep
			}
			to[k] = v
		}
	}
}

// philox is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): four uniform words for a counter and a key.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		hi0, lo0 := bits.Mul32(0xD2511F53, counter[0])
		hi1, lo1 := bits.Mul32(0xCD9E8D57, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return counter
}

var _ machine.Backend = (*Backend[float32])(nil)
