package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of sumArgs.
const (
	sumA = iota
	sumB
	sumC
	sumLDB
	sumLDC
	sumLengths
	sumCount
)

// magic rounds a float64 below 2⁵¹ to an integer, held in the low bits of the sum.
const magic = 0x1.8p52

// sumTiles emits the tiles of LinearSum: for each example in turn, a product
// of its columns of A and rows of B, rounded to integers that are added to C.
func (u *unit) sumTiles() {
	for vectors := 1; vectors <= 2; vectors++ {
		for rows := 1; rows <= u.most(vectors); rows++ {
			u.sumTile(rows, vectors)
		}
	}
}

func (u *unit) sumTile(rows, vectors int) {
	args := u.function(fmt.Sprintf("sum%dx%dv", rows, vectors), "sumArgs", fmt.Sprintf("adds the integers of %d rows and %d vectors of columns.", rows, vectors))
	t := &tile{unit: u, transposed: true, rows: rows, vectors: vectors}
	t.b, t.ldb, t.lda = field(args, sumB), field(args, sumLDB), GP64()
	t.pointers = []reg.GPVirtual{field(args, sumA)}
	MOVQ(U32(64), t.lda)
	t.claim(field(args, sumC), field(args, sumLDC), 2*vectors*u.bytes)
	lengths, count := field(args, sumLengths), field(args, sumCount)
	for range rows {
		t.acc = append(t.acc, u.vecs(vectors))
	}
	Label("example")
	for _, acc := range t.acc {
		for _, v := range acc {
			u.zero(v)
		}
	}
	k := GP64()
	MOVQ(Mem{Base: lengths}, k)
	t.chain(k)
	t.addIntegers(args)
	ADDQ(U8(8), lengths)
	SUBQ(U8(1), count)
	JNZ(LabelRef("example"))
	finish()
}

// addIntegers rounds the accumulators, which it destroys, into C.
func (t *tile) addIntegers(args reg.Register) {
	c, ld := field(args, sumC), field(args, sumLDC)
	for i, acc := range t.acc {
		for j, v := range acc {
			t.addInteger(v, Mem{Base: c, Disp: 2 * j * t.bytes})
		}
		if i+1 < t.rows {
			ADDQ(ld, c)
		}
	}
}

// addInteger adds the rounded lanes of v to as many int64.
func (u *unit) addInteger(v reg.VecVirtual, dst Mem) {
	high, low := dst.Offset(u.bytes), dst
	if u.wide() {
		a, b, y := ZMM(), ZMM(), YMM()
		VEXTRACTF32X8(U8(1), v, y)
		VCVTPS2QQ(v.AsY(), a)
		VCVTPS2QQ(y, b)
		VPADDQ(low, a, a)
		VPADDQ(high, b, b)
		VMOVDQU64(a, low)
		VMOVDQU64(b, high)
		return
	}
	for i, part := range []Mem{low, high} {
		x, y, shift := XMM(), YMM(), YMM()
		VEXTRACTF128(U8(i), v, x)
		VCVTPS2PD(x, y)
		VBROADCASTSD(double(magic), shift)
		VADDPD(shift, y, y)
		VPSUBQ(shift, y, y)
		VPADDQ(part, y, y)
		VMOVDQU(y, part)
	}
}

var doubles = map[uint64]Mem{}

// double is the address of c as a float64.
func double(c float64) Mem {
	bits := math.Float64bits(c)
	if _, ok := doubles[bits]; !ok {
		m := GLOBL(fmt.Sprintf("d%016x", bits), 8|16)
		DATA(0, U64(bits))
		doubles[bits] = m
	}
	return doubles[bits]
}

// packScaled is packRows with every number multiplied by the scale.
func (u *unit) packScaled() {
	args := u.function("packScaled", "packArgs", "copies n columns of k rows times the scale, and zeroes the vector's other columns.")
	src, ld, dst, ldDst, k := field(args, packSrc), field(args, packLD), field(args, packDst), field(args, packLDDst), field(args, packK)
	m := u.maskOf(field(args, packN))
	scale := u.spread(Mem{Base: args, Disp: 8 * packScale})
	v := u.vec()
	Label("row")
	u.load(Mem{Base: src}, m, v)
	VMULPS(scale, v, v)
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(ld, src)
	ADDQ(ldDst, dst)
	SUBQ(U8(1), k)
	JNZ(LabelRef("row"))
	finish()
}

// toGrid emits the rounding of s x, a product in float64, into int64 sums.
// n is a multiple of the lanes; s is a float64 in the place of scalars 0 and 1.
func (u *unit) toGrid() {
	args := u.function("toGrid", "mapArgs", "adds round(s x) to the int64 at out.")
	x, out, n := field(args, mapX), field(args, mapOut), field(args, mapN)
	scale, shift := u.vec(), u.vec()
	VBROADCASTSD(scalar(args, 0), scale)
	VBROADCASTSD(double(magic), shift)
	Label("grid")
	for part := range 2 {
		dst := Mem{Base: out, Disp: part * u.bytes}
		d := u.vec()
		VCVTPS2PD(Mem{Base: x, Disp: part * u.bytes / 2}, d)
		VMULPD(scale, d, d)
		if u.wide() {
			VCVTPD2QQ(d, d)
			VPADDQ(dst, d, d)
			VMOVDQU64(d, dst)
		} else {
			VADDPD(shift, d, d)
			VPSUBQ(shift, d, d)
			VPADDQ(dst, d, d)
			VMOVDQU(d, dst)
		}
	}
	ADDQ(U8(u.bytes), x)
	ADDQ(I32(int32(2*u.bytes)), out)
	SUBQ(U8(u.lanes()), n)
	JNZ(LabelRef("grid"))
	finish()
}

