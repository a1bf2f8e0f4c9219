package kernels

// view is a matrix with element (i, j) at data[i*row+j*col].
type view[T Float] struct {
	data     []T
	row, col int
}

// operand views op(a) for a row-major matrix a of leading dimension ld.
func operand[T Float](a []T, ld int, transposed bool) view[T] {
	if transposed {
		return view[T]{a, 1, ld}
	}
	return view[T]{a, ld, 1}
}

// rows copies rows lo:hi of the first k columns into dst, k numbers a row.
func (v view[T]) rows(dst []T, lo, hi, k int) {
	for i := lo; i < hi; i++ {
		to := dst[(i-lo)*k:][:k]
		if v.col == 1 {
			copy(to, v.data[i*v.row:][:k])
			continue
		}
		for j := range to {
			to[j] = v.data[i*v.row+j*v.col]
		}
	}
}

// portableProduct computes c[i,j] (+)= Σ_l a[i,l] b[j,l] for a [m,k] and b
// [n,k] without gaps, by ascending l in one accumulator that starts at c[i,j]
// if add is set.
func portableProduct[T Float](m, n, k int, a, b, c []T, ldc int, add bool) {
	for i := range m {
		ai, ci := a[i*k:][:k], c[i*ldc:][:n]
		j := 0
		for ; j+4 <= n; j += 4 {
			portableDot4(ai, b[j*k:][:4*k], ci[j:][:4], add)
		}
		for ; j < n; j++ {
			ci[j] = portableDot(ai, b[j*k:][:k], ci[j], add)
		}
	}
}

func portableDot[T Float](x, y []T, start T, add bool) T {
	var s T
	if add {
		s = start
	}
	y = y[:len(x)]
	for l, xl := range x {
		s += T(xl * y[l])
	}
	return s
}

// portableDot4 is four portableDots side by side, in the same order each.
func portableDot4[T Float](x, y, c []T, add bool) {
	k := len(x)
	y0, y1, y2, y3 := y[:k], y[k:][:k], y[2*k:][:k], y[3*k:][:k]
	var s0, s1, s2, s3 T
	if add {
		s0, s1, s2, s3 = c[0], c[1], c[2], c[3]
	}
	for l, xl := range x {
		s0 += T(xl * y0[l])
		s1 += T(xl * y1[l])
		s2 += T(xl * y2[l])
		s3 += T(xl * y3[l])
	}
	c[0], c[1], c[2], c[3] = s0, s1, s2, s3
}
