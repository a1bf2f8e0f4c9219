package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of packArgs.
const (
	packSrc = iota
	packLD
	packDst
	packLDDst
	packK
	packN
	packScale
)

func (u *unit) packs() {
	u.packRows()
	u.packColumns()
	u.packScaled()
}

// packRows copies k rows of at most one vector.
func (u *unit) packRows() {
	args := u.function("packRows", "packArgs", "copies n columns of k rows, and zeroes the vector's other columns.")
	src, ld, dst, ldDst, k := field(args, packSrc), field(args, packLD), field(args, packDst), field(args, packLDDst), field(args, packK)
	m := u.maskOf(field(args, packN))
	v := u.vec()
	Label("row")
	u.load(Mem{Base: src}, m, v)
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(ld, src)
	ADDQ(ldDst, dst)
	SUBQ(U8(1), k)
	JNZ(LabelRef("row"))
	finish()
}

// packColumns transposes: n rows of k numbers become k rows of one vector.
// Rows past n repeat the last. The rows of dst are written up to the next
// multiple of the lanes.
func (u *unit) packColumns() {
	args := u.function("packColumns", "packArgs", "transposes n rows of k numbers into k rows of a vector, rounded up to whole blocks.")
	lanes := u.lanes()
	rows := AllocLocal(8 * lanes)
	u.rowTable(args, rows)
	dst, ldDst, k := field(args, packDst), field(args, packLDDst), field(args, packK)
	at := GP64()
	XORQ(at, at)
	Label("block")
	left := GP64()
	MOVQ(k, left)
	limit := GP64()
	MOVQ(U32(uint32(lanes)), limit)
	CMPQ(left, limit)
	CMOVQGT(limit, left)
	m := u.maskOf(left)
	in := u.vecs(lanes)
	for i, v := range in {
		row := GP64()
		MOVQ(rows.Offset(8*i), row)
		u.load(Mem{Base: row, Index: at, Scale: 4}, m, v)
	}
	for _, v := range u.transpose(in) {
		VMOVUPS(v, Mem{Base: dst})
		ADDQ(ldDst, dst)
	}
	ADDQ(U8(lanes), at)
	SUBQ(U8(lanes), k)
	JGT(LabelRef("block"))
	finish()
}

// rowTable stores the addresses of the rows, the last repeated past n.
func (u *unit) rowTable(args reg.Register, table Mem) {
	src, ld, n := field(args, packSrc), field(args, packLD), field(args, packN)
	none := GP64()
	XORQ(none, none)
	for i := range u.lanes() {
		MOVQ(src, table.Offset(8*i))
		CMPQ(n, U8(i+1))
		CMOVQLE(none, ld)
		ADDQ(ld, src)
	}
}

// transpose returns the columns of a square block of rows.
func (u *unit) transpose(r []reg.VecVirtual) []reg.VecVirtual {
	pairs := u.vecs(len(r))
	for i := 0; i < len(r); i += 2 {
		VUNPCKLPS(r[i+1], r[i], pairs[i])
		VUNPCKHPS(r[i+1], r[i], pairs[i+1])
	}
	quads := u.vecs(len(r))
	for i := 0; i < len(r); i += 4 {
		VUNPCKLPD(pairs[i+2], pairs[i], quads[i])
		VUNPCKHPD(pairs[i+2], pairs[i], quads[i+1])
		VUNPCKLPD(pairs[i+3], pairs[i+1], quads[i+2])
		VUNPCKHPD(pairs[i+3], pairs[i+1], quads[i+3])
	}
	if !u.wide() {
		return u.joinHalves(quads)
	}
	return u.joinQuarters(quads)
}

// joinHalves: quads[i] holds column i of rows 0-3 in its low 128 bits and
// column i+4 in its high.
func (u *unit) joinHalves(q []reg.VecVirtual) []reg.VecVirtual {
	out := u.vecs(8)
	for i := range 4 {
		VPERM2F128(U8(0x20), q[i+4], q[i], out[i])
		VPERM2F128(U8(0x31), q[i+4], q[i], out[i+4])
	}
	return out
}

// joinQuarters: quads[4b+i] holds columns i, i+4, i+8, i+12 of rows 4b-4b+3.
func (u *unit) joinQuarters(q []reg.VecVirtual) []reg.VecVirtual {
	out := u.vecs(16)
	for i := range 4 {
		even01, odd01, even23, odd23 := u.vec(), u.vec(), u.vec(), u.vec()
		VSHUFF32X4(U8(0x88), q[i+4], q[i], even01)
		VSHUFF32X4(U8(0xdd), q[i+4], q[i], odd01)
		VSHUFF32X4(U8(0x88), q[i+12], q[i+8], even23)
		VSHUFF32X4(U8(0xdd), q[i+12], q[i+8], odd23)
		VSHUFF32X4(U8(0x88), even23, even01, out[i])
		VSHUFF32X4(U8(0x88), odd23, odd01, out[i+4])
		VSHUFF32X4(U8(0xdd), even23, even01, out[i+8])
		VSHUFF32X4(U8(0xdd), odd23, odd01, out[i+12])
	}
	return out
}
