package kernels

import "unsafe"

// simd is the float32 code of one vector instruction set.
type simd struct {
	lanes int // float32 in a vector
	rows  int // most rows of a tile

	// Tiles of 1 to rows rows (the index) and one or two vectors of columns,
	// for an A stored by rows or by columns.
	byRows1, byRows2, byColumns1, byColumns2 []func(*byte)

	// Integer tiles of 1 to rows rows and one or two vectors of columns.
	sums1, sums2 []func(*byte)

	packRows, packColumns, packScaled              func(*byte) // packArgs
	gelu, geluGrad, geluBoth, add, multiply        func(*byte) // mapArgs
	softmax, softmaxGrad, layerNorm, layerNormGrad func(*byte) // mapArgs, one row
	addNormed, toGrid, dot, dotLower               func(*byte) // mapArgs

	// What only some units have.
	adam, fromGrid     func(*byte)   // adamArgs and gridArgs
	byPairs1, byPairs2 []func(*byte) // tiles of bfloat16, for an A by rows
	packPairs          func(*byte)   // packArgs
	packHalves         func(*byte)   // mapArgs
}

// width is the columns of a full tile.
func (s *simd) width() int { return 2 * s.lanes }

// pointer is the address of a float32 in a slice that outlives its use.
type pointer = unsafe.Pointer

// at is the address of x[i], which may be one past the end.
func at(x []float32, i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(x)), 4*i)
}

// tileArgs are the arguments of a tile: C[i,j] = start[i,j] + Σ_l A[i,l] B[l,j].
// Leading dimensions are in bytes. n counts the columns.
type tileArgs struct {
	a, b, start, c         unsafe.Pointer
	lda, ldb, ldStart, ldc uintptr
	k, n                   int
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
	tables := [...][2][]func(*byte){{s.byRows1, s.byRows2}, {s.byColumns1, s.byColumns2}, {s.byPairs1, s.byPairs2}}
	f := tables[left][1]
	if w.args.n <= s.lanes {
		f = tables[left][0]
	}
	f[rows]((*byte)(unsafe.Pointer(&w.args)))
}

// packArgs are the arguments of the packing functions: n rows or columns of k
// numbers, leading dimensions in bytes.
type packArgs struct {
	src   unsafe.Pointer
	ld    uintptr
	dst   unsafe.Pointer
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

// scale64 is the float64 in the place of the first two scalars.
func (m *mapArgs) scale64() *float64 { return (*float64)(unsafe.Pointer(&m.s)) }

// sumArgs are the arguments of the integer tiles: strips of 16 columns of A and
// panels of B, both with the tokens of all examples in a row, and the number
// of tokens of each. Leading dimensions are in bytes.
type sumArgs struct {
	a, b, c  pointer
	ldb, ldc uintptr
	lengths  *int
	count    int
}
