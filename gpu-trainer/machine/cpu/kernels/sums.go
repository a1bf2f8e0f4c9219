package kernels

import (
	"math"
	"unsafe"
)

// The integer sums. For each example i, a gradient element γ, held in the
// kernel's own precision, becomes the integer
//
//	round(γ · (factor[i] · inverseQuantum)),  half to even, product in float64,
//
// and is added to an int64. Integers add exactly, so a sum does not depend on
// order, packing or threads. An example whose factor is 0 is left out, even if
// its gradient is not finite. The caller guarantees that |γ| factor
// inverseQuantum summed over a lot stays below 2⁶³.

// toGrid adds the integers of one example's gradient row to sum.
func toGrid[T Float](w *worker, row []T, scale float64, sum []int64) {
	whole := 0
	if vectors[T](w.pool) {
		whole = len(row) / w.pool.simd.lanes * w.pool.simd.lanes
	}
	if whole > 0 {
		w.maps = mapArgs{x: at(as32(row), 0), out: at(sum, 0), n: whole}
		*w.maps.scale64() = scale
		w.pool.simd.toGrid((*byte)(unsafe.Pointer(&w.maps)))
	}
	sum = sum[:len(row)]
	for j, v := range row[whole:] {
		sum[whole+j] += int64(math.RoundToEven(float64(v) * scale))
	}
}

// LinearSum adds the integers of every example's weight gradient g_iᵀ x_i to
// sum [out,in], for x [rows,in] and g [rows,out]. No example's gradient is
// ever held whole.
func LinearSum[T Float](p *Pool, x, g []T, offsets []int32, in, out int, factor []float64, inverseQuantum float64, sum []int64) {
	if vectors[T](p) {
		p.simd.linearSum32(p, as32(x), as32(g), offsets, in, out, factor, inverseQuantum, sum)
		return
	}
	const rows = 8
	p.each(out, rows, func(w *worker, o, end int) {
		part := take[T](&w.tile, rows*in)
		for i := range len(offsets) - 1 {
			lo, hi := int(offsets[i]), int(offsets[i+1])
			if factor[i] == 0 || lo == hi {
				continue
			}
			smallProduct(w, end-o, in, hi-lo, operand(g[lo*out+o:], out, true), operand(x[lo*in:], in, false), part, in, false)
			toGrid(w, part[:(end-o)*in], factor[i]*inverseQuantum, sum[o*in:])
		}
	})
}

// BiasSum adds the integers of every example's Σ_t g_t to sum [out], for g
// [rows,out].
func BiasSum[T Float](p *Pool, g []T, offsets []int32, out int, factor []float64, inverseQuantum float64, sum []int64) {
	p.each(out, p.share(out, 64), func(w *worker, from, to int) {
		row := take[T](&w.tile, to-from)
		eachKept(offsets, factor, func(i, lo, hi int) {
			clear(row)
			sumRows(w, g, lo, hi, out, from, row)
			toGrid(w, row, factor[i]*inverseQuantum, sum[from:])
		})
	})
}

// LayerNormSum adds the integers of every example's gradients of gamma and
// beta to sumGamma and sumBeta [width]. Either may be nil.
func LayerNormSum[T Float](p *Pool, x, g []T, offsets []int32, width int, mean, rstd []T, factor []float64, inverseQuantum float64, sumGamma, sumBeta []int64) {
	if sumBeta != nil {
		BiasSum(p, g, offsets, width, factor, inverseQuantum, sumBeta)
	}
	if sumGamma == nil {
		return
	}
	p.each(width, p.share(width, 64), func(w *worker, from, to int) {
		row := take[T](&w.tile, to-from)
		eachKept(offsets, factor, func(i, lo, hi int) {
			clear(row)
			sumScaled(w, x, g, lo, hi, width, from, mean, rstd, row)
			toGrid(w, row, factor[i]*inverseQuantum, sumGamma[from:])
		})
	})
}

// EmbedSum adds the integers of every example's gradient of the table to sum
// [vocabulary,width]: rows of g with equal ids are added before they are
// rounded.
func EmbedSum[T Float](p *Pool, ids []int32, g []T, offsets []int32, width int, factor []float64, inverseQuantum float64, sum []int64) {
	p.each(width, p.share(width, 64), func(w *worker, from, to int) {
		row := take[T](&w.tile, to-from)
		eachKept(offsets, factor, func(i, lo, hi int) {
			eachID(ids[lo:hi], func(first int) {
				sumID(w, ids[lo:hi], first, g[lo*width:], width, from, row)
				toGrid(w, row, factor[i]*inverseQuantum, sum[int(ids[lo+first])*width+from:])
			})
		})
	})
}

// eachKept calls f for every example with tokens whose factor is not 0.
func eachKept(offsets []int32, factor []float64, f func(i, lo, hi int)) {
	for i := range len(offsets) - 1 {
		if lo, hi := int(offsets[i]), int(offsets[i+1]); lo < hi && factor[i] != 0 {
			f(i, lo, hi)
		}
	}
}
