package kernels

// PoolFirst takes the first token's row of each example: x [tokens,width] to
// y [examples,width].
func PoolFirst[T Float](p *Pool, x []T, offsets []int32, width int, y []T) {
	for i := range len(offsets) - 1 {
		copy(y[i*width:][:width], x[int(offsets[i])*width:][:width])
	}
}

// PoolFirstGrad writes dx [tokens,width]: g's row at first tokens, 0 elsewhere.
func PoolFirstGrad[T Float](p *Pool, g []T, offsets []int32, width int, dx []T) {
	clear(dx[:int(offsets[len(offsets)-1])*width])
	for i := range len(offsets) - 1 {
		copy(dx[int(offsets[i])*width:][:width], g[i*width:][:width])
	}
}

// PoolMean averages the rows of each example: x [tokens,width] to y
// [examples,width].
func PoolMean[T Float](p *Pool, x []T, offsets []int32, width int, y []T) {
	p.each(len(offsets)-1, 1, func(w *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			row := y[i*width:][:width]
			clear(row)
			sumRows(w, x, int(offsets[i]), int(offsets[i+1]), width, 0, row)
			inverse := 1 / T(offsets[i+1]-offsets[i])
			for j := range row {
				row[j] *= inverse
			}
		}
	})
}

// PoolMeanGrad gives every token of an example its share of g: dx [tokens,width].
func PoolMeanGrad[T Float](p *Pool, g []T, offsets []int32, width int, dx []T) {
	p.For(len(offsets)-1, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			inverse := 1 / T(offsets[i+1]-offsets[i])
			for t := int(offsets[i]); t < int(offsets[i+1]); t++ {
				addScaled(dx[t*width:][:width], g[i*width:][:width], inverse, false)
			}
		}
	})
}
