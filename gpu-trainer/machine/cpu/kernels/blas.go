package kernels

// A BLAS is a library's product C = op(A) op(B) + beta C in single precision, for row-major matrices: op(A) is [m,k],
// op(B) [k,n] and C [m,n].
type BLAS func(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)

// UseBLAS makes products of float32 that are large enough call a library of the given name, nil for none. It then
// decides on the order in which products are added, and the promise of equal bits whatever the batch is off; norms
// and sums stay as they are.
func (p *Pool) UseBLAS(name string, b BLAS) { p.blasName, p.blas = name, b }

// Library tells whether a library multiplies.
func (p *Pool) Library() bool { return p.blas != nil }

// blasWork is the number of multiplications from which on a call of a library is worth its microsecond.
const blasWork = 32 << 10

// byBLAS computes product by the pool's library, if it is for it.
func byBLAS[T Float](p *Pool, m, n, k int, a, b view[T], bias []T, c []T, ldc int, add bool) bool {
	if p.blas == nil || !single[T]() || p.bfloat16 || m*n*k < blasWork {
		return false
	}
	beta := float32(0)
	if add || bias != nil {
		beta = 1
	}
	if bias != nil {
		for i := range m {
			copy(c[i*ldc:][:n], bias)
		}
	}
	transA, lda := a.leading()
	transB, ldb := b.leading()
	p.blas(transA, transB, m, n, k, as32(a.data), lda, as32(b.data), ldb, beta, as32(c), ldc)
	return true
}

// leading tells whether a view is of a transposed matrix, and the matrix's leading dimension.
func (v view[T]) leading() (transposed bool, ld int) {
	if v.col == 1 {
		return false, v.row
	}
	return true, v.col
}
