package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// roundKeys is how many AES-256 has.
const roundKeys = 15

// expandKey emits the key schedule of AES-256 (FIPS 197, section 5.2).
func expandKey() {
	TEXT("expandKey", NOSPLIT, "func(key, keys *byte)")
	Pragma("noescape")
	Doc("expandKey makes the 15 round keys of a key of AES-256.")
	key, keys := Load(Param("key"), GP64()), Load(Param("keys"), GP64())
	even, odd := XMM(), XMM()
	MOVOU(Mem{Base: key}, even)
	MOVOU(Mem{Base: key, Disp: 16}, odd)
	MOVOU(even, Mem{Base: keys})
	MOVOU(odd, Mem{Base: keys, Disp: 16})
	// next turns the round key before the last into the next: word spread of what the last one gives is added to its
	// running sums.
	next := func(round int, constant, word uint8, last, before reg.VecVirtual) {
		given, shifted := XMM(), XMM()
		AESKEYGENASSIST(U8(constant), last, given)
		PSHUFD(U8(word), given, given)
		MOVO(before, shifted)
		for range 3 {
			PSLLDQ(U8(4), shifted)
			PXOR(shifted, before)
		}
		PXOR(given, before)
		MOVOU(before, Mem{Base: keys, Disp: 16 * round})
	}
	for round := 2; round < roundKeys; round += 2 {
		next(round, 1<<(round/2-1), 0xff, odd, even)
		if round+1 < roundKeys {
			next(round+1, 0, 0xaa, even, odd)
		}
	}
	RET()
}

// counterBlocks emits AES-256 in counter mode, 32 blocks at a time.
func counterBlocks() {
	TEXT("counterBlocks", NOSPLIT, "func(keys *byte, first uint64, dst *byte, groups int)")
	Pragma("noescape")
	Doc("counterBlocks enciphers the counters from first on, below 2⁶⁴, into dst: groups of 32 blocks, at least 1.")
	keys, first := Load(Param("keys"), GP64()), Load(Param("first"), GP64())
	dst, groups := Load(Param("dst"), GP64()), Load(Param("groups"), GP64())
	var round [roundKeys]reg.VecVirtual
	for i := range round {
		round[i] = ZMM()
		VBROADCASTI32X4(Mem{Base: keys, Disp: 16 * i}, round[i])
	}
	blocks := countFrom(first)
	Label("blocks")
	var state [8]reg.VecVirtual
	for i := range state {
		state[i] = blocks.next()
		VPXORQ(round[0], state[i], state[i])
	}
	for _, key := range round[1 : roundKeys-1] {
		for _, s := range state {
			VAESENC(key, s, s)
		}
	}
	for i, s := range state {
		VAESENCLAST(round[roundKeys-1], s, s)
		VMOVDQU64(s, Mem{Base: dst, Disp: 64 * i})
	}
	ADDQ(U32(512), dst)
	DECQ(groups)
	JNZ(LabelRef("blocks"))
	VZEROUPPER()
	RET()
}

// counters are what counter mode enciphers, four blocks at a time.
type counters struct{ at, four, reverse reg.VecVirtual }

// countFrom begins at a counter. Counters lie in the odd quarters of eight bytes; as blocks, their bytes are reversed.
func countFrom(first reg.Register) counters {
	c := counters{ZMM(), ZMM(), ZMM()}
	odd, mask := K(), GP32()
	MOVL(U32(0xaa), mask)
	KMOVW(mask, odd)
	VPBROADCASTQ_Z(first, odd, c.at)
	VPADDQ(table64("countOn", 0, 0, 0, 1, 0, 2, 0, 3), c.at, c.at)
	VMOVDQU64(table64("countBy", 0, 4, 0, 4, 0, 4, 0, 4), c.four)
	VBROADCASTI32X4(table64("reverseBytes", 0x0706050403020100, 0x08090a0b0c0d0e0f), c.reverse)
	return c
}

// next is the next four blocks.
func (c counters) next() reg.VecVirtual {
	v := ZMM()
	VPSHUFB(c.reverse, c.at, v)
	VPADDQ(c.four, c.at, c.at)
	return v
}

var tables64 = map[string]Mem{}

// table64 is read-only memory with the given numbers.
func table64(name string, numbers ...uint64) Mem {
	if data, ok := tables64[name]; ok {
		return data
	}
	data := GLOBL(name, 8|16)
	for i, n := range numbers {
		DATA(8*i, U64(n))
	}
	tables64[name] = data
	return data
}
