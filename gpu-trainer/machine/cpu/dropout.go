package cpu

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// dropout draws each row's mask from a counter-based generator, so that it depends on the run's key, the site, the row id of the
// example, the token's place in the example and the column, and on nothing else.
func dropout[T kernels.Float](c call[T]) machine.Run {
	x, y := c.input(0), c.output(0)
	threshold, scale := machine.DropoutThreshold(c.Rate)
	return func(f *machine.Feed) error {
		offsets, key := f.OffsetsOf(x.Rows), machine.DropoutKey(f.DropoutKey, c.Site)
		from, to := x.data(), y.data()
		c.For(f.Examples(), 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				for t := offsets[i]; t < offsets[i+1]; t++ {
					at := int(t) * x.Width
					maskRow(from[at:at+x.Width], to[at:at+x.Width], f.RowIDs[i], uint32(t-offsets[i]), key, threshold, T(scale))
				}
			}
		})
		return nil
	}
}

// maskRow keeps the numbers of a row whose draw of 16 bits is at least threshold. Counters are {column/8, place in the example, row id}; draw
// column%8 is the low or high half of word column/2%4.
func maskRow[T kernels.Float](from, to []T, row int64, place uint32, key [2]uint32, threshold uint32, scale T) {
	factors := [2]T{scale, 0}
	for block := uint32(0); len(from) > 0; block++ {
		a, b, c, d := philox(block, place, uint32(row), uint32(row>>32), key[0], key[1])
		if len(from) >= 8 {
			x, y := from[:8], to[:8]
			y[0], y[1] = x[0]*factors[below(a&0xffff, threshold)], x[1]*factors[below(a>>16, threshold)]
			y[2], y[3] = x[2]*factors[below(b&0xffff, threshold)], x[3]*factors[below(b>>16, threshold)]
			y[4], y[5] = x[4]*factors[below(c&0xffff, threshold)], x[5]*factors[below(c>>16, threshold)]
			y[6], y[7] = x[6]*factors[below(d&0xffff, threshold)], x[7]*factors[below(d>>16, threshold)]
			from, to = from[8:], to[8:]
			continue
		}
		words := [4]uint32{a, b, c, d}
		for k, v := range from {
			to[k] = v * factors[below(words[k/2]>>(k%2*16)&0xffff, threshold)]
		}
		return
	}
}

// below is 1 if draw < threshold, both of 16 bits, else 0: without a branch, which no processor could predict.
func below(draw, threshold uint32) uint32 { return (draw - threshold) >> 31 }

// philox is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): four uniform words for a counter of four words and a key of two.
func philox(c0, c1, c2, c3, k0, k1 uint32) (_, _, _, _ uint32) {
	for range 10 {
		p, q := uint64(c0)*0xD2511F53, uint64(c2)*0xCD9E8D57
		c0, c1, c2, c3 = uint32(q>>32)^c1^k0, uint32(q), uint32(p>>32)^c3^k1, uint32(p)
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return c0, c1, c2, c3
}

var _ machine.Backend = (*Backend[float32])(nil)
