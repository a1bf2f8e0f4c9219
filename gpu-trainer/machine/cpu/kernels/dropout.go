package kernels

import "unsafe"

// A Mask is dropout at one place of the network in one lot. The mask of a
// number follows from Key and from the row id of its example, the token's place in the
// example and the column, by Philox4x32-10: 16 bits decide about it, and it is kept
// if they are at least Threshold, below 2¹⁶. What is kept is scaled by Scale, the rest becomes 0.
type Mask struct {
	Key       [2]uint32
	Threshold uint32
	Scale     float64
}

// Dropout masks x [rows,width] into y, which may be x. ids are the row ids of
// the examples.
func Dropout[T Float](p *Pool, x, y []T, width int, offsets []int32, ids []int64, m Mask) {
	eachExample(p, offsets, func(w *worker, i, lo, hi int) {
		from, to := x[lo*width:hi*width], y[lo*width:hi*width]
		done := 0
		if vectors[T](p) {
			done = w.dropout(as32(from), as32(to), width, ids[i], m)
		}
		for place := 0; done < width && place < hi-lo; place++ {
			maskRow(from[place*width:][:width], to[place*width:][:width], done, ids[i], uint32(place), m)
		}
	})
}

// maskRow masks a row from a column on, a multiple of 8. Counters are {column/8, place in
// the example, row id}; the draw of a column is the low or high half of word
// column/2%4.
func maskRow[T Float](from, to []T, column int, id int64, place uint32, m Mask) {
	for ; column < len(from); column += 8 {
		a, b, c, d := philox(uint32(column/8), place, uint32(id), uint32(id>>32), m.Key[0], m.Key[1])
		words := [4]uint32{a, b, c, d}
		x := from[column:min(column+8, len(from))]
		y := to[column:][:len(x)]
		for k, v := range x {
			y[k] = v * T(m.Scale)
			if words[k/2]>>(k%2*16)&0xffff < m.Threshold {
				y[k] = 0
			}
		}
	}
}

// Multipliers and key increments of Philox4x32.
const (
	philoxFirst, philoxSecond = 0xD2511F53, 0xCD9E8D57
	philoxKey0, philoxKey1    = 0x9E3779B9, 0xBB67AE85
)

// philox is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): four uniform
// words for a counter of four words and a key of two.
func philox(c0, c1, c2, c3, k0, k1 uint32) (_, _, _, _ uint32) {
	for range 10 {
		p, q := uint64(c0)*philoxFirst, uint64(c2)*philoxSecond
		c0, c1, c2, c3 = uint32(q>>32)^c1^k0, uint32(q), uint32(p>>32)^c3^k1, uint32(p)
		k0 += philoxKey0
		k1 += philoxKey1
	}
	return c0, c1, c2, c3
}

// dropoutArgs are the arguments of the vector code for the rows of one
// example, n numbers each.
type dropoutArgs struct {
	x, out          pointer
	n               int
	stride          uintptr // in bytes
	rows            int
	rowLow, rowHigh uint64
	threshold       uint32 // in both halves
	scale           float32
	multipliers     [2]uint64
	keys            [10][2]uint64 // of the rounds
}

// dropout masks the front columns of an example in whole vectors and tells how
// many columns that was.
func (w *worker) dropout(from, to []float32, width int, id int64, m Mask) int {
	unit := 4 * w.pool.simd.lanes
	n := width / unit * unit
	if n == 0 {
		return 0
	}
	w.mask = dropoutArgs{x: at(from, 0), out: at(to, 0), n: n, stride: uintptr(4 * width), rows: len(from) / width,
		rowLow: uint64(uint32(id)), rowHigh: uint64(id) >> 32, threshold: m.Threshold<<16 | m.Threshold, scale: float32(m.Scale),
		multipliers: [2]uint64{philoxFirst, philoxSecond}}
	key := m.Key
	for i := range w.mask.keys {
		w.mask.keys[i] = [2]uint64{uint64(key[0]), uint64(key[1])}
		key[0] += philoxKey0
		key[1] += philoxKey1
	}
	w.pool.simd.dropout((*byte)(unsafe.Pointer(&w.mask)))
	return n
}
