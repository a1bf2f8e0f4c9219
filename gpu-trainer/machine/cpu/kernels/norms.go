package kernels

import "math"

// LinearNorm adds to n the squared Frobenius norm of each example's weight
// gradient g_iᵀ x_i [out,in], for x [rows,in] and g [rows,out]. It is formed
// whichever way is cheaper for the example's L tokens:
//
//	direct: Σ (g_iᵀ x_i)²                         2 L in out operations
//	gram:   Σ_{s,t} (x_s·x_t)(g_s·g_t)            L² (in + out) operations, by symmetry
//
// Sums of squares are kept in float64.
func LinearNorm[T Float](p *Pool, x, g []T, offsets []int32, in, out int, n Norms) {
	LinearNorms(p, x, [][]T{g}, offsets, in, []int{out}, n)
}

// LinearNorms is LinearNorm of several weights that share their input, as query, key and value do: the gram matrix of
// an example's x is formed once. Which norms are formed from it depends on the example's own length.
func LinearNorms[T Float](p *Pool, x []T, gs [][]T, offsets []int32, in int, outs []int, n Norms) {
	eachExample(p, offsets, func(w *worker, i, lo, hi int) {
		length, xi := hi-lo, x[lo*in:hi*in]
		var gram []T
		for k, g := range gs {
			if out := outs[k]; cheaperByGram(length, in, out) {
				gi := g[lo*out : hi*out]
				if gram == nil {
					gram = take[T](&w.tile, length*gramWidth(length))
					gramLower(w, xi, length, in, gram, gi)
				}
				var next []T // of the thread's next example, most likely
				if j := i + p.Threads(); j < len(offsets)-1 {
					next = x[int(offsets[j])*in : int(offsets[j+1])*in]
				}
				if k+1 < len(gs) {
					next = gs[k+1][lo*outs[k+1] : hi*outs[k+1]]
				}
				addGram(n, w, i, gram, gi, next, shape{length, in, out})
			}
		}
		for k, g := range gs { // after the others: these need the memory of the gram
			if out := outs[k]; !cheaperByGram(length, in, out) {
				addDirect(n, w, i, xi, g[lo*out:hi*out], shape{length, in, out})
			}
		}
	})
}

func cheaperByGram(length, in, out int) bool { return length*(in+out) < 2*in*out }

// eachExample calls f for every example with at least one token.
func eachExample(p *Pool, offsets []int32, f func(w *worker, i, lo, hi int)) {
	p.each(len(offsets)-1, 1, func(w *worker, from, to int) {
		for i := from; i < to; i++ {
			if lo, hi := int(offsets[i]), int(offsets[i+1]); lo < hi {
				f(w, i, lo, hi)
			}
		}
	})
}

// addGram adds Σ_{s,t} gram[s,t] (g_s·g_t) of one example. next is as in gramLower.
func addGram[T Float](n Norms, w *worker, i int, gram, g, next []T, s shape) {
	other := take[T](&w.tile2, s.length*gramWidth(s.length))
	gramLower(w, g, s.length, s.out, other, next)
	square := max(dotLower(w, gram, other, s.length), 0)
	frobeniusX, frobeniusG := math.Sqrt(dotLower(w, gram, gram, s.length)), math.Sqrt(dotLower(w, other, other, s.length))
	n.addProduct(i, square, gramBound[T](s, square, frobeniusX, frobeniusG, trace(gram, s.length), trace(other, s.length)))
}

// addDirect adds Σ (gᵀ x)² of one example.
func addDirect[T Float](n Norms, w *worker, i int, x, g []T, s shape) {
	square := directNorm(w, x, g, s.length, s.in, s.out)
	n.addProduct(i, square, directBound[T](s, square, squares(w, x), squares(w, g)))
}

// directNorm is Σ (gᵀ x)² of one example, a few rows of the gradient at a
// time.
func directNorm[T Float](w *worker, x, g []T, length, in, out int) float64 {
	if in > out {
		x, g, in, out = g, x, out, in
	}
	if vectors[T](w.pool) {
		return w.pool.simd.squares32(w, as32(x), as32(g), length, in, out)
	}
	rows := max(4096/in, 1)
	part := take[T](&w.tile, rows*in)
	var sum float64
	for o := 0; o < out; o += rows {
		m := min(rows, out-o)
		smallProduct(w, m, in, length, operand(g[o:], out, true), operand(x, in, false), part, in, false)
		sum += squares(w, part[:m*in])
	}
	return sum
}

