package kernels

// stripWidth is the distance between the rows of a packed strip, the left
// factor of a product gᵀ x: up to 16 columns of g.
const stripWidth = 16

// outer is a product gᵀ x over many tokens, for g [tokens,out] and x
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

	packPanels, packStrips, withStrip, withPanel func(w *worker, lo, hi int)
}

// outerJob is what a product packs and what it does with a tile.
type outerJob interface {
	packX(w *worker, column int, dst []float32)                      // panel from a column on
	packG(w *worker, column, n int, dst []float32)                   // strip of n columns
	tile(w *worker, i, rows, j, columns int, strip, panel []float32) // rows i and columns j of the result
}

// bind makes the ranges, once.
func (o *outer) bind() {
	o.packPanels = func(w *worker, j, _ int) { o.job.packX(w, j*o.columns, o.packed[j*o.panel():]) }
	o.packStrips = func(w *worker, i, _ int) { o.job.packG(w, i*o.step, o.step, o.packed[i*o.strip():]) }
	o.withStrip = func(w *worker, i, _ int) {
		a := take[float32](&w.left, o.strip())
		o.job.packG(w, i*o.step, o.step, a)
		for j := range o.panels {
			o.one(w, i, j, a, o.packed[j*o.panel():])
		}
	}
	o.withPanel = func(w *worker, j, _ int) {
		b := take[float32](&w.right, o.panel())
		o.job.packX(w, j*o.columns, b)
		for i := range o.strips {
			o.one(w, i, j, o.packed[i*o.strip():], b)
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
	o.strips, o.panels = (out+o.step-1)/o.step, (in+columns-1)/columns
	if in < out {
		o.packed = take[float32](&p.packed, o.panels*o.panel())
		p.each(o.panels, 1, o.packPanels)
		p.each(o.strips, 1, o.withStrip)
	} else {
		o.packed = take[float32](&p.packed, o.strips*o.strip())
		p.each(o.strips, 1, o.packStrips)
		p.each(o.panels, 1, o.withPanel)
	}
	o.job = nil
}

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
	p.weight = weightCall{s, x, g, dw, rows, in, out}
	p.outer.run(p, s, &p.weight, rows, in, out, s.width())
	p.weight = weightCall{}
}

func (c *weightCall) packX(w *worker, column int, dst []float32) {
	c.simd.panel(w, view[float32]{c.x[column:], c.in, 1}, c.rows, min(c.width(), c.in-column), dst)
}

func (c *weightCall) packG(w *worker, column, n int, dst []float32) {
	c.simd.strip(w, view[float32]{c.g, 1, c.out}, column, min(n, c.out-column), 0, c.rows, dst)
}

func (c *weightCall) tile(w *worker, i, n, j, columns int, a, b []float32) {
	to, ld := at(c.dw, i*c.in+j), uintptr(4*c.in)
	w.args = tileArgs{a: at(a, 0), lda: 4 * stripWidth, b: at(b, 0), ldb: uintptr(4 * c.width()), start: to, c: to, ldStart: ld, ldc: ld, k: c.rows, n: columns}
	c.simd.tile(w, n, byColumns)
}
