package kernels

import "unsafe"

// linearSum32 is LinearSum on vector units. The scale factor·inverseQuantum,
// rounded to float32, is folded into g before the products, which leaves 2⁻²⁴
// of each summand; the accumulated float32 is then rounded to an integer
// exactly. Tokens of examples left out are not packed. On AVX2 an integer must
// stay below 2⁵¹.
func (s *simd) linearSum32(p *Pool, x, g []float32, offsets []int32, in, out int, factor []float64, inverseQuantum float64, sum []int64) {
	examples := len(offsets) - 1
	for from, to := 0, 0; from < examples; from = to {
		for to = from + 1; to < examples && int(offsets[to+1]-offsets[from]) <= tokenBlock; to++ {
		}
		s.sumBlock32(p, x, g, offsets[from:to+1], in, out, factor[from:to], inverseQuantum, sum)
	}
}

// sumBlock32 is linearSum32 of some of the examples.
func (s *simd) sumBlock32(p *Pool, x, g []float32, offsets []int32, in, out int, factor []float64, inverseQuantum float64, sum []int64) {
	lengths, tokens := keptLengths(p, offsets, factor)
	if out < len(s.sums[0]) && in > out && in%s.lanes == 0 && tokens == int(offsets[len(offsets)-1]-offsets[0]) {
		s.narrowSum32(p, x[int(offsets[0])*in:], g, offsets, in, out, factor, inverseQuantum, lengths, tokens, sum)
		return
	}
	p.sum = sumCall{s, x, g, offsets, factor, inverseQuantum, lengths, sum, in, out, s.columns(in), tokens}
	p.outer.run(p, s, &p.sum, tokens, in, out, p.sum.panel)
	p.sum = sumCall{}
}

// narrowSum32 is linearSum32 where a tile holds all rows of the result and every token counts: x is read where it
// lies, once, example by example.
func (s *simd) narrowSum32(p *Pool, x, g []float32, offsets []int32, in, out int, factor []float64, inverseQuantum float64, lengths []int, tokens int, sum []int64) {
	strip := take[float32](&p.packed, tokens*stripWidth)
	s.packKept(&p.workers[0], g, offsets, factor, out, 0, out, 1, tokens, strip, inverseQuantum)
	panels := in / s.lanes
	p.each(panels, (panels+len(p.workers)-1)/len(p.workers), func(w *worker, lo, hi int) {
		row := 0
		for i, length := range lengths {
			for j := lo * s.lanes; j < hi*s.lanes; j += s.lanes {
				s.sumTile(w, out, s.lanes, strip[row*stripWidth:], x[row*in+j:], in, lengths[i:i+1], sum[j:], in)
			}
			row += length
		}
	})
}

// sumCall is a linearSum32 under way.
type sumCall struct {
	*simd
	x, g           []float32
	offsets        []int32
	factor         []float64
	inverseQuantum float64
	lengths        []int
	sum            []int64
	in, out, panel int
	tokens         int // of those that count
}

func (c *sumCall) packX(w *worker, column, count int, dst []float32) {
	c.packKept(w, c.x, c.offsets, c.factor, c.in, column, c.panel, count, c.tokens, dst, 0)
}

func (c *sumCall) packG(w *worker, column, step, count int, dst []float32) {
	c.packKept(w, c.g, c.offsets, c.factor, c.out, column, step, count, c.tokens, dst, c.inverseQuantum)
}

func (c *sumCall) tile(w *worker, i, rows, j, columns int, a, b []float32) {
	c.sumTile(w, rows, columns, a, b, c.panel, c.lengths, c.sum[i*c.in+j:], c.in)
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

// columns is the width of a panel of x: one vector where that holds all of it.
func (s *simd) columns(in int) int {
	if in <= s.lanes {
		return s.lanes
	}
	return s.width()
}

// packKept packs count times step columns, from column from on, of the tokens that count: each time into rows of step
// numbers, or scaled into a strip if inverseQuantum is not 0.
func (s *simd) packKept(w *worker, x []float32, offsets []int32, factor []float64, ld, from, step, count, tokens int, dst []float32, inverseQuantum float64) {
	width, pack := step, s.packRows
	if inverseQuantum != 0 {
		width, pack = stripWidth, s.packScaled
	}
	row := 0
	for i := range len(offsets) - 1 {
		lo, hi := int(offsets[i]), int(offsets[i+1])
		if lo == hi || factor[i] == 0 {
			continue
		}
		w.pack = packArgs{ld: uintptr(4 * ld), ldDst: uintptr(4 * width), k: hi - lo, scale: float32(factor[i] * inverseQuantum)}
		for k := range count {
			first := from + k*step
			n := min(step, ld-first)
			for j := 0; j < n; j += s.lanes {
				w.pack.src, w.pack.dst, w.pack.n = at(x, lo*ld+first+j), at(dst, (k*tokens+row)*width+j), min(n-j, s.lanes)
				pack((*byte)(unsafe.Pointer(&w.pack)))
			}
		}
		row += hi - lo
	}
}

// sumTile adds the integers of one tile. A tile that ends inside a vector goes
// through scratch memory.
func (s *simd) sumTile(w *worker, rows, columns int, a, b []float32, ldb int, lengths []int, sum []int64, ld int) {
	f, whole := s.sums[1], s.width()
	if columns <= s.lanes {
		f, whole = s.sums[0], s.lanes
	}
	to, toLD := sum, ld
	if columns < whole {
		to, toLD = take[int64](&w.tile, rows*whole), whole
		clear(to)
	}
	w.sums = sumArgs{a: at(a, 0), b: at(b, 0), c: at(to, 0), ldb: uintptr(4 * ldb), ldc: uintptr(8 * toLD), lengths: at(lengths, 0), count: len(lengths)}
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