// LinearKeep is LinearNorm, direct, which leaves the gradients in kept
// [examples,out·in]. Every example must have a token.
func LinearKeep[T Float](p *Pool, x, g []T, offsets []int32, in, out int, n Norms, kept []T) {
	eachExample(p, offsets, func(w *worker, i, lo, hi int) {
		s, row := shape{hi - lo, in, out}, kept[i*in*out:][:in*out]
		xi, gi := x[lo*in:hi*in], g[lo*out:hi*out]
		keptProduct(w, xi, gi, s, row)
		square := squares(w, row)
		n.addProduct(i, square, directBound[T](s, square, squares(w, xi), squares(w, gi)))
	})
}

// keptProduct computes gᵀ x of one example.
func keptProduct[T Float](w *worker, x, g []T, s shape, c []T) {
	if unit := w.pool.simd; vectors[T](w.pool) && s.out <= 2*unit.rows {
		unit.keptProduct32(w, as32(x), as32(g), s, as32(c))
		return
	}
	smallProduct(w, s.out, s.in, s.length, operand(g, s.out, true), operand(x, s.in, false), c, s.in, false)
}

// keptRow is the row of example i in kept, or scratch where that is nil, zeroed.
func keptRow[T Float](w *worker, kept []T, i, n int) []T {
	if kept == nil {
		row := take[T](&w.tile, n)
		clear(row)
		return row
	}
	row := kept[i*n:][:n]
	clear(row)
	return row
}

// BiasNorm adds to n the squared norm of Σ_t g_t over the rows of example
// i, for g [rows,out], and leaves the sums in kept [examples,out], unless that
// is nil; then every example must have a token.
func BiasNorm[T Float](p *Pool, g []T, offsets []int32, out int, n Norms, kept []T) {
	eachExample(p, offsets, func(w *worker, i, lo, hi int) {
		row := keptRow(w, kept, i, out)
		sumRows(w, g, lo, hi, out, 0, row)
		n.add(i, squares(w, row))
	})
}

// LayerNormNorm adds to n the squared norms of example i's gradients of
// gamma, Σ_t g x̂, and beta, Σ_t g, and leaves them in keptGamma and keptBeta,
// as BiasNorm does.
func LayerNormNorm[T Float](p *Pool, x, g []T, offsets []int32, width int, mean, rstd []T, n Norms, keptGamma, keptBeta []T) {
	BiasNorm(p, g, offsets, width, n, keptBeta)
	eachExample(p, offsets, func(w *worker, i, lo, hi int) {
		row := keptRow(w, keptGamma, i, width)
		sumScaled(w, x, g, lo, hi, width, 0, mean, rstd, row)
		n.add(i, squares(w, row))
	})
}

// EmbedNorm adds to n the squared norm of example i's gradient of the
// table: rows of g with equal ids are added before they are squared.
func EmbedNorm[T Float](p *Pool, ids []int32, g []T, offsets []int32, width int, n Norms) {
	eachExample(p, offsets, func(w *worker, i, lo, hi int) {
		row := take[T](&w.tile, width)
		eachID(ids[lo:hi], func(first int) {
			sumID(w, ids[lo:hi], first, g[lo*width:], width, 0, row)
			n.add(i, squares(w, row))
		})
	})
}

// eachID calls f with the first position of each distinct id.
func eachID(ids []int32, f func(first int)) {
	for t, id := range ids {
		if firstOf(ids[:t], id) {
			f(t)
		}
	}
}

func firstOf(before []int32, id int32) bool {
	for _, b := range before {
		if b == id {
			return false
		}
	}
	return true
}

// sumID sets row to the sum of g's rows whose id is that at first, columns
// from:from+len(row).
func sumID[T Float](w *worker, ids []int32, first int, g []T, width, from int, row []T) {
	copy(row, g[first*width+from:])
	for t := first + 1; t < len(ids); t++ {
		if ids[t] == ids[first] {
			addTo(w, row, g[t*width+from:][:len(row)])
		}
	}
}
