package kernels

import (
	"math"
	"unsafe"
)

// UseBFloat16 makes Linear and LinearGradInput (and every Gemm whose A is not
// transposed) of float32 round their factors to bfloat16, half to even, and add
// the products in float32: where the processor's instruction for pairs of them
// pays (HasBFloat16) at up to twice the speed, elsewhere at the speed of float32.
// Attention, weight gradients, norms and sums stay as they are.
//
// The instruction adds two products at a time and flushes denormals, so the last
// bits differ from the others'.
func (p *Pool) UseBFloat16(on bool) { p.bfloat16, p.pairs = on, on && pairsPay() }

// HasBFloat16 reports whether this processor multiplies bfloat16 faster than float32.
func HasBFloat16() bool { return pairsPay() }

// roundBFloat16 rounds single precision numbers to bfloat16 in place, if on.
func roundBFloat16[T Float](x []T, on bool) {
	if !on || !single[T]() {
		return
	}
	for i, v := range as32(x) {
		b := math.Float32bits(v)
		if v == v {
			b += 0x7fff + b>>16&1
		}
		x[i] = T(math.Float32frombits(b &^ 0xffff))
	}
}

// pairPanel packs n columns of b as rows of pairs of bfloat16, the last with a
// zero if the depth is odd.
func (s *simd) pairPanel(w *worker, f factor, b view[float32], n int, dst []float32) {
	whole := take[float32](&w.right, s.width()*(roundUp(f.depth, s.lanes)+1))
	s.panel(w, b, f.depth, n, whole)
	clear(whole[f.depth*s.width():][:s.width()])
	s.joinPairs(w, whole, f.k, n, dst)
}

// joinPairs makes k rows of pairs of the first n columns.
func (s *simd) joinPairs(w *worker, whole []float32, k, n int, dst []float32) {
	for j := 0; j < n && k > 0; j += s.lanes {
		w.pack = packArgs{src: at(whole, j), ld: uintptr(4 * s.width()), dst: at(dst, j), ldDst: uintptr(4 * s.width()), k: k}
		s.packPairs((*byte)(unsafe.Pointer(&w.pack)))
	}
}

// leftPairs rounds rows i:i+rows of A from column k of depth on to bfloat16.
func (s *simd) leftPairs(w *worker, a view[float32], i, rows, k, depth int) pointer {
	const ld = kBlock + 16 // pairs
	copied := take[float32](&w.left, 16*ld)
	n := min(2*w.args.k, depth-k)
	for r := range rows {
		w.run(s.packHalves, mapArgs{x: at(a.data, (i+r)*a.row+k), out: at(copied, r*ld), n: n})
	}
	w.args.lda = 4 * ld
	return at(copied, 0)
}
