package kernels

// stripWidth is the distance between the rows of a packed strip, the left
// factor of a product gᵀ x: up to 16 columns of g.
const stripWidth = 16

// tokenBlock is how many tokens of both factors pass at a time: the smaller factor, packed, then stays in the second
// cache, and the result is visited again so rarely that its way to memory and back does not count.
const tokenBlock = 512

// mostPacked is how many strips or panels of the larger factor are packed together: neighbours share lines of memory,
// and pages.
const mostPacked = 4

// outer is a product gᵀ x over a block of tokens, for g [tokens,out] and x
// [tokens,in]. All tokens of one strip of g and one panel of x pass before the
// next pair, so that a tile of the result is visited once. The smaller of the
// two is packed whole; of the larger, each thread packs what it works on.
//
// It lies in the pool, with the ranges that threads take of it: no garbage.
type outer struct {
	*simd
	job             outerJob
	tokens, in, out int
	columns         int // of a panel
	step            int // columns of a strip
	strips, panels  int
	packed          []float32

	packPanels, packStrips, withStrips, withPanels func(w *worker, lo, hi int)
}

// outerJob is what a product packs and what it does with a tile. It packs count strips or panels, one behind the other.
type outerJob interface {
	packX(w *worker, column, count int, dst []float32)               // panels from a column on
	packG(w *worker, column, step, count int, dst []float32)         // strips of step columns
	tile(w *worker, i, rows, j, columns int, strip, panel []float32) // rows i and columns j of the result
}

// bind makes the ranges, once.
func (o *outer) bind() {
	o.packPanels = func(w *worker, lo, hi int) { o.job.packX(w, lo*o.columns, hi-lo, o.packed[lo*o.panel():]) }
	o.packStrips = func(w *worker, lo, hi int) { o.job.packG(w, lo*o.step, o.step, hi-lo, o.packed[lo*o.strip():]) }
	o.withStrips = func(w *worker, lo, hi int) {
		a := take[float32](&w.left, (hi-lo)*o.strip())
		o.job.packG(w, lo*o.step, o.step, hi-lo, a)
		for i := lo; i < hi; i++ {
			for j := range o.panels {
				o.one(w, i, j, a[(i-lo)*o.strip():], o.packed[j*o.panel():])
			}
		}
	}
	o.withPanels = func(w *worker, lo, hi int) {
		b := take[float32](&w.right, (hi-lo)*o.panel())
		o.job.packX(w, lo*o.columns, hi-lo, b)
		for j := lo; j < hi; j++ {
			for i := range o.strips {
				o.one(w, i, j, o.packed[i*o.strip():], b[(j-lo)*o.panel():])
			}
		}
	}
}

func (o *outer) strip() int { return o.tokens * stripWidth }
func (o *outer) panel() int { return o.tokens * o.columns }

// run computes the product of a job.
func (o *outer) run(p *Pool, s *simd, job outerJob, tokens, in, out, columns int) {
	if tokens == 0 {
		return
	}
	o.simd, o.job, o.tokens, o.in, o.out, o.columns = s, job, tokens, in, out, columns
	o.step = evenStep(out, s.rows)
	if tiles := roundUp((out+o.step-1)/o.step, len(p.workers)); tiles <= out {
		o.step = (out + tiles - 1) / tiles // as many for each thread
	}
	o.strips, o.panels = (out+o.step-1)/o.step, (in+columns-1)/columns
	if in <= out {
		o.packed = take[float32](&p.packed, o.panels*o.panel())
		p.each(o.panels, p.together(o.panels), o.packPanels)
		p.each(o.strips, p.together(o.strips), o.withStrips)
	} else {
		o.packed = take[float32](&p.packed, o.strips*o.strip())
		p.each(o.strips, p.together(o.strips), o.packStrips)
		p.each(o.panels, p.together(o.panels), o.withPanels)
	}
	o.job = nil
}

// together is how many of n strips or panels a thread takes at once: few enough that threads end together.
func (p *Pool) together(n int) int { return min(max(n/(8*len(p.workers)), 1), mostPacked) }

// one computes the tile of strip i and panel j.
func (o *outer) one(w *worker, i, j int, a, b []float32) {
	i, j = i*o.step, j*o.columns
	o.job.tile(w, i, min(o.step, o.out-i), j, min(o.columns, o.in-j), a, b)
}

// weightCall is LinearGradWeight on vector units.
type weightCall struct {
	*simd
	x, g, dw      []float32
	rows, in, out int
}

// gradWeight32 is LinearGradWeight for in > out, where packing x whole would cost most.
func (s *simd) gradWeight32(p *Pool, x, g []float32, rows, in, out int, dw []float32) {
	for lo := 0; lo < rows; lo += tokenBlock {
		n := min(tokenBlock, rows-lo)
		p.weight = weightCall{s, x[lo*in:], g[lo*out:], dw, n, in, out}
		p.outer.run(p, s, &p.weight, n, in, out, s.width())
	}
	p.weight = weightCall{}
}

// packTogether is how many rows are packed before the next strip or panel.
const packTogether = 64

func (c *weightCall) packX(w *worker, column, count int, dst []float32) {
	for row := 0; row < c.rows; row += packTogether {
		n := min(packTogether, c.rows-row)
		for k := range count {
			from := column + k*c.width()
			c.simd.panel(w, view[float32]{c.x[row*c.in+from:], c.in, 1}, n, min(c.width(), c.in-from), dst[(k*c.rows+row)*c.width():])
		}
	}
}

func (c *weightCall) packG(w *worker, column, step, count int, dst []float32) {
	for row := 0; row < c.rows; row += packTogether {
		n := min(packTogether, c.rows-row)
		for k := range count {
			from := column + k*step
			c.simd.strip(w, view[float32]{c.g, 1, c.out}, from, min(step, c.out-from), row, n, dst[(k*c.rows+row)*stripWidth:])
		}
	}
}

func (c *weightCall) tile(w *worker, i, n, j, columns int, a, b []float32) {
	to, ld := at(c.dw, i*c.in+j), uintptr(4*c.in)
	w.args = tileArgs{a: at(a, 0), lda: 4 * stripWidth, b: at(b, 0), ldb: uintptr(4 * c.width()), start: to, c: to, ldStart: ld, ldc: ld, k: c.rows, n: columns, ahead: at(a, 0)}
	c.simd.tile(w, n, byColumns)
}
