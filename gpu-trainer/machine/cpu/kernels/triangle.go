package kernels

import "unsafe"

// A gram matrix of L tokens has L rows of gramWidth(L) numbers, of which only
// the lower triangle, with the diagonal, means anything.

// gramWidth is the distance between the rows of a gram matrix.
func gramWidth(length int) int { return roundUp(length, 16) }

// gramLower computes the lower triangle of x xᵀ for x [length,width]. next is what will be read next, if anything: it
// is on its way to a cache meanwhile.
func gramLower[T Float](w *worker, x []T, length, width int, gram, next []T) {
	if vectors[T](w.pool) {
		w.pool.simd.gram32(w, as32(x), length, width, as32(gram), as32(next))
		return
	}
	smallProduct(w, length, length, width, operand(x, width, false), operand(x, width, true), gram, gramWidth(length), false)
}

// gram32 computes the tiles that touch the triangle, whole vectors each, so
// that what dotLower reads past the diagonal are products too.
func (s *simd) gram32(w *worker, x []float32, length, width int, gram, next []float32) {
	columns := view[float32]{x, 1, width}
	panel := s.width() * roundUp(width, s.lanes)
	packed := take[float32](&w.right, (length+s.width()-1)/s.width()*panel)
	for j := 0; j < length; j += s.width() {
		s.panel(w, view[float32]{x[j*width:], columns.row, columns.col}, width, min(s.width(), length-j), packed[j/s.width()*panel:])
	}
	ld := gramWidth(length)
	t, ahead := &w.args, 0
	step := s.lanes / 2 // divides a vector, so that little is computed above the diagonal
	for i := 0; i < length; i += step {
		rows := min(step, length-i)
		for j := 0; j < i+rows; j += s.width() {
			*t = tileArgs{a: at(x, i*width), ahead: at(x, i*width), lda: uintptr(4 * width), b: at(packed, j/s.width()*panel), ldb: uintptr(4 * s.width()),
				start: at(noStart[:], 0), c: at(gram, i*ld+j), ldc: uintptr(4 * ld), k: width, n: min(s.width(), roundUp(i+rows-j, s.lanes))}
			if ahead < len(next) {
				t.ahead = at(next, ahead)
				ahead += aheadStep * width
			}
			s.tile(w, rows, byRows)
		}
	}
}

// dotLower is Σ_{s,t} a[s,t] b[s,t] of symmetric matrices from their lower
// triangles, in float64.
func dotLower[T Float](w *worker, a, b []T, length int) float64 {
	if vectors[T](w.pool) {
		w.maps = mapArgs{x: at(as32(a), 0), y: at(as32(b), 0), n: length}
		w.pool.simd.dotLower((*byte)(unsafe.Pointer(&w.maps)))
		return *w.maps.scale64()
	}
	ld := gramWidth(length)
	var diagonal, below float64
	for s := range length {
		for t := range s {
			below += float64(a[s*ld+t]) * float64(b[s*ld+t])
		}
		diagonal += float64(a[s*ld+s]) * float64(b[s*ld+s])
	}
	return diagonal + 2*below
}

// trace is the sum of the diagonal of a gram matrix.
func trace[T Float](gram []T, length int) float64 {
	var sum float64
	for s := range length {
		sum += float64(gram[s*(gramWidth(length)+1)])
	}
	return sum
}

// evenStep divides n rows into as few tiles of at most most rows as there must
// be, all of about the same height.
func evenStep(n, most int) int {
	tiles := max(1, (n+most-1)/most)
	return (n + tiles - 1) / tiles
}
