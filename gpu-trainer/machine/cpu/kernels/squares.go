package kernels

import "unsafe"

// squares32 is Σ (gᵀ x)² of one example for x [length,in], in at most out: tiles of a few columns of x by one vector
// of columns of g, each squared and let go. Where x has more columns than a tile, both are packed first, since every
// tile then reads its part again.
func (s *simd) squares32(w *worker, x, g []float32, length, in, out int) float64 {
	step := evenStep(in, len(s.squares)-1)
	strips, packed := (in+step-1)/step, in > step
	left, panel := x, []float32(nil)
	lda, stripLength := in, step
	if packed {
		left, panel = take[float32](&w.left, strips*length*stripWidth), take[float32](&w.right, length*s.lanes)
		lda, stripLength = stripWidth, length*stripWidth
		for i := range strips {
			s.strip(w, view[float32]{x, 1, in}, i*step, min(step, in-i*step), 0, length, left[i*stripLength:])
		}
	}
	var sum float64
	for j := 0; j < out; j += s.lanes {
		t := tileArgs{lda: uintptr(4 * lda), b: at(g, j), ldb: uintptr(4 * out), k: length, n: min(s.lanes, out-j)}
		if packed {
			w.pack = packArgs{src: t.b, ld: t.ldb, dst: at(panel, 0), ldDst: uintptr(4 * s.lanes), k: length, n: t.n}
			s.packRows((*byte)(unsafe.Pointer(&w.pack)))
			t.b, t.ldb, t.n = at(panel, 0), uintptr(4*s.lanes), s.lanes
		}
		for i := range strips {
			t.a = at(left, i*stripLength)
			w.args = t
			s.squares[min(step, in-i*step)]((*byte)(unsafe.Pointer(&w.args)))
			sum += w.args.square
		}
	}
	return sum
}

// keptProduct32 is gᵀ x where g has few columns: both are read where they lie.
func (s *simd) keptProduct32(w *worker, x, g []float32, of shape, c []float32) {
	step := evenStep(of.out, s.rows)
	for j := 0; j < of.in; j += s.width() {
		for i := 0; i < of.out; i += step {
			w.args = tileArgs{a: at(g, i), lda: uintptr(4 * of.out), b: at(x, j), ldb: uintptr(4 * of.in), start: at(noStart[:], 0),
				c: at(c, i*of.in+j), ldc: uintptr(4 * of.in), k: of.length, n: min(s.width(), of.in-j)}
			s.tile(w, min(step, of.out-i), byColumns)
		}
	}
}
