package kernels

import "math"

// Attention computes, for each example and head, P = softmax(scale Q Kᵀ) and
// Y = P V over the example's own tokens. q, k, v and y are [rows,hidden], a
// head being hidden/heads adjacent columns. probs receives P for the gradient:
// heads matrices [L,L] for each example of L tokens, one after the other.
func Attention[T Float](p *Pool, q, k, v []T, offsets []int32, heads, hidden int, scale float64, probs, y []T) {
	eachHead(p, offsets, heads, hidden, func(w *worker, at, length, probsAt int) {
		size := hidden / heads
		ph := probs[probsAt:][:length*length]
		smallProduct(w, length, length, size, operand(q[at:], hidden, false), operand(k[at:], hidden, true), ph, length, false)
		softmaxRows(w, ph, length, T(scale))
		smallProduct(w, length, size, length, operand(ph, length, false), operand(v[at:], hidden, false), y[at:], hidden, false)
	})
}

// AttentionGrad computes dq, dk and dv from the probabilities that Attention
// kept and g, the gradient of its output:
//
//	dV = Pᵀ g,  dP = g Vᵀ,  dS = scale P (dP - rowsum(P dP)),  dQ = dS K,  dK = dSᵀ Q.
func AttentionGrad[T Float](p *Pool, q, k, v, probs, g []T, offsets []int32, heads, hidden int, scale float64, dq, dk, dv []T) {
	eachHead(p, offsets, heads, hidden, func(w *worker, at, length, probsAt int) {
		size := hidden / heads
		ph := probs[probsAt:][:length*length]
		smallProduct(w, length, size, length, operand(ph, length, true), operand(g[at:], hidden, false), dv[at:], hidden, false)
		ds := take[T](&w.tile, length*length)
		smallProduct(w, length, length, size, operand(g[at:], hidden, false), operand(v[at:], hidden, true), ds, length, false)
		softmaxGradRows(w, ph, ds, length, T(scale))
		smallProduct(w, length, size, length, operand(ds, length, false), operand(k[at:], hidden, false), dq[at:], hidden, false)
		smallProduct(w, length, size, length, operand(ds, length, true), operand(q[at:], hidden, false), dk[at:], hidden, false)
	})
}

// eachHead calls f for every example and head: at is the index of the head's
// first number in a [rows,hidden] matrix, probsAt that of its [L,L] matrix.
func eachHead(p *Pool, offsets []int32, heads, hidden int, f func(w *worker, at, length, probsAt int)) {
	examples := len(offsets) - 1
	starts := take[int](&p.second, examples+1)
	starts[0] = 0
	for i := range examples {
		length := int(offsets[i+1] - offsets[i])
		starts[i+1] = starts[i] + heads*length*length
	}
	p.each(examples*heads, 1, func(w *worker, lo, hi int) {
		for unit := lo; unit < hi; unit++ {
			i, h := unit/heads, unit%heads
			first, length := int(offsets[i]), int(offsets[i+1]-offsets[i])
			if length > 0 {
				f(w, first*hidden+h*(hidden/heads), length, starts[i]+h*length*length)
			}
		}
	})
}

// softmaxRows replaces each row of x [length,length] by softmax(scale row).
func softmaxRows[T Float](w *worker, x []T, length int, scale T) {
	for t := range length {
		if vectors[T](w.pool) {
			row := at(as32(x), t*length)
			w.run(w.pool.simd.softmax, mapArgs{x: row, out: row, n: length, s: [4]float32{float32(scale)}})
			continue
		}
		softmaxRow(x[t*length:][:length], scale)
	}
}

// softmaxGradRows replaces each row of d, the gradient of the probabilities y,
// by the gradient of the unscaled scores.
func softmaxGradRows[T Float](w *worker, y, d []T, length int, scale T) {
	for t := range length {
		if vectors[T](w.pool) {
			row := at(as32(d), t*length)
			w.run(w.pool.simd.softmaxGrad, mapArgs{x: at(as32(y), t*length), y: row, out: row, n: length, s: [4]float32{float32(scale)}})
			continue
		}
		softmaxGradRow(y[t*length:][:length], d[t*length:][:length], scale)
	}
}

// softmaxRow replaces x by softmax(scale x).
func softmaxRow[T Float](x []T, scale T) {
	top := T(math.Inf(-1))
	for _, v := range x {
		top = max(top, T(v*scale))
	}
	var sum float64
	for j, v := range x {
		e := T(math.Exp(float64(T(v*scale) - top)))
		x[j] = e
		sum += float64(e)
	}
	inverse := T(1 / sum)
	for j := range x {
		x[j] *= inverse
	}
}

// softmaxGradRow is one row of softmaxGradRows.
func softmaxGradRow[T Float](y, d []T, scale T) {
	var along float64
	for j, v := range y {
		along += float64(v) * float64(d[j])
	}
	a := T(along)
	for j, v := range y {
		d[j] = scale * v * (d[j] - a)
	}
}
