package kernels

// stripWidth is the distance between the rows of a packed strip, the left
// factor of a product gᵀ x: up to 16 columns of g.
const stripWidth = 16

// outer is a product gᵀ x over many tokens, for g [tokens,out] and x
// [tokens,in]. All tokens of one strip of g and one panel of x pass before the
// next pair, so that a tile of the result is visited once. The smaller of the
// two is packed whole; of the larger, each thread packs what it works on.
type outer struct {
	*simd
	tokens, in, out int
	columns         int                                                              // of a panel
	packX           func(w *worker, column int, dst []float32)                       // panel from a column on
	packG           func(w *worker, column, n int, dst []float32)                    // strip of n columns
	tile            func(w *worker, i, rows, j, columns int, strip, panel []float32) // rows i and columns j of the result
}

func (o *outer) run(p *Pool) {
	if o.tokens == 0 {
		return
	}
	step := evenStep(o.out, o.rows)
	strips, panels := (o.out+step-1)/step, (o.in+o.columns-1)/o.columns
	strip, panel := o.tokens*stripWidth, o.tokens*o.columns
	if o.in <= o.out {
		b := take[float32](&p.packed, panels*panel)
		p.each(panels, 1, func(w *worker, j, _ int) { o.packX(w, j*o.columns, b[j*panel:]) })
		p.each(strips, 1, func(w *worker, i, _ int) {
			a := take[float32](&w.left, strip)
			o.packG(w, i*step, step, a)
			for j := range panels {
				o.one(w, i*step, step, j, a, b[j*panel:])
			}
		})
		return
	}
	a := take[float32](&p.packed, strips*strip)
	p.each(strips, 1, func(w *worker, i, _ int) { o.packG(w, i*step, step, a[i*strip:]) })
	p.each(panels, 1, func(w *worker, j, _ int) {
		b := take[float32](&w.right, panel)
		o.packX(w, j*o.columns, b)
		for i := range strips {
			o.one(w, i*step, step, j, a[i*strip:], b)
		}
	})
}

func (o *outer) one(w *worker, i, step, j int, a, b []float32) {
	o.tile(w, i, min(step, o.out-i), j*o.columns, min(o.columns, o.in-j*o.columns), a, b)
}

// gradWeight32 is LinearGradWeight on vector units for in > out, where packing
// x whole would cost most.
func (s *simd) gradWeight32(p *Pool, x, g []float32, rows, in, out int, dw []float32) {
	o := outer{simd: s, tokens: rows, in: in, out: out, columns: s.width()}
	o.packX = func(w *worker, column int, dst []float32) {
		s.panel(w, view[float32]{x[column:], in, 1}, rows, min(s.width(), in-column), dst)
	}
	o.packG = func(w *worker, column, n int, dst []float32) {
		s.strip(w, view[float32]{g, 1, out}, column, min(n, out-column), 0, rows, dst)
	}
	o.tile = func(w *worker, i, n, j, columns int, a, b []float32) {
		c := at(dw, i*in+j)
		w.args = tileArgs{a: at(a, 0), lda: 4 * stripWidth, b: at(b, 0), ldb: uintptr(4 * s.width()), start: c, c: c,
			ldStart: uintptr(4 * in), ldc: uintptr(4 * in), k: rows, n: columns}
		s.tile(w, n, byColumns)
	}
	o.run(p)
}
