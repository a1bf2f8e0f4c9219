package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// squareTiles emits squares{rows}x1v: Σ (A B)² over a tile of one vector of columns, A stored by columns. The tile
// itself is not kept.
func (u *unit) squareTiles() {
	for rows := 1; rows <= u.tall; rows++ {
		args := u.function(fmt.Sprintf("squares%dx1v", rows), "tileArgs", fmt.Sprintf("squares %d rows and a vector of columns.", rows))
		t := &tile{unit: u, transposed: true, rows: rows, vectors: 1, last: u.maskOf(field(args, fieldN))}
		t.b, t.ldb, t.lda = field(args, fieldB), field(args, fieldLDB), field(args, fieldLDA)
		t.pointers = []reg.GPVirtual{field(args, fieldA)}
		for range rows {
			t.acc = append(t.acc, u.vecs(1))
			u.zero(t.acc[len(t.acc)-1][0])
		}
		t.chain(field(args, fieldK))
		low, high := u.vec(), u.vec()
		u.zero(low)
		u.zero(high)
		for _, acc := range t.acc {
			u.addProducts(acc[0], acc[0], low, high)
		}
		VADDPD(high, low, low)
		VMOVSD(u.totalDouble(low).AsX(), Mem{Base: args, Disp: 8 * fieldSquare})
		finish()
	}
}

// Fields of rowsArgs.
const (
	rowsX = iota
	rowsG
	rowsMean
	rowsScale
	rowsOut
	rowsLD
	rowsK
	rowsN
)

// addRows emits out += Σ_t g_t over k rows of n numbers, row after row.
func (u *unit) addRows() {
	u.overRows("addRows", "adds k rows at g to out.", func(r *rowLoop) {
		for j, acc := range r.acc {
			v := u.vec()
			u.load(Mem{Base: r.g, Disp: j * u.bytes}, r.maskFor(j), v)
			VADDPS(v, acc, acc)
		}
	})
}

// addNormedRows emits out += Σ_t g_t (x_t - mean[t]) scale[t].
func (u *unit) addNormedRows() {
	u.overRows("addNormedRows", "adds k rows at g times the normalised ones at x to out.", func(r *rowLoop) {
		mean, scale := u.vec(), u.vec()
		VBROADCASTSS(Mem{Base: r.mean}, mean)
		VBROADCASTSS(Mem{Base: r.scale}, scale)
		for j, acc := range r.acc {
			x, g := u.vec(), u.vec()
			u.load(Mem{Base: r.x, Disp: j * u.bytes}, r.maskFor(j), x)
			u.load(Mem{Base: r.g, Disp: j * u.bytes}, r.maskFor(j), g)
			VSUBPS(mean, x, x)
			VMULPS(scale, x, x)
			VFMADD231PS(x, g, acc)
		}
	})
}

// rowLoop is what the body of a loop over rows works with.
type rowLoop struct {
	acc               []reg.VecVirtual
	last              mask // of the last vector; nil where all are whole
	x, g, mean, scale reg.GPVirtual
}

func (r *rowLoop) maskFor(j int) mask {
	if j == len(r.acc)-1 {
		return r.last
	}
	return nil
}

// overRows emits a function that holds four vectors of columns of out at a time while all rows pass, then one.
func (u *unit) overRows(name, doc string, body func(r *rowLoop)) {
	args := u.function(name, "rowsArgs", doc)
	out, n, at := field(args, rowsOut), field(args, rowsN), GP64()
	XORQ(at, at)
	block := func(label string, vectors int, masked bool) {
		r := &rowLoop{acc: u.vecs(vectors), x: field(args, rowsX), g: field(args, rowsG), mean: field(args, rowsMean), scale: field(args, rowsScale)}
		ld, k := field(args, rowsLD), field(args, rowsK)
		if masked {
			r.last = u.maskOf(n)
		}
		ADDQ(at, r.x)
		ADDQ(at, r.g)
		for j, acc := range r.acc {
			u.load(Mem{Base: out, Disp: j * u.bytes}, r.maskFor(j), acc)
		}
		Label(label + "row")
		body(r)
		ADDQ(ld, r.x)
		ADDQ(ld, r.g)
		ADDQ(U8(4), r.mean)
		ADDQ(U8(4), r.scale)
		SUBQ(U8(1), k)
		JNZ(LabelRef(label + "row"))
		for j, acc := range r.acc {
			u.store(acc, r.maskFor(j), Mem{Base: out, Disp: j * u.bytes})
		}
		ADDQ(U32(uint32(vectors*u.bytes)), out)
		ADDQ(U32(uint32(vectors*u.bytes)), at)
	}
	Label("four")
	CMPQ(n, U32(uint32(4*u.lanes())))
	JLT(LabelRef("one"))
	block("four", 4, false)
	SUBQ(U32(uint32(4*u.lanes())), n)
	JMP(LabelRef("four"))
	Label("one")
	CMPQ(n, U32(uint32(u.lanes())))
	JLT(LabelRef("rest"))
	block("one", 1, false)
	SUBQ(U32(uint32(u.lanes())), n)
	JMP(LabelRef("one"))
	Label("rest")
	CMPQ(n, U32(0))
	JEQ(LabelRef("end"))
	block("rest", 1, true)
	Label("end")
	finish()
}
