package kernels

import (
	"runtime"
	"unsafe"
)

// simd is the float32 code of one vector instruction set.
type simd struct {
	lanes int // float32 in a vector
	rows  int // most rows of a tile

	// Functions for one and two vectors of columns, and 1 to rows rows (the index).
	tiles [3][2][]func(*byte) // by form; tileArgs
	sums  [2][]func(*byte)    // sumArgs; those of one vector have more rows
	// Functions for one vector of columns and as many rows as sums[0].
	squares []func(*byte) // tileArgs

	packRows, packColumns, packScaled              func(*byte) // packArgs
	gelu, geluGrad, geluBoth, add, multiply        func(*byte) // mapArgs
	softmax, softmaxGrad, layerNorm, layerNormGrad func(*byte) // mapArgs, one row
	toGrid, dot, dotLower                          func(*byte) // mapArgs
	addRows, addNormedRows                         func(*byte) // rowsArgs
	roundHalves                                    func(*byte) // mapArgs
	dropout                                        func(*byte) // dropoutArgs

	// What only some units have.
	adam       func(*byte) // adamArgs
	fromGrid   func(*byte) // mapArgs, x being int64
	packPairs  func(*byte) // packArgs
	packHalves func(*byte) // mapArgs
	divide     func(*byte) // mapArgs
}

// width is the columns of a full tile.
func (s *simd) width() int { return 2 * s.lanes }

// pointer is an address as the vector code takes it. It is a number to the
// garbage collector, since it may point past an end, and since the arguments
// outlive the call: what it points to is kept by the kernel's caller, and
// lies in the heap, because the ranges that threads work on share it.
type pointer = uintptr

// at is the address of x[i].
func at[T any](x []T, i int) pointer {
	var zero T
	return uintptr(unsafe.Pointer(unsafe.SliceData(x))) + uintptr(i)*unsafe.Sizeof(zero)
}

// tileArgs are the arguments of a tile: C[i,j] = start[i,j] + Σ_l A[i,l] B[l,j].
// Leading dimensions are in bytes. n counts the columns.
type tileArgs struct {
	a, b, start, c         pointer
	lda, ldb, ldStart, ldc uintptr
	k, n                   int
	ahead                  pointer // what the next tiles read: a line is prefetched each four steps
	square                 float64 // what squares leave: Σ C²
}

// form tells how a tile's left factor lies.
type form int

const (
	byRows    form = iota
	byColumns      // transposed
	byPairs        // by rows, both factors being pairs of bfloat16
)

// tile runs the tile of the given rows and w.args.n columns.
func (s *simd) tile(w *worker, rows int, left form) {
	vectors := &s.tiles[left][1]
	if w.args.n <= s.lanes {
		vectors = &s.tiles[left][0]
	}
	(*vectors)[rows]((*byte)(unsafe.Pointer(&w.args)))
}

// packArgs are the arguments of the packing functions: n rows or columns of k
// numbers, leading dimensions in bytes.
type packArgs struct {
	src   pointer
	ld    uintptr
	dst   pointer
	ldDst uintptr
	k, n  int
	scale float32
}

// panel packs columns 0:n of the [k,n] matrix b, n at most width, into rows of
// width numbers, the rest of each 0 or a repetition. dst has room for k rounded up to lanes.
func (s *simd) panel(w *worker, b view[float32], k, n int, dst []float32) {
	for j := 0; j < n && k > 0; j += s.lanes {
		w.pack = packArgs{src: at(b.data, j*b.col), dst: at(dst, j), ldDst: uintptr(4 * s.width()), k: k, n: min(n-j, s.lanes)}
		if b.col == 1 {
			w.pack.ld = uintptr(4 * b.row)
			s.packRows((*byte)(unsafe.Pointer(&w.pack)))
		} else {
			w.pack.ld = uintptr(4 * b.col)
			s.packColumns((*byte)(unsafe.Pointer(&w.pack)))
		}
	}
}

// strip packs columns k:k+depth of rows i:i+rows of a, stored by columns, into
// depth rows of 16 numbers.
func (s *simd) strip(w *worker, a view[float32], i, rows, k, depth int, dst []float32) {
	for r := 0; r < rows; r += s.lanes {
		w.pack = packArgs{src: at(a.data, (i+r)*a.row+k*a.col), ld: uintptr(4 * a.col), dst: at(dst, r), ldDst: 4 * 16, k: depth, n: min(rows-r, s.lanes)}
		s.packRows((*byte)(unsafe.Pointer(&w.pack)))
	}
}

// roundUp is the least multiple of unit that is at least n.
func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// mapArgs are the arguments of the functions over rows: up to three inputs of n
// numbers, the output, and scalars.
type mapArgs struct {
	x, y, z, out pointer
	n            int
	s            [4]float32
}

// rowsArgs are the arguments of the sums over k rows of n numbers, ld bytes apart; k is at least 1. mean and scale
// have one number a row.
type rowsArgs struct {
	x, g, mean, scale, out pointer
	ld                     uintptr
	k, n                   int
}

// scale64 is the float64 in the place of the first two scalars.
func (m *mapArgs) scale64() *float64 { return (*float64)(unsafe.Pointer(&m.s)) }

// sumArgs are the arguments of the integer tiles: strips of 16 columns of A and
// panels of B, both with the tokens of all examples in a row, and the number
// of tokens of each. Leading dimensions are in bytes.
type sumArgs struct {
	a, b, c  pointer
	ldb, ldc uintptr
	lengths  pointer
	count    int
}

// Unit names the code that a pool runs: results of one unit have the same bits everywhere, those of two may differ in
// the last. What Go compiles is a unit of its own on each architecture: its exp, erfc and tanh are not the same
// everywhere.
func (p *Pool) Unit() string {
	name := "portable-" + runtime.GOARCH
	if p.simd != nil {
		name = map[int]string{16: "avx512", 8: "avx2"}[p.simd.lanes]
	}
	if p.bfloat16 && p.pairs {
		name += "+bf16"
	}
	if p.blas != nil {
		name += "+" + p.blasName
	}
	return name
}
