package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Go's assembler does not know AVX512_BF16. Its two instructions that we need
// are written as others with operands of the same kinds, which nothing else
// here uses, and replaced by their bytes in the file that avo has written.

// dotPairs adds a₀b₀ + a₁b₁ of each lane's pair of bfloat16 to acc: VDPBF16PS.
func dotPairs(b, a, acc reg.VecVirtual) { VPERMT2PS(b, a, acc) }

// toBFloat16 rounds sixteen float32 to bfloat16: VCVTNEPS2BF16.
func toBFloat16(x reg.VecVirtual) reg.VecVirtual {
	y := YMM()
	VPMOVDW(x, y)
	return y
}

var standIns = regexp.MustCompile(`(?m)^\t(VPERMT2PS|VPMOVDW) +Z(\d+), ([YZ])(\d+)(?:, Z(\d+))?$`)

// writeBFloat16 replaces the stand-ins in an assembly file.
func writeBFloat16(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text = standIns.ReplaceAllFunc(text, func(line []byte) []byte {
		m := standIns.FindSubmatch(line)
		number := func(i int) int { n, _ := strconv.Atoi(string(m[i])); return n }
		if string(m[1]) == "VPMOVDW" {
			return evex("VCVTNEPS2BF16", 0x72, number(4), 0, number(2))
		}
		return evex("VDPBF16PS", 0x52, number(5), number(4), number(2))
	})
	return os.WriteFile(path, text, 0o644)
}

// evex writes EVEX.512.F3.0F38.W0 opcode /r with registers only: Intel's
// first, second and third operand.
func evex(name string, opcode byte, first, second, third int) []byte {
	bit := func(n, i int) int { return n >> i & 1 }
	not := func(b int) int { return 1 - b }
	p0 := not(bit(first, 3))<<7 | not(bit(third, 4))<<6 | not(bit(third, 3))<<5 | not(bit(first, 4))<<4 | 2
	p1 := (^second&15)<<3 | 1<<2 | 2
	p2 := 2<<5 | not(bit(second, 4))<<3
	modrm := 3<<6 | first&7<<3 | third&7
	return fmt.Appendf(nil, "\tBYTE $0x62; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x%02x // %s %d, %d, %d",
		p0, p1, p2, opcode, modrm, name, first, second, third)
}

// bfloat16 emits the tiles and the packing of bfloat16 products.
func (u *unit) bfloat16() {
	u.pairs = true
	for vectors := 1; vectors <= 2; vectors++ {
		for rows := 1; rows <= u.rows; rows++ {
			u.tile(false, rows, vectors)
		}
	}
	u.pairs = false
	u.packPairs()
	u.packHalves()
}

// packPairs rounds rows of float32 to bfloat16 and joins each two: k pairs of
// rows of src, one vector wide, become k rows of pairs.
func (u *unit) packPairs() {
	args := u.function("packPairs", "packArgs", "joins two rows of a vector into one of bfloat16 pairs, k times.")
	src, ld, dst, ldDst, k := field(args, packSrc), field(args, packLD), field(args, packDst), field(args, packLDDst), field(args, packK)
	Label("pair")
	even, odd := ZMM(), ZMM()
	VMOVUPS(Mem{Base: src}, even)
	VMOVUPS(Mem{Base: src, Index: ld, Scale: 1}, odd)
	low, high := ZMM(), ZMM()
	VPMOVZXWD(toBFloat16(even), low)
	VPMOVZXWD(toBFloat16(odd), high)
	VPSLLD(U8(16), high, high)
	VPORD(low, high, high)
	VMOVUPS(high, Mem{Base: dst})
	LEAQ(Mem{Base: src, Index: ld, Scale: 2}, src)
	ADDQ(ldDst, dst)
	SUBQ(U8(1), k)
	JNZ(LabelRef("pair"))
	finish()
}

// packHalves rounds n float32 to bfloat16.
func (u *unit) packHalves() {
	args := u.function("packHalves", "mapArgs", "rounds n numbers at x to bfloat16 at out, zeroes up to whole vectors.")
	w := u.walk(args)
	x, out := field(args, mapX), field(args, mapOut)
	w.each(args, func(at reg.Register, m mask) {
		VMOVDQU(toBFloat16(w.from(x, at, m)), Mem{Base: out, Index: at, Scale: 2})
	})
	finish()
}

// roundHalves rounds n float32 to bfloat16, half to even, and leaves them as float32; NaN stays NaN.
func (u *unit) roundHalves() {
	u.elementwise("roundHalves", "rounds n numbers at x to bfloat16, as float32 at out.", 1, func(w *walk, x, _ reg.VecVirtual) reg.VecVirtual {
		odd, y := u.vec(), u.vec()
		VPSRLD(U8(16), x, odd)
		odd = u.and(odd, 1)
		VPADDD(u.spread(constantBits(0x7fff)), x, y)
		VPADDD(odd, y, y)
		y = u.and(y, 0xffff0000)
		if u.wide() {
			nan := K()
			VCMPPS(U8(3), x, x, nan)
			VMOVAPS(x, nan, y)
			return y
		}
		nan := u.vec()
		VCMPPS(U8(3), x, x, nan)
		VBLENDVPS(nan, x, y, y)
		return y
	})
}

// vendor is the function that tells who made the processor: the first of the three words of the name.
func vendor() {
	TEXT("vendor", NOSPLIT, "func() uint32")
	Doc("vendor is EBX of CPUID leaf 0.")
	XORL(reg.EAX, reg.EAX)
	XORL(reg.ECX, reg.ECX)
	CPUID()
	Store(reg.EBX, ReturnIndex(0))
	RET()
}
