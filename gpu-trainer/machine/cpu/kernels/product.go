package kernels

// kBlock is how many products a tile adds at most before the next tile takes
// over, so that the rows of A stay in the first cache while panels of B pass. A
// tile goes on from the C of the block before: sums are the same chains for any kBlock.
const kBlock = 512

// groupSize is how many numbers of B stay in the second cache while the rows of
// A pass by.
const groupSize = 256 << 10

// aheadStep is how many numbers a tile asks for ahead in one step: a line each four steps.
const aheadStep = 4

// noStart is the start of a product that adds to nothing.
var noStart [64]float32

// factor is the right factor of a product, cut into panels of width columns. If pairs is set, its elements are pairs
// of bfloat16 and k counts pairs; if rounded is, it and the left factor are rounded to bfloat16.
type factor struct {
	pairs   bool
	rounded bool
	data    []float32
	panel   int // numbers from one panel to the next
	row     int // numbers from one row of a panel to the next
	n, k    int
	depth   int // of the product: k, or the numbers in k pairs
	panels  int
}

// productCall is a product32 under way. It lies in the pool, as do the ranges
// that threads take of it, so that products leave no garbage.
type productCall struct {
	simd              *simd
	a, b              view[float32]
	right             factor
	bias, c           []float32
	m, ldc            int
	add               bool
	rows, panels, cut int // rows and panels of a piece of work, and pieces a row of them
}

// product32 is product on vector units.
func (s *simd) product32(p *Pool, m, n, k int, a, b view[float32], bias, c []float32, ldc int, add bool) {
	p.product = productCall{simd: s, a: a, b: b, bias: bias, c: c, m: m, ldc: ldc, add: add}
	q := &p.product
	halve := p.bfloat16 && a.col == 1
	pairs := halve && p.pairs && s.packPairs != nil
	q.right = s.factor(p, m, n, k, b, pairs, halve && !pairs)
	q.rows, q.panels = s.cut(p, m, q.right.panels)
	q.cut = (q.right.panels + q.panels - 1) / q.panels
	p.each((m+q.rows-1)/q.rows*q.cut, 1, p.multiply)
	p.product = productCall{}
}

// multiply computes pieces lo:hi.
func (q *productCall) multiply(w *worker, lo, hi int) {
	for piece := lo; piece < hi; piece++ {
		row, panel := piece/q.cut*q.rows, piece%q.cut*q.panels
		q.simd.block(w, row, min(row+q.rows, q.m), panel, min(panel+q.panels, q.right.panels), q.a, q.right, q.bias, q.c, q.ldc, q.add)
	}
}

// pack packs panels lo:hi of the right factor.
func (q *productCall) pack(w *worker, lo, hi int) {
	s, f := q.simd, q.right
	for j := lo; j < hi; j++ {
		n := min(s.width(), f.n-j*s.width())
		part := view[float32]{q.b.data[j*s.width()*q.b.col:], q.b.row, q.b.col}
		if f.pairs {
			s.pairPanel(w, f, part, n, f.data[j*f.panel:])
		} else {
			s.panel(w, part, f.k, n, f.data[j*f.panel:])
		}
		if f.rounded && f.k > 0 {
			panel := at(f.data, j*f.panel)
			w.run(s.roundHalves, mapArgs{x: panel, out: panel, n: f.k * s.width()})
		}
	}
}

// factor packs b, unless few rows will read it and it lies by rows already.
func (s *simd) factor(p *Pool, m, n, k int, b view[float32], pairs, rounded bool) factor {
	f := factor{pairs: pairs, rounded: rounded, n: n, k: k, depth: k, panels: (n + s.width() - 1) / s.width(), row: s.width()}
	switch {
	case pairs:
		f.k = (k + 1) / 2
		f.panel = s.width() * f.k
	case b.col == 1 && m <= 2*s.rows && !rounded:
		f.data, f.panel, f.row = b.data, s.width(), b.row
		return f
	default:
		f.panel = s.width() * roundUp(k, s.lanes)
	}
	f.data = take[float32](&p.packed, f.panels*f.panel)
	p.product.right = f
	p.each(f.panels, p.share(f.panels, 1), p.pack)
	return f
}

// cut divides the work of a product into rows and panels a piece.
func (s *simd) cut(p *Pool, m, panels int) (rows, panelGrain int) {
	if len(p.workers) == 1 {
		return m, panels
	}
	rows = p.share(m, s.rows)
	pieces := (m + rows - 1) / rows
	wanted := (4*len(p.workers) + pieces - 1) / pieces
	return rows, max(1, panels/min(wanted, panels))
}

