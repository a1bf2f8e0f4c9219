package kernels

// Embed gathers y[t] = table[ids[t]], or adds it to y[t] if accumulate is set,
// for rows of the given width.
func Embed[T Float](p *Pool, ids []int32, table []T, width int, y []T, accumulate bool) {
	p.each(len(ids), p.share(len(ids), 1), func(w *worker, lo, hi int) {
		for t := lo; t < hi; t++ {
			from, to := table[int(ids[t])*width:][:width], y[t*width:][:width]
			if accumulate {
				addTo(w, to, from)
			} else {
				copy(to, from)
			}
		}
	})
}

// EmbedGrad computes dtable[ids[t]] += g[t] for t ascending. Columns are
// divided among the threads, so rows of equal id meet in order.
func EmbedGrad[T Float](p *Pool, ids []int32, g []T, width int, dtable []T) {
	p.each(width, p.share(width, 64), func(w *worker, lo, hi int) {
		for t, id := range ids {
			addTo(w, dtable[int(id)*width+lo:int(id)*width+hi], g[t*width+lo:t*width+hi])
		}
	})
}
