package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of adamArgs: four vectors of n float32, then constants in float64.
const (
	adamTheta = iota
	adamG
	adamM
	adamV
	adamN
	adamBeta1
	adamRest1
	adamBeta2
	adamRest2
	adamCorrect1
	adamCorrect2
	adamEpsilon
	adamRate
	adamShrink
	adamCoupled
)

// updates emits what only AVX-512 has: the integer conversions are its own.
func (u *unit) updates() {
	u.adam()
	u.fromGrid()
	u.divide()
}

// divide emits out = x / d in float64, d in the place of scalars 0 and 1. n is
// a multiple of 8.
func (u *unit) divide() {
	args := u.function("divide", "mapArgs", "computes x / d.")
	x, out, n, at := field(args, mapX), field(args, mapOut), field(args, mapN), GP64()
	divisor := ZMM()
	VBROADCASTSD(scalar(args, 0), divisor)
	XORQ(at, at)
	Label("divide")
	v, y := doubles8(x, at), YMM()
	VDIVPD(divisor, v, v)
	VCVTPD2PS(v, y)
	VMOVUPS(y, Mem{Base: out, Index: at, Scale: 4})
	ADDQ(U8(8), at)
	CMPQ(at, n)
	JLT(LabelRef("divide"))
	finish()
}

// doubles8 reads eight float32 as float64.
func doubles8(base, at reg.Register) reg.VecVirtual {
	v := ZMM()
	VCVTPS2PD(Mem{Base: base, Index: at, Scale: 4}, v)
	return v
}

// rounded writes eight float64 as float32 and returns them so rounded.
func rounded(v reg.VecVirtual, base, at reg.Register) reg.VecVirtual {
	y, z := YMM(), ZMM()
	VCVTPD2PS(v, y)
	VMOVUPS(y, Mem{Base: base, Index: at, Scale: 4})
	VCVTPS2PD(y, z)
	return z
}

// adam emits one step of Adam in float64, in the order of the portable code
// and without fused operations, for the same bits. n is a multiple of 8.
func (u *unit) adam() {
	args := u.function("adam", "adamArgs", "makes one step of Adam.")
	constant := func(i int) reg.VecVirtual {
		v := ZMM()
		VBROADCASTSD(Mem{Base: args, Disp: 8 * i}, v)
		return v
	}
	theta, g, m, v, n, at := field(args, adamTheta), field(args, adamG), field(args, adamM), field(args, adamV), field(args, adamN), GP64()
	var c [adamCoupled + 1]reg.VecVirtual
	for i := adamBeta1; i <= adamCoupled; i++ {
		c[i] = constant(i)
	}
	XORQ(at, at)
	Label("step")
	x, gradient, first, second := doubles8(theta, at), doubles8(g, at), doubles8(m, at), doubles8(v, at)
	a, b := ZMM(), ZMM()
	VMULPD(x, c[adamCoupled], a)
	VADDPD(a, gradient, gradient)
	VMULPD(first, c[adamBeta1], first)
	VMULPD(gradient, c[adamRest1], a)
	VADDPD(a, first, first)
	VMULPD(second, c[adamBeta2], second)
	VMULPD(gradient, c[adamRest2], b)
	VMULPD(gradient, b, b)
	VADDPD(b, second, second)
	first, second = rounded(first, m, at), rounded(second, v, at)
	VMULPD(first, c[adamCorrect1], first)
	VMULPD(second, c[adamCorrect2], second)
	VSQRTPD(second, second)
	VADDPD(c[adamEpsilon], second, second)
	VDIVPD(second, first, first)
	VMULPD(first, c[adamRate], first)
	VMULPD(x, c[adamShrink], x)
	VSUBPD(first, x, x)
	y := YMM()
	VCVTPD2PS(x, y)
	VMOVUPS(y, Mem{Base: theta, Index: at, Scale: 4})
	ADDQ(U8(8), at)
	CMPQ(at, n)
	JLT(LabelRef("step"))
	finish()
}

// fromGrid emits out = x s for int64 x and s a float64 in the place of scalars 0
// and 1. n is a multiple of 8.
func (u *unit) fromGrid() {
	args := u.function("fromGrid", "mapArgs", "turns integer sums into gradients.")
	sum, out, n, at := field(args, mapX), field(args, mapOut), field(args, mapN), GP64()
	scale := ZMM()
	VBROADCASTSD(scalar(args, 0), scale)
	XORQ(at, at)
	Label("grid")
	v, y := ZMM(), YMM()
	VCVTQQ2PD(Mem{Base: sum, Index: at, Scale: 8}, v)
	VMULPD(scale, v, v)
	VCVTPD2PS(v, y)
	VMOVUPS(y, Mem{Base: out, Index: at, Scale: 4})
	ADDQ(U8(8), at)
	CMPQ(at, n)
	JLT(LabelRef("grid"))
	finish()
}
