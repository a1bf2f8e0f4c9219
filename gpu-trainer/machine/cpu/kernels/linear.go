package kernels

import "unsafe"

// Linear computes y = x Wᵀ + b for x [rows,in], w [out,in], y [rows,out] and
// bias [out], which may be nil. The bias is the first summand.
func Linear[T Float](p *Pool, x []T, rows, in int, w, bias []T, out int, y []T) {
	product(p, rows, out, in, operand(x, in, false), operand(w, in, true), bias, y, out, false)
}

// LinearGradInput computes dx = g W, or dx += g W if accumulate is set, for g
// [rows,out], w [out,in] and dx [rows,in].
func LinearGradInput[T Float](p *Pool, g []T, rows, out int, w []T, in int, dx []T, accumulate bool) {
	product(p, rows, in, out, operand(g, out, false), operand(w, in, false), nil, dx, in, accumulate)
}

// LinearGradWeight computes dw += gᵀ x for x [rows,in], g [rows,out] and dw
// [out,in], rows in ascending order.
func LinearGradWeight[T Float](p *Pool, x, g []T, rows, in, out int, dw []T) {
	if vectors[T](p) && p.blas == nil && in > out && out >= 64 {
		p.simd.gradWeight32(p, as32(x), as32(g), rows, in, out, as32(dw))
		return
	}
	product(p, out, in, rows, operand(g, out, true), operand(x, in, false), nil, dw, in, true)
}

// BiasGrad computes db[j] += Σ_t g[t,j] for g [rows,out], t ascending.
func BiasGrad[T Float](p *Pool, g []T, rows, out int, db []T) {
	p.each(out, p.share(out, 64), func(w *worker, lo, hi int) {
		sumRows(w, g, 0, rows, out, lo, db[lo:hi])
	})
}

// sumRows adds columns from:from+len(dst) of rows lo:hi to dst, in row order.
func sumRows[T Float](w *worker, g []T, lo, hi, width, from int, dst []T) {
	if len(dst) == 0 || lo == hi {
		return
	}
	if vectors[T](w.pool) {
		w.rows = rowsArgs{g: at(as32(g), lo*width+from), out: at(as32(dst), 0), ld: uintptr(4 * width), k: hi - lo, n: len(dst)}
		w.pool.simd.addRows((*byte)(unsafe.Pointer(&w.rows)))
		return
	}
	for t := lo; t < hi; t++ {
		addTo(w, dst, g[t*width+from:][:len(dst)])
	}
}