// dot emits Σ x y over n numbers in float64 lanes, left as a float64 in the
// place of scalars 0 and 1, where it starts.
func (u *unit) dot() {
	args := u.function("dot", "mapArgs", "adds Σ x y, products and sums in float64, to the float64 in the scalars.")
	w := u.walk(args)
	x, y := field(args, mapX), field(args, mapY)
	low, high := w.vec(), w.vec()
	w.zero(low)
	w.zero(high)
	w.each(args, func(at reg.Register, m mask) {
		a, b := w.from(x, at, m), w.from(y, at, m)
		w.addProducts(a, b, low, high)
	})
	VADDPD(high, low, low)
	sum := w.totalDouble(low)
	VADDSD(scalar(args, 0), sum.AsX(), sum.AsX())
	VMOVSD(sum.AsX(), scalar(args, 0))
	finish()
}

var triangleData *Mem

// triangle is 2 for 15 lanes, 1 for one and 0 for 15: the weights of a vector
// that holds an element of the diagonal, read from the right place on.
func triangle() Mem {
	if triangleData == nil {
		m := GLOBL("triangle", 8|16)
		for i := range 31 {
			DATA(4*i, U32(math.Float32bits([]float32{2, 1, 0}[min(max(i-14, 0), 2)])))
		}
		triangleData = &m
	}
	return *triangleData
}

// dotLower emits Σ x y over two symmetric matrices of n rows, of which only
// the lower triangles are read and count: below the diagonal twice. Rows are
// n numbers rounded up to 16 apart.
func (u *unit) dotLower() {
	args := u.function("dotLower", "mapArgs", "leaves Σ x y of symmetric matrices, in float64, in the scalars.")
	x, y, n := field(args, mapX), field(args, mapY), field(args, mapN)
	ld, row, weights, start := GP64(), GP64(), GP64(), GP64()
	LEAQ(Mem{Base: n, Disp: 15}, ld)
	ANDQ(I8(-16), ld)
	SHLQ(U8(2), ld)
	LEAQ(triangle(), weights)
	XORQ(row, row)
	sums := u.vecs(4) // low and high halves, below and on the diagonal
	for _, s := range sums {
		u.zero(s)
	}
	Label("row")
	MOVQ(row, start)
	ANDQ(I8(-u.lanes()), start)
	at := GP64()
	XORQ(at, at)
	Label("below")
	CMPQ(at, start)
	JEQ(LabelRef("diagonal"))
	a, b := u.vec(), u.vec()
	VMOVUPS(Mem{Base: x, Index: at, Scale: 4}, a)
	VMOVUPS(Mem{Base: y, Index: at, Scale: 4}, b)
	u.addProducts(a, b, sums[0], sums[1])
	ADDQ(U8(u.lanes()), at)
	JMP(LabelRef("below"))
	Label("diagonal")
	back := GP64()
	MOVQ(U32(15), back)
	ADDQ(start, back)
	SUBQ(row, back)
	c, d := u.vec(), u.vec()
	VMOVUPS(Mem{Base: x, Index: start, Scale: 4}, c)
	VMULPS(Mem{Base: weights, Index: back, Scale: 4}, c, c)
	VMOVUPS(Mem{Base: y, Index: start, Scale: 4}, d)
	u.addProducts(c, d, sums[2], sums[3])
	ADDQ(ld, x)
	ADDQ(ld, y)
	ADDQ(U8(1), row)
	CMPQ(row, n)
	JLT(LabelRef("row"))
	VADDPD(sums[1], sums[0], sums[0])
	VADDPD(sums[0], sums[0], sums[0])
	VADDPD(sums[3], sums[2], sums[2])
	VADDPD(sums[2], sums[0], sums[0])
	VMOVSD(u.totalDouble(sums[0]).AsX(), scalar(args, 0))
	finish()
}

// addProducts adds the products of the low and high halves' lanes.
func (u *unit) addProducts(a, b, low, high reg.VecVirtual) {
	a0, b0, a1, b1 := u.vec(), u.vec(), u.vec(), u.vec()
	if u.wide() {
		ya, yb := YMM(), YMM()
		VEXTRACTF32X8(U8(1), a, ya)
		VEXTRACTF32X8(U8(1), b, yb)
		VCVTPS2PD(a.AsY(), a0)
		VCVTPS2PD(b.AsY(), b0)
		VCVTPS2PD(ya, a1)
		VCVTPS2PD(yb, b1)
	} else {
		xa, xb := XMM(), XMM()
		VEXTRACTF128(U8(1), a, xa)
		VEXTRACTF128(U8(1), b, xb)
		VCVTPS2PD(a.AsX(), a0)
		VCVTPS2PD(b.AsX(), b0)
		VCVTPS2PD(xa, a1)
		VCVTPS2PD(xb, b1)
	}
	VFMADD231PD(a0, b0, low)
	VFMADD231PD(a1, b1, high)
}

func (u *unit) totalDouble(v reg.VecVirtual) reg.VecVirtual {
	y := YMM()
	if u.wide() {
		VEXTRACTF64X4(U8(1), v, y)
		VADDPD(v.AsY(), y, y)
	} else {
		VMOVAPD(v, y)
	}
	x, s := XMM(), XMM()
	VEXTRACTF128(U8(1), y, x)
	VADDPD(y.AsX(), x, x)
	VUNPCKHPD(x, x, s)
	VADDSD(s, x, x)
	return x
}
