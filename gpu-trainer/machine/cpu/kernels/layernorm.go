package kernels

import "math"

// LayerNorm computes y = (x - mean) rstd gamma + beta for each of the rows,
// with mean and rstd = 1/√(variance + eps) over the row's width numbers, and
// keeps mean and rstd, one a row, for the gradient.
func LayerNorm[T Float](p *Pool, x []T, rows, width int, gamma, beta []T, eps float64, y, mean, rstd []T) {
	p.For(rows, p.share(rows, 1), func(lo, hi int) {
		for t := lo; t < hi; t++ {
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
	p.For(rows, p.share(rows, 1), func(lo, hi int) {
		for t := lo; t < hi; t++ {
			at, end := t*width, (t+1)*width
			layerNormGradRow(x[at:end], g[at:end], gamma, mean[t], rstd[t], dx[at:end])
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
	p.For(width, p.share(width, 16), func(lo, hi int) {
		if dgamma != nil {
			sumScaled(x, g, 0, rows, width, lo, mean, rstd, dgamma[lo:hi])
		}
		if dbeta != nil {
			sumRows(g, 0, rows, width, lo, dbeta[lo:hi])
		}
	})
}

// sumScaled adds Σ_t g x̂ over rows lo:hi, columns from:from+len(dst), to dst.
func sumScaled[T Float](x, g []T, lo, hi, width, from int, mean, rstd, dst []T) {
	for t := lo; t < hi; t++ {
		xt, gt := x[t*width+from:][:len(dst)], g[t*width+from:][:len(dst)]
		for j, v := range xt {
			dst[j] += T(gt[j] * ((v - mean[t]) * rstd[t]))
		}
	}
}
