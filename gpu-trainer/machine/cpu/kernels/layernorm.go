package kernels

import (
	"math"
	"unsafe"
)

// LayerNorm computes y = (x - mean) rstd gamma + beta for each of the rows,
// with mean and rstd = 1/√(variance + eps) over the row's width numbers, and
// keeps mean and rstd, one a row, for the gradient.
func LayerNorm[T Float](p *Pool, x []T, rows, width int, gamma, beta []T, eps float64, y, mean, rstd []T) {
	p.each(rows, p.share(rows, 1), func(w *worker, lo, hi int) {
		for t := lo; t < hi; t++ {
			if vectors[T](p) {
				m := mapArgs{x: at(as32(x), t*width), y: at(as32(gamma), 0), z: at(as32(beta), 0), out: at(as32(y), t*width), n: width, s: [4]float32{float32(width), float32(eps)}}
				w.run(p.simd.layerNorm, m)
				mean[t], rstd[t] = T(w.maps.s[0]), T(w.maps.s[1])
				continue
			}
			mean[t], rstd[t] = layerNormRow(x[t*width:][:width], gamma, beta, eps, y[t*width:][:width])
		}
	})
}

func layerNormRow[T Float](x, gamma, beta []T, eps float64, y []T) (mean, rstd T) {
	n := float64(len(x))
	var sum, squares float64
	for _, v := range x {
		sum += float64(v)
	}
	mu := sum / n
	for _, v := range x {
		d := float64(v) - mu
		squares += d * d
	}
	mean, rstd = T(mu), T(1/math.Sqrt(squares/n+eps))
	for j, v := range x {
		y[j] = T((v-mean)*rstd*gamma[j]) + beta[j]
	}
	return mean, rstd
}

// LayerNormGrad computes the gradient with respect to the input,
//
//	dx = rstd (h - mean(h) - x̂ mean(h x̂)),  h = g gamma,  x̂ = (x - mean) rstd.
func LayerNormGrad[T Float](p *Pool, x, g []T, rows, width int, gamma, mean, rstd, dx []T) {
	p.each(rows, p.share(rows, 1), func(w *worker, lo, hi int) {
		for t := lo; t < hi; t++ {
			from, end := t*width, (t+1)*width
			if vectors[T](p) {
				m := mapArgs{x: at(as32(x), from), y: at(as32(g), from), z: at(as32(gamma), 0), out: at(as32(dx), from), n: width, s: [4]float32{float32(width), float32(mean[t]), float32(rstd[t])}}
				w.run(p.simd.layerNormGrad, m)
				continue
			}
			layerNormGradRow(x[from:end], g[from:end], gamma, mean[t], rstd[t], dx[from:end])
		}
	})
}

func layerNormGradRow[T Float](x, g, gamma []T, mean, rstd T, dx []T) {
	var sum, along float64
	for j, v := range x {
		h := float64(g[j] * gamma[j])
		sum += h
		along += h * float64((v-mean)*rstd)
	}
	n := float64(len(x))
	a, b := T(sum/n), T(along/n)
	for j, v := range x {
		dx[j] = rstd * (T(g[j]*gamma[j]) - a - T((v-mean)*rstd*b))
	}
}

// LayerNormGradWeight computes dgamma += Σ_t g x̂ and dbeta += Σ_t g over the
// rows in order. Either may be nil.
func LayerNormGradWeight[T Float](p *Pool, x, g []T, rows, width int, mean, rstd, dgamma, dbeta []T) {
	p.each(width, p.share(width, 64), func(w *worker, lo, hi int) {
		if dgamma != nil {
			sumScaled(w, x, g, 0, rows, width, lo, mean, rstd, dgamma[lo:hi])
		}
		if dbeta != nil {
			sumRows(w, g, 0, rows, width, lo, dbeta[lo:hi])
		}
	})
}

// sumScaled adds Σ_t g x̂ over rows lo:hi, columns from:from+len(dst), to dst.
func sumScaled[T Float](w *worker, x, g []T, lo, hi, width, from int, mean, rstd, dst []T) {
	if len(dst) == 0 || lo == hi {
		return
	}
	if vectors[T](w.pool) {
		w.rows = rowsArgs{x: at(as32(x), lo*width+from), g: at(as32(g), lo*width+from), mean: at(as32(mean), lo), scale: at(as32(rstd), lo),
			out: at(as32(dst), 0), ld: uintptr(4 * width), k: hi - lo, n: len(dst)}
		w.pool.simd.addNormedRows((*byte)(unsafe.Pointer(&w.rows)))
		return
	}
	for t := lo; t < hi; t++ {
		xt, gt := x[t*width+from:][:len(dst)], g[t*width+from:][:len(dst)]
		for j, v := range xt {
			dst[j] += T(gt[j] * ((v - mean[t]) * rstd[t]))
		}
	}
}
