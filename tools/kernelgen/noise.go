package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// noise emits the fast path of package dp's Gaussian, eight numbers at a time. It
// is Gaussian.addFast of dp/gaussian.go, in the same integers; a number
// whose bin is not a core, or whose bits above 2⁶⁴ do not decide the rounding, is left to the caller.
//
// With ahead, the eight blocks of AES that other numbers will be made of are enciphered beside every eight numbers:
// AES keeps one port busy, and the rest of the noise the other.
func noise(ahead bool) {
	const arguments = "pairs *byte, sum *int64, groups int, table *uint64, mantissa, places uint64, open *byte"
	if ahead {
		TEXT("addVectorAhead", NOSPLIT, "func("+arguments+", keys *byte, first uint64, then *byte)")
		Doc("addVectorAhead is addVector that enciphers as many blocks, counters from first on, into then.")
	} else {
		TEXT("addVector", NOSPLIT, "func("+arguments+")")
		Doc("addVector is addFast for groups of eight numbers, groups at least 1.")
	}
	Pragma("noescape")
	pairs, sum, groups := Load(Param("pairs"), GP64()), Load(Param("sum"), GP64()), Load(Param("groups"), GP64())
	table, open := Load(Param("table"), GP64()), Load(Param("open"), GP64())
	places, mantissa := Load(Param("places"), GP64()), Load(Param("mantissa"), GP64())
	low, high, shift := everywhere64(mantissa), ZMM(), everywhere64(places)
	VPSRLQ(U8(32), low, high)
	one := GP64()
	MOVQ(U32(1), one)
	half, fraction := ZMM(), ZMM()
	ones := everywhere64(one)
	VPSLLVQ(shift, ones, fraction)
	VPSRLQ(U8(1), fraction, half)
	VPSUBQ(ones, fraction, fraction)
	words, xs := index(0, 2, 4, 6, 8, 10, 12, 14), index(1, 3, 5, 7, 9, 11, 13, 15)
	last, belowCut, cutMask, lowWord := constant64(1023), constant64(1<<53-1), constant64(1<<54-1), constant64(1<<32-1)
	var beside func()
	if ahead {
		beside = encipherBeside()
	}
	Label("group")
	a, b := ZMM(), ZMM()
	VMOVDQU64(Mem{Base: pairs}, a)
	VMOVDQU64(Mem{Base: pairs, Disp: 64}, b)
	word, x := ZMM(), ZMM()
	VMOVDQA64(words, word)
	VMOVDQA64(xs, x)
	VPERMI2Q(b, a, word)
	VPERMI2Q(b, a, x)
	// The alias table: an entry is cut + alias·2⁵⁴.
	bin, entry, draw, cut := ZMM(), ZMM(), ZMM(), ZMM()
	VPSRLQ(U8(53), word, bin)
	VPANDQ(last, bin, bin)
	all := K()
	KXNORW(all, all, all)
	VPXORQ(entry, entry, entry)
	VPGATHERQQ(Mem{Base: table, Index: bin, Scale: 8}, all, entry)
	VPANDQ(belowCut, word, draw)
	VPANDQ(cutMask, entry, cut)
	aliased := K()
	VPCMPUQ(U8(5), cut, draw, aliased)
	VPSRLQ(U8(54), entry, aliased, bin)
	// high·2⁶⁴ + ... = mantissa·(bin·2⁶⁴ + x) + half·2⁶⁴
	total := timesHigh(low, high, x, lowWord)
	VPADDQ(half, total, total)
	part := ZMM()
	VPMULUDQ(bin, low, part)
	VPADDQ(part, total, total)
	VPMULUDQ(bin, high, part)
	VPSLLQ(U8(32), part, part)
	VPADDQ(part, total, total)
	// What is left to the caller.
	left, undecided, bits := K(), K(), ZMM()
	VPCMPEQQ(last, bin, left)
	VPANDQ(fraction, total, bits)
	VPCMPEQQ(fraction, bits, undecided)
	KORW(left, undecided, left)
	mask := GP32()
	KMOVW(left, mask)
	MOVB(mask.As8(), Mem{Base: open})
	KNOTW(left, left)
	// Sign, and sum.
	sign := ZMM()
	VPSRAQ(U8(63), word, sign)
	VPSRLVQ(shift, total, total)
	VPXORQ(sign, total, total)
	VPSUBQ(sign, total, total)
	VMOVDQU64(Mem{Base: sum}, part)
	VPADDQ(total, part, left, part)
	VMOVDQU64(part, Mem{Base: sum})
	if ahead {
		beside()
	}
	ADDQ(Imm(128), pairs)
	ADDQ(Imm(64), sum)
	INCQ(open)
	DECQ(groups)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// encipherBeside prepares what it returns, which enciphers the next eight blocks. Round keys are read as they are
// needed: registers are few.
func encipherBeside() func() {
	keys, then := Load(Param("keys"), GP64()), Load(Param("then"), GP64())
	blocks := countFrom(Load(Param("first"), GP64()))
	return func() {
		state := []reg.VecVirtual{blocks.next(), blocks.next()}
		for round := range roundKeys {
			key := ZMM()
			VBROADCASTI32X4(Mem{Base: keys, Disp: 16 * round}, key)
			for _, s := range state {
				switch round {
				case 0:
					VPXORQ(key, s, s)
				case roundKeys - 1:
					VAESENCLAST(key, s, s)
				default:
					VAESENC(key, s, s)
				}
			}
		}
		for i, s := range state {
			VMOVDQU64(s, Mem{Base: then, Disp: 64 * i})
		}
		ADDQ(Imm(128), then)
	}
}

// timesHigh is the upper 64 bits of the product of x and a number given by
// its halves.
func timesHigh(low, high, x, words reg.VecVirtual) reg.VecVirtual {
	xHigh, ll, lh, hl, hh := ZMM(), ZMM(), ZMM(), ZMM(), ZMM()
	VPSRLQ(U8(32), x, xHigh)
	VPMULUDQ(x, low, ll)
	VPMULUDQ(xHigh, low, lh)
	VPMULUDQ(x, high, hl)
	VPMULUDQ(xHigh, high, hh)
	VPSRLQ(U8(32), ll, ll)
	VPADDQ(ll, lh, lh)
	VPANDQ(words, lh, ll)
	VPADDQ(ll, hl, hl)
	VPSRLQ(U8(32), lh, lh)
	VPSRLQ(U8(32), hl, hl)
	VPADDQ(lh, hh, hh)
	VPADDQ(hl, hh, hh)
	return hh
}

func everywhere64(r reg.Register) reg.VecVirtual {
	v := ZMM()
	VPBROADCASTQ(r, v)
	return v
}

// constant64 is a register with c in every lane of 8 bytes.
func constant64(c uint64) reg.VecVirtual {
	r := GP64()
	MOVQ(U64(c), r)
	return everywhere64(r)
}

// index is a register with the given numbers in its lanes.
func index(numbers ...uint64) reg.VecVirtual {
	v := ZMM()
	VMOVDQU64(table64("index"+string(rune('0'+numbers[0])), numbers...), v)
	return v
}
