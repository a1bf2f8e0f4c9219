package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of dropoutArgs.
const (
	dropX = iota
	dropOut
	dropN
	dropStride
	dropRows
	dropRowLow
	dropRowHigh
	dropThreshold // a word in each half of 4 bytes, then the scale in float32
	dropMultipliers
	dropKeys = dropMultipliers + 2 // ten pairs
)

func argument(args reg.Register, i int) Mem { return Mem{Base: args, Disp: 8 * i} }

// each8 is a vector with the 8 bytes at src in every lane.
func (u *unit) each8(src Mem) reg.VecVirtual {
	v := u.vec()
	VPBROADCASTQ(src, v)
	return v
}

// dropout emits the masking of one example's rows: Philox4x32-10 (Salmon, Moraes, Dror,
// Shaw 2011) on one counter in each lane of 8 bytes, whose high half holds
// what VPMULUDQ does not read. A counter serves 8 numbers with 16 bits each. The
// blocks of a vector are in such an order that the words, joined in pairs,
// are unpacked into the draws of consecutive numbers. n is a multiple of 8 blocks
// (4 on AVX2), so 64 numbers (32).
func (u *unit) dropout() {
	args := u.function("dropout", "dropoutArgs", "zeroes the numbers of rows whose draw is below the threshold, and scales the others.")
	x, out, n, at := field(args, dropX), field(args, dropOut), field(args, dropN), GP64()
	stride, rows := field(args, dropStride), field(args, dropRows)
	first, second := u.each8(argument(args, dropMultipliers)), u.each8(argument(args, dropMultipliers+1))
	threshold := u.spread(argument(args, dropThreshold))
	scale := u.spread(Mem{Base: args, Disp: 8*dropThreshold + 4})
	order, step, one := u.blocks()
	place := u.vec()
	u.zero(place)
	Label("row")
	block := u.vec()
	VMOVUPS(order, block)
	XORQ(at, at)
	Label("mask")
	c := [4]reg.VecVirtual{u.copyOf(block), u.copyOf(place), u.each8(argument(args, dropRowLow)), u.each8(argument(args, dropRowHigh))}
	VPADDQ(step, block, block)
	for round := range 10 {
		c = u.philox(c, first, second, argument(args, dropKeys+2*round), argument(args, dropKeys+2*round+1))
	}
	a, b := u.joinWords(c[0], c[1]), u.joinWords(c[2], c[3])
	front, back := u.vec(), u.vec()
	VPUNPCKLQDQ(b, a, front)
	VPUNPCKHQDQ(b, a, back)
	for half, draws := range []reg.VecVirtual{front, back} {
		u.maskNumbers(draws, threshold, scale, x, out, at, 2*half)
	}
	ADDQ(U8(4*u.lanes()), at)
	CMPQ(at, n)
	JLT(LabelRef("mask"))
	VPADDQ(one, place, place)
	ADDQ(stride, x)
	ADDQ(stride, out)
	DECQ(rows)
	JNZ(LabelRef("row"))
	RET()
}

// blocks is the order in which the lanes take the blocks; and the number of
// lanes, and 1, in every lane.
func (u *unit) blocks() (order Mem, step, one reg.VecVirtual) {
	lanes := u.bytes / 8
	order = GLOBL("blocks"+u.name, 8|16)
	for lane := range lanes {
		DATA(8*lane, U64(lane/2+lane%2*lanes/2))
	}
	count := GLOBL("blockStep"+u.name, 8|16)
	DATA(0, U64(lanes))
	DATA(8, U64(1))
	return order, u.each8(count), u.each8(count.Offset(8))
}

// philox is one round.
func (u *unit) philox(c [4]reg.VecVirtual, first, second reg.VecVirtual, key0, key1 Mem) [4]reg.VecVirtual {
	p, q := u.vec(), u.vec()
	VPMULUDQ(first, c[0], p)
	VPMULUDQ(second, c[2], q)
	return [4]reg.VecVirtual{u.highXor(q, c[1], key0), q, u.highXor(p, c[3], key1), p}
}

// highXor is the high half of each product, xor c, xor the key.
func (u *unit) highXor(product, c reg.VecVirtual, key Mem) reg.VecVirtual {
	v := u.vec()
	VPSRLQ(U8(32), product, v)
	if u.wide() {
		VPTERNLOGQ_BCST(U8(0x96), key, c, v)
		return v
	}
	k := u.each8(key)
	VPXOR(k, v, v)
	VPXOR(c, v, v)
	return v
}

// joinWords puts the low words of a and b beside each other.
func (u *unit) joinWords(a, b reg.VecVirtual) reg.VecVirtual {
	v := u.vec()
	VPSLLQ(U8(32), b, v)
	if u.wide() {
		k, odd := K(), GP32()
		MOVL(U32(0xaaaa), odd)
		KMOVW(odd, k)
		VPBLENDMD(v, a, k, v)
		return v
	}
	VPBLENDD(U8(0xaa), v, a, v)
	return v
}

// maskNumbers masks two vectors of numbers by a vector of draws.
func (u *unit) maskNumbers(draws, threshold, scale reg.VecVirtual, x, out, at reg.Register, vector int) {
	place := func(base reg.Register, i int) Mem {
		return Mem{Base: base, Index: at, Scale: 4, Disp: u.bytes * (vector + i)}
	}
	if u.wide() {
		kept := K()
		VPCMPUW(U8(5), threshold, draws, kept)
		for i := range 2 {
			y := u.vec()
			VMULPS_Z(place(x, i), scale, kept, y)
			VMOVUPS(y, place(out, i))
			KSHIFTRD(U8(16), kept, kept)
		}
		return
	}
	kept := u.vec()
	VPMAXUW(threshold, draws, kept)
	VPCMPEQW(draws, kept, kept)
	for i := range 2 {
		part, y := u.vec(), u.vec()
		words := XMM()
		VEXTRACTI128(U8(i), kept, words)
		VPMOVSXWD(words, part)
		VMULPS(place(x, i), scale, y)
		VPAND(part, y, y)
		VMOVUPS(y, place(out, i))
	}
}