// block computes rows lo:hi and panels from:to of a product, a group of panels
// at a time, so that what is read again and again stays in the second cache.
func (s *simd) block(w *worker, lo, hi, from, to int, a view[float32], f factor, bias, c []float32, ldc int, add bool) {
	t := &w.args
	t.ldb, t.ldc = uintptr(4*f.row), uintptr(4*ldc)
	step, block := evenStep(hi-lo, s.rows), max(1, evenStep(f.k, kBlock))
	panelGroup := max(4, groupSize/(block*s.width()))
	for k := 0; k == 0 || k < f.k; k += block {
		t.k = min(block, f.k-k)
		for group := from; group < to; group += panelGroup {
			end := min(group+panelGroup, to)
			for i := lo; i < hi; i += step {
				rows := min(step, hi-i)
				left, how := s.left(w, a, i, rows, k, end-group > 2, block, f)
				next := s.nextRows(w, a, i+rows, hi, left, how)
				for j := group; j < end; j++ {
					t.a = left
					t.ahead = next + uintptr(min(j-group, 3)*4*aheadStep*t.k)
					t.n = min(s.width(), f.n-j*s.width())
					t.b = at(f.data, j*f.panel+k*f.row)
					t.c = at(c, i*ldc+j*s.width())
					switch {
					case add || k > 0:
						t.start, t.ldStart = t.c, t.ldc
					case bias != nil:
						t.start, t.ldStart = at(bias, j*s.width()), 0
					default:
						t.start, t.ldStart = at(noStart[:], 0), 0
					}
					s.tile(w, rows, how)
				}
			}
		}
	}
}

// nextRows is where the rows after a tile's begin, if tiles read them in
// place: some of the tiles before prefetch them. Else it is what is at hand.
func (s *simd) nextRows(w *worker, a view[float32], i, hi int, left pointer, how form) pointer {
	if how == byRows && i < hi && a.row == w.args.k && a.row%512 != 0 {
		return at(a.data, i*a.row)
	}
	return left
}

// left prepares rows i:i+rows of A from column (or pair of columns) k on for a
// tile, copied together if reuse is set, and sets w.args.lda.
func (s *simd) left(w *worker, a view[float32], i, rows, k int, reuse bool, block int, f factor) (pointer, form) {
	t := &w.args
	switch {
	case f.pairs:
		return s.leftPairs(w, a, i, rows, 2*k, f.depth), byPairs
	case f.rounded:
		ld := block + 16
		copied := take[float32](&w.left, 16*ld)
		for r := range rows {
			w.run(s.roundHalves, mapArgs{x: at(a.data, (i+r)*a.row+k), out: at(copied, r*ld), n: t.k})
		}
		t.lda = uintptr(4 * ld)
		return at(copied, 0), byRows
	case a.col != 1 && (!reuse || t.k == 0):
		t.lda = uintptr(4 * a.col)
		return at(a.data, i*a.row+k*a.col), byColumns
	case a.col != 1:
		strip := take[float32](&w.left, stripWidth*t.k)
		s.strip(w, a, i, rows, k, t.k, strip)
		t.lda = 4 * stripWidth
		return at(strip, 0), byColumns
	case !reuse || a.row%512 != 0:
		t.lda = uintptr(4 * a.row)
		return at(a.data, i*a.row+k), byRows
	}
	ld := block + 16
	copied := take[float32](&w.left, 16*ld)
	for r := range rows {
		copy(copied[r*ld:], a.data[(i+r)*a.row+k:][:t.k])
	}
	t.lda = uintptr(4 * ld)
	return at(copied, 0), byRows
}

// small32 is product32 on one thread, without bias.
func (s *simd) small32(w *worker, m, n, k int, a, b view[float32], c []float32, ldc int, add bool) {
	f := factor{n: n, k: k, depth: k, panels: (n + s.width() - 1) / s.width(), row: s.width(), panel: s.width() * roundUp(k, s.lanes)}
	if b.col == 1 && m <= s.rows {
		f.data, f.panel, f.row = b.data, s.width(), b.row
	} else {
		f.data = take[float32](&w.right, f.panels*f.panel)
		for j := range f.panels {
			part := view[float32]{b.data[j*s.width()*b.col:], b.row, b.col}
			s.panel(w, part, k, min(s.width(), n-j*s.width()), f.data[j*f.panel:])
		}
	}
	s.block(w, 0, m, 0, f.panels, a, f, nil, c, ldc, add)
}
