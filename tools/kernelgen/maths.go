package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var constants = map[uint32]Mem{}

// constant is the address of eight copies of c.
func constant(c float64) Mem { return constantBits(math.Float32bits(float32(c))) }

func constantBits(bits uint32) Mem {
	if m, ok := constants[bits]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("c%08x", bits), 8|16)
	for i := range 8 {
		DATA(4*i, U32(bits))
	}
	constants[bits] = m
	return m
}

// all is a register with c in every lane.
func (u *unit) all(c float64) reg.VecVirtual {
	v := u.vec()
	VBROADCASTSS(constant(c), v)
	return v
}

// spread is a register with the 4 bytes at src in every lane.
func (u *unit) spread(src Mem) reg.VecVirtual {
	v := u.vec()
	VBROADCASTSS(src, v)
	return v
}

func (u *unit) copyOf(x reg.VecVirtual) reg.VecVirtual {
	v := u.vec()
	VMOVAPS(x, v)
	return v
}

// timesC is x c.
func (u *unit) timesC(x reg.VecVirtual, c float64) reg.VecVirtual {
	v := u.vec()
	if u.wide() {
		VMULPS_BCST(constant(c), x, v)
	} else {
		VMULPS(constant(c), x, v)
	}
	return v
}

// fmaC replaces y by y x + c.
func (u *unit) fmaC(c float64, x, y reg.VecVirtual) {
	if u.wide() {
		VFMADD213PS_BCST(constant(c), x, y)
	} else {
		VFMADD213PS(constant(c), x, y)
	}
}

// addProductC replaces y by y + x c.
func (u *unit) addProductC(c float64, x, y reg.VecVirtual) {
	if u.wide() {
		VFMADD231PS_BCST(constant(c), x, y)
	} else {
		VFMADD231PS(constant(c), x, y)
	}
}

// polynomial is Σ c[i] xⁱ by Horner's rule.
func (u *unit) polynomial(x reg.VecVirtual, c ...float64) reg.VecVirtual {
	y := u.all(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		u.fmaC(c[i], x, y)
	}
	return y
}

// bits applies AND or XOR with a constant.
func (u *unit) and(x reg.VecVirtual, bits uint32) reg.VecVirtual {
	v, c := u.vec(), u.vec()
	VBROADCASTSS(constantBits(bits), c)
	VANDPS(c, x, v)
	return v
}

// The exponential: x = n ln 2 + r with |r| <= ln(2)/2, and 2ⁿ times a minimax
// polynomial of exp(r), whose relative error is 1.9e-9. Arguments are clamped
// to [-87, 88], so results are normal numbers; NaN stays NaN.
var expPolynomial = []float64{1.000000000554252, 1.0000000363272046, 0.4999999207893196, 0.16666420151707717, 0.041668225684506906, 0.008374817333687343, 0.0013836844116237555}

const (
	shifter = 0x1.8p23 // adding it rounds to an integer, kept in the low bits
	ln2High = 0x1.62e4p-1
	ln2Low  = math.Ln2 - ln2High
)

// exp is exp(x). It destroys x.
func (u *unit) exp(x reg.VecVirtual) reg.VecVirtual {
	low, high := u.all(-87), u.all(88)
	VMAXPS(x, low, x)
	VMINPS(x, high, x)
	n, shift := u.copyOf(x), u.all(shifter)
	log2e := u.all(math.Log2E)
	VFMADD213PS(shift, log2e, n)
	whole := u.vec()
	VSUBPS(shift, n, whole)
	u.addProductC(-ln2High, whole, x)
	u.addProductC(-ln2Low, whole, x)
	y := u.polynomial(x, expPolynomial...)
	if u.wide() {
		VSCALEFPS(whole, y, y)
		return y
	}
	one := u.all(1)
	VPSLLD(U8(23), n, n)
	VPADDD(one, n, n)
	VMULPS(n, y, y)
	return y
}

// The normal distribution function: with t = 1/(1 + p |x|),
//
//	Φ(-|x|) = exp(-x²/2) t P(t),
//
// P being the minimax polynomial of exp(x²/2) Φ(-|x|) / t for |x| <= 13.2,
// with relative error 1.1e-8.
var (
	tailScale      = 0.265
	tailPolynomial = []float64{0.10574212349231833, 0.10523707945641382, 0.10277011051950982, 0.060038599975744865, 0.13861048883529148, -0.11733653673555602, 0.21868840826151406, -0.14466307169173928, 0.030912803387249343}
)

// normal returns Φ(x) and exp(-x²/2).
func (u *unit) normal(x reg.VecVirtual) (phi, density reg.VecVirtual) {
	t, half := u.vec(), u.timesC(x, -0.5)
	VMULPS(x, half, half)
	density = u.exp(half)
	one := u.all(1)
	a := u.and(x, 0x7fffffff)
	u.fmaCReg(a, tailScale, one)
	VDIVPS(a, one, t)
	tail := u.polynomial(t, tailPolynomial...)
	VMULPS(t, tail, tail)
	VMULPS(density, tail, tail)
	rest := u.vec()
	VSUBPS(tail, one, rest)
	return u.bySign(x, tail, rest), density
}

// fmaCReg replaces x by x c + y.
func (u *unit) fmaCReg(x reg.VecVirtual, c float64, y reg.VecVirtual) {
	if u.wide() {
		VFMADD132PS_BCST(constant(c), y, x)
	} else {
		VFMADD132PS(constant(c), y, x)
	}
}

// bySign chooses negative where x has its sign bit set.
func (u *unit) bySign(x, negative, positive reg.VecVirtual) reg.VecVirtual {
	v := u.vec()
	if u.wide() {
		k := K()
		VPMOVD2M(x, k)
		VBLENDMPS(negative, positive, k, v)
		return v
	}
	VBLENDVPS(x, negative, positive, v)
	return v
}

// total adds the lanes of v, halves first, into lane 0 of an XMM register.
func (u *unit) total(v reg.VecVirtual) reg.VecVirtual {
	return u.reduce(v, func(a, b, c Op) { VADDPS(a, b, c) })
}

// top is the largest lane.
func (u *unit) top(v reg.VecVirtual) reg.VecVirtual {
	return u.reduce(v, func(a, b, c Op) { VMAXPS(a, b, c) })
}

func (u *unit) reduce(v reg.VecVirtual, f func(a, b, c Op)) reg.VecVirtual {
	y := YMM()
	if u.wide() {
		VEXTRACTF32X8(U8(1), v, y)
		f(v.AsY(), y, y)
	} else {
		VMOVAPS(v, y)
	}
	x, s := XMM(), XMM()
	VEXTRACTF128(U8(1), y, x)
	f(y.AsX(), x, x)
	VMOVHLPS(x, x, s)
	f(x, s, s)
	w := XMM()
	VMOVSHDUP(s, w)
	f(s, w, w)
	return w
}

// everywhere copies lane 0.
func (u *unit) everywhere(x reg.VecVirtual) reg.VecVirtual {
	v := u.vec()
	VBROADCASTSS(x.AsX(), v)
	return v
}
