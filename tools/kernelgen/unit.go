package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// unit is one vector instruction set. Its methods emit the instruction that
// both sets have in their own way.
type unit struct {
	name  string
	bytes int  // of a vector register
	rows  int  // of the largest tile of two vectors
	tall  int  // of the largest one of one vector that squares or rounds what it adds
	pairs bool // tiles multiply pairs of bfloat16
}

var (
	avx512 = &unit{name: "512", bytes: 64, rows: 14, tall: 16}
	avx2   = &unit{name: "256", bytes: 32, rows: 6, tall: 8}
)

// lanes is the number of float32 in a register.
func (u *unit) lanes() int { return u.bytes / 4 }

// most is the rows of the largest tile of so many vectors that squares or rounds.
func (u *unit) most(vectors int) int {
	if vectors == 1 {
		return u.tall
	}
	return u.rows
}

func (u *unit) wide() bool { return u.bytes == 64 }

// vec is a fresh vector register.
func (u *unit) vec() reg.VecVirtual {
	if u.wide() {
		return ZMM()
	}
	return YMM()
}

func (u *unit) vecs(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = u.vec()
	}
	return v
}

// mask tells which lanes of a vector a partial load or store touches: a mask
// register, or lanes with the sign bit set.
type mask = reg.Register

// maskOf makes the mask of the low n lanes of 4 bytes, n at least 0 and at
// most the lanes of u, from the table of ones and zeros.
func (u *unit) maskOf(n reg.Register) mask {
	if u.wide() {
		bits, k := GP64(), K()
		MOVQ(I64(-1), bits)
		BZHIQ(n, bits, bits)
		KMOVW(bits.As32(), k)
		return k
	}
	base, m := GP64(), YMM()
	at := GP64()
	LEAQ(laneMasks(), base)
	MOVQ(U32(8), at)
	SUBQ(n, at)
	VMOVUPS(Mem{Base: base, Index: at, Scale: 4}, m)
	return m
}

var laneMaskData *Mem

// laneMasks is eight words of ones followed by eight of zeros.
func laneMasks() Mem {
	if laneMaskData == nil {
		m := GLOBL("laneMasks", 8|16) // RODATA|NOPTR
		for i := range 16 {
			word := U32(0)
			if i < 8 {
				word = 0xffffffff
			}
			DATA(4*i, word)
		}
		laneMaskData = &m
	}
	return *laneMaskData
}

// load reads the masked lanes of src and zeroes the others.
func (u *unit) load(src Mem, m mask, dst reg.VecVirtual) {
	switch {
	case m == nil:
		VMOVUPS(src, dst)
	case u.wide():
		VMOVUPS_Z(src, m, dst)
	default:
		VMASKMOVPS(src, m, dst)
	}
}

// store writes the masked lanes of src.
func (u *unit) store(src reg.VecVirtual, m mask, dst Mem) {
	switch {
	case m == nil:
		VMOVUPS(src, dst)
	case u.wide():
		VMOVUPS(src, m, dst)
	default:
		VMASKMOVPS(src, m, dst)
	}
}

func (u *unit) zero(v reg.VecVirtual) {
	if u.wide() {
		VPXORD(v, v, v)
		return
	}
	VXORPS(v, v, v)
}

// function opens a function of u. Its one argument is a pointer to a struct of
// 8-byte fields; field reads the i-th.
func (u *unit) function(name, argument, doc string) reg.Register {
	TEXT(name+u.name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(name + u.name + " " + doc + " Its argument is a *" + argument + ".")
	return Load(Param("a"), GP64())
}

// finish ends a function. It clears the upper halves of the vector registers: while they hold something, each of the
// scalar instructions that Go code is made of waits for the last one that wrote its register (an exponential then
// takes two microseconds).
func finish() {
	VZEROUPPER()
	RET()
}

func field(args reg.Register, i int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: args, Disp: 8 * i}, r)
	return r
}

// pause is the function for loops that wait for another processor.
func pause() {
	TEXT("pause", NOSPLIT, "func()")
	Doc("pause lets a processor rest in a loop that waits.")
	PAUSE()
	RET()
}
