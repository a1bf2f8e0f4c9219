package kernels

import "unsafe"

// linearSum32 is LinearSum on vector units. The scale factor·inverseQuantum,
// rounded to float32, is folded into g before the products, which leaves 2⁻²⁴
// of each summand; the accumulated float32 is then rounded to an integer
// exactly. Tokens of examples left out are not packed. On AVX2 an integer must
// stay below 2⁵¹.
func (s *simd) linearSum32(p *Pool, x, g []float32, offsets []int32, in, out int, factor []float64, inverseQuantum float64, sum []int64) {
	lengths, tokens := keptLengths(p, offsets, factor)
	if tokens == 0 {
		return
	}
	panels, strips := (in+s.width()-1)/s.width(), (out+s.rows-1)/s.rows
	b := take[float32](&p.packed, panels*tokens*s.width())
	p.each(panels, 1, func(w *worker, lo, hi int) {
		for j := lo; j < hi; j++ {
			s.packKept(w, x, offsets, factor, in, j*s.width(), s.width(), b[j*tokens*s.width():], 0)
		}
	})
	step := evenStep(out, s.rows)
	p.each(strips, 1, func(w *worker, lo, hi int) {
		a := take[float32](&w.left, tokens*16)
		for i := lo * step; i < min(hi*step, out); i += step {
			rows := min(step, out-i)
			s.packKept(w, g, offsets, factor, out, i, rows, a, inverseQuantum)
			for j := range panels {
				s.sumTile(w, rows, min(s.width(), in-j*s.width()), a, b[j*tokens*s.width():], lengths, sum[i*in+j*s.width():], in)
			}
		}
	})
}

// keptLengths lists the tokens of each example that counts.
func keptLengths(p *Pool, offsets []int32, factor []float64) (lengths []int, tokens int) {
	lengths = take[int](&p.second, len(offsets))[:0]
	eachKept(offsets, factor, func(_, lo, hi int) {
		lengths = append(lengths, hi-lo)
		tokens += hi - lo
	})
	return lengths, tokens
}

// packKept packs n columns from column from on of the tokens that count, into
// rows of width numbers, or scaled into rows of 16 if inverseQuantum is not 0.
func (s *simd) packKept(w *worker, x []float32, offsets []int32, factor []float64, ld, from, n int, dst []float32, inverseQuantum float64) {
	n = min(n, ld-from)
	width, pack := s.width(), s.packRows
	if inverseQuantum != 0 {
		width, pack = 16, s.packScaled
	}
	row := 0
	for i := range len(offsets) - 1 {
		lo, hi := int(offsets[i]), int(offsets[i+1])
		if lo == hi || factor[i] == 0 {
			continue
		}
		for j := 0; j < n; j += s.lanes {
			w.pack = packArgs{src: at(x, lo*ld+from+j), ld: uintptr(4 * ld), dst: at(dst, row*width+j), ldDst: uintptr(4 * width),
				k: hi - lo, n: min(n-j, s.lanes), scale: float32(factor[i] * inverseQuantum)}
			pack((*byte)(unsafe.Pointer(&w.pack)))
		}
		row += hi - lo
	}
}

// sumTile adds the integers of one tile. A tile that ends inside a vector goes
// through scratch memory.
func (s *simd) sumTile(w *worker, rows, columns int, a, b []float32, lengths []int, sum []int64, ld int) {
	f, whole := s.sums2, s.width()
	if columns <= s.lanes {
		f, whole = s.sums1, s.lanes
	}
	to, toLD := sum, ld
	if columns < whole {
		to, toLD = take[int64](&w.tile, rows*whole), whole
		clear(to)
	}
	w.sums = sumArgs{a: at(a, 0), b: at(b, 0), c: pointer(unsafe.SliceData(to)), ldb: uintptr(4 * s.width()), ldc: uintptr(8 * toLD), lengths: &lengths[0], count: len(lengths)}
	f[rows]((*byte)(unsafe.Pointer(&w.sums)))
	if columns == whole {
		return
	}
	for r := range rows {
		for j := range columns {
			sum[r*ld+j] += to[r*whole+j]
		}
	}
}
