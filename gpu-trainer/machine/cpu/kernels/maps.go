package kernels

import "unsafe"

// run calls a function over one row or range with the worker's own arguments.
func (w *worker) run(f func(*byte), m mapArgs) {
	w.maps = m
	f((*byte)(unsafe.Pointer(&w.maps)))
}

// vectors reports whether p computes T on a vector unit.
func vectors[T Float](p *Pool) bool { return single[T]() && p.simd != nil }

// eachRange runs f over ranges of n numbers on all threads; x, y and z may be
// nil where f has no such argument.
func (p *Pool) eachRange(n int, f func(*byte), x, y, z, out []float32) {
	p.each(n, p.chunk(n), func(w *worker, lo, hi int) {
		w.run(f, mapArgs{x: from(x, lo), y: from(y, lo), z: from(z, lo), out: from(out, lo), n: hi - lo})
	})
}

// chunk is the share of n numbers that is worth a thread's while.
func (p *Pool) chunk(n int) int { return max(p.share(n, 64), 1<<12) }

// from is the address of x[i], 0 if x is nil.
func from(x []float32, i int) pointer {
	if x == nil {
		return 0
	}
	return at(x, i)
}

// Copy computes y = x.
func Copy[T any](p *Pool, x, y []T) {
	p.For(len(y), p.chunk(len(y)), func(lo, hi int) { copy(y[lo:hi], x[lo:hi]) })
}

// addTo computes y += x.
func addTo[T Float](w *worker, y, x []T) {
	if len(y) == 0 {
		return
	}
	if vectors[T](w.pool) {
		to := at(as32(y), 0)
		w.run(w.pool.simd.add, mapArgs{x: to, y: at(as32(x), 0), out: to, n: len(y)})
		return
	}
	x = x[:len(y)]
	for j := range y {
		y[j] += x[j]
	}
}

// squares is Σ x², in float64.
func squares[T Float](w *worker, x []T) float64 {
	var sum float64
	if vectors[T](w.pool) && len(x) > 0 {
		a := at(as32(x), 0)
		w.maps = mapArgs{x: a, y: a, n: len(x)}
		w.pool.simd.dot((*byte)(unsafe.Pointer(&w.maps)))
		return *w.maps.scale64()
	}
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}
