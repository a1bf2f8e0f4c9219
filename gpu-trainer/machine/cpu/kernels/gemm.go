package kernels

// Gemm computes C = alpha op(A) op(B) + beta C, where op transposes if its
// flag is set, op(A) is [m,k], op(B) is [k,n] and C is [m,n], with leading
// dimensions lda, ldb and ldc. With beta 0, C is written without being read.
func Gemm[T Float](p *Pool, transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if m == 0 || n == 0 {
		return
	}
	if beta != 0 && beta != 1 {
		scaleRows(p, m, n, beta, c, ldc)
	}
	av, bv := operand(a, lda, transA), operand(b, ldb, transB)
	if alpha == 1 {
		product(p, m, n, k, av, bv, nil, c, ldc, beta != 0)
		return
	}
	whole := take[T](&p.second, m*n)
	product(p, m, n, k, av, bv, nil, whole, n, false)
	p.For(m, p.share(m, 1), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			addScaled(c[i*ldc:][:n], whole[i*n:][:n], alpha, beta != 0)
		}
	})
}

// addScaled computes y = alpha x, or y += alpha x if add is set.
func addScaled[T Float](y, x []T, alpha T, add bool) {
	for j, v := range x {
		if add {
			y[j] += T(alpha * v)
		} else {
			y[j] = alpha * v
		}
	}
}

func scaleRows[T Float](p *Pool, m, n int, beta T, c []T, ldc int) {
	p.For(m, p.share(m, 1), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := c[i*ldc:][:n]
			for j := range row {
				row[j] *= beta
			}
		}
	})
}

// product computes C = A B, C = A B + bias (one number a column) or C += A B
// on all threads, for A [m,k] and B [k,n].
func product[T Float](p *Pool, m, n, k int, a, b view[T], bias []T, c []T, ldc int, add bool) {
	if byBLAS(p, m, n, k, a, b, bias, c, ldc, add) {
		return
	}
	if vectors[T](p) {
		p.simd.product32(p, m, n, k, view32(a), view32(b), as32(bias), as32(c), ldc, add)
		return
	}
	bt := take[T](&p.packed, n*k)
	columns := view[T]{b.data, b.col, b.row}
	halve := p.bfloat16 && a.col == 1
	p.For(n, p.share(n, 4), func(lo, hi int) {
		columns.rows(bt[lo*k:hi*k], lo, hi, k)
		roundBFloat16(bt[lo*k:hi*k], halve)
	})
	p.each(m, min(p.share(m, 1), 64), func(w *worker, lo, hi int) {
		rows := take[T](&w.left, (hi-lo)*k)
		a.rows(rows, lo, hi, k)
		roundBFloat16(rows, halve)
		if bias != nil {
			for i := lo; i < hi; i++ {
				copy(c[i*ldc:][:n], bias)
			}
		}
		portableProduct(hi-lo, n, k, rows, bt, c[lo*ldc:], ldc, add || bias != nil)
	})
}

// smallProduct is product on one thread, without bias.
func smallProduct[T Float](w *worker, m, n, k int, a, b view[T], c []T, ldc int, add bool) {
	if vectors[T](w.pool) {
		w.pool.simd.small32(w, m, n, k, view32(a), view32(b), as32(c), ldc, add)
		return
	}
	at, bt := take[T](&w.left, m*k), take[T](&w.right, n*k)
	a.rows(at, 0, m, k)
	view[T]{b.data, b.col, b.row}.rows(bt, 0, n, k)
	portableProduct(m, n, k, at, bt, c, ldc, add)
}
