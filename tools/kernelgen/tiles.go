package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A tile is a block of a product C = start + A B with up to u.rows rows and
// one or two vectors of columns. Every element is one chain of fused
// multiply-adds by ascending k, whatever the tile around it.

// Fields of tileArgs, in the order of the Go declaration.
const (
	fieldA = iota
	fieldB
	fieldStart
	fieldC
	fieldLDA
	fieldLDB
	fieldLDStart
	fieldLDC
	fieldK
	fieldN
	fieldAhead
	fieldSquare
)

// tiles emits tile{N,T}{rows}x{vectors}: A row-major (N), or stored by columns (T).
func (u *unit) tiles() {
	for _, transposed := range []bool{false, true} {
		for vectors := 1; vectors <= 2; vectors++ {
			for rows := 1; rows <= u.rows; rows++ {
				u.tile(transposed, rows, vectors)
			}
		}
	}
}

// tile holds the registers of one function.
type tile struct {
	*unit
	transposed    bool
	rows, vectors int
	acc           [][]reg.VecVirtual
	last          mask
	pointers      []reg.GPVirtual // to A: rows 0, 5 and 10, or the column
	lda, lda3     reg.GPVirtual
	b, ldb        reg.GPVirtual
	ahead         reg.GPVirtual // what to prefetch, a line each four steps; nil for nothing
}

func (u *unit) tile(transposed bool, rows, vectors int) {
	form := "N"
	if transposed {
		form = "T"
	}
	if u.pairs {
		form = "B"
	}
	args := u.function(fmt.Sprintf("tile%s%dx%dv", form, rows, vectors), "tileArgs",
		fmt.Sprintf("computes %d rows and %d vectors of columns.", rows, vectors))
	t := &tile{unit: u, transposed: transposed, rows: rows, vectors: vectors}
	n := field(args, fieldN)
	if vectors == 2 {
		SUBQ(U8(u.lanes()), n)
	}
	t.last = u.maskOf(n)
	t.claim(field(args, fieldC), field(args, fieldLDC), vectors*u.bytes)
	t.begin(args)
	t.loop(args)
	t.end(args)
	finish()
}

// claim asks for the lines of C, whose rows have so many bytes, before the instructions that write them.
func (t *tile) claim(c, ld reg.GPVirtual, bytes int) {
	for i := range t.rows {
		for j := 0; j < bytes; j += 64 {
			PREFETCHT0(Mem{Base: c, Disp: j})
		}
		if i+1 < t.rows {
			ADDQ(ld, c)
		}
	}
}

// begin loads the accumulators from start.
func (t *tile) begin(args reg.Register) {
	at, ld := field(args, fieldStart), field(args, fieldLDStart)
	for i := range t.rows {
		t.acc = append(t.acc, t.vecs(t.vectors))
		for j, v := range t.acc[i] {
			t.load(Mem{Base: at, Disp: j * t.bytes}, t.maskFor(j), v)
		}
		if i+1 < t.rows {
			ADDQ(ld, at)
		}
	}
}

func (t *tile) maskFor(j int) mask {
	if j == t.vectors-1 {
		return t.last
	}
	return nil
}

// loop sets up the factors and adds their products.
func (t *tile) loop(args reg.Register) {
	k := field(args, fieldK)
	t.b, t.ldb = field(args, fieldB), field(args, fieldLDB)
	t.lda = field(args, fieldLDA)
	t.pointers = []reg.GPVirtual{field(args, fieldA)}
	t.ahead = field(args, fieldAhead)
	if !t.transposed {
		t.rowPointers()
	}
	t.chain(k)
}

// chain adds k products, four steps at a time and then one.
func (t *tile) chain(k reg.GPVirtual) {
	SUBQ(U8(4), k)
	JLT(LabelRef("rest"))
	Label("four")
	if t.ahead != nil {
		PREFETCHT0(Mem{Base: t.ahead})
		ADDQ(U8(64), t.ahead)
	}
	for u := range 4 {
		t.step(u)
	}
	t.advance(4)
	SUBQ(U8(4), k)
	JGE(LabelRef("four"))
	Label("rest")
	ADDQ(U8(4), k)
	JZ(LabelRef("done"))
	Label("one")
	t.step(0)
	t.advance(1)
	SUBQ(U8(1), k)
	JNZ(LabelRef("one"))
	Label("done")
}

// rowPointers makes a pointer to every fifth row; rows between are reached by
// multiples 1 to 4 of the leading dimension.
func (t *tile) rowPointers() {
	t.lda3 = GP64()
	LEAQ(Mem{Base: t.lda, Index: t.lda, Scale: 2}, t.lda3)
	for row := 5; row < t.rows; row += 5 {
		next, last := GP64(), t.pointers[len(t.pointers)-1]
		LEAQ(Mem{Base: last, Index: t.lda, Scale: 4}, next)
		ADDQ(t.lda, next)
		t.pointers = append(t.pointers, next)
	}
}

// element is the address of A's row i, u steps ahead.
func (t *tile) element(i, u int) Mem {
	if t.transposed {
		return Mem{Base: t.pointers[0], Disp: 4 * i}
	}
	m := Mem{Base: t.pointers[i/5], Disp: 4 * u}
	switch i % 5 {
	case 1, 2, 4:
		m.Index, m.Scale = t.lda, uint8(i%5)
	case 3:
		m.Index, m.Scale = t.lda3, 1
	}
	return m
}

func (t *tile) step(u int) {
	b := t.vecs(t.vectors)
	for j, v := range b {
		t.load(Mem{Base: t.b, Disp: j * t.bytes}, t.maskFor(j), v)
	}
	for i, acc := range t.acc {
		a := t.vec()
		VBROADCASTSS(t.element(i, u), a)
		for j := range acc {
			if t.pairs {
				dotPairs(b[j], a, acc[j])
			} else {
				VFMADD231PS(b[j], a, acc[j])
			}
		}
	}
	ADDQ(t.ldb, t.b)
	if t.transposed {
		ADDQ(t.lda, t.pointers[0])
	}
}

func (t *tile) advance(steps int) {
	if t.transposed {
		return
	}
	for _, p := range t.pointers {
		ADDQ(U8(4*steps), p)
	}
}

// end stores the accumulators.
func (t *tile) end(args reg.Register) {
	c, ld := field(args, fieldC), field(args, fieldLDC)
	for i, acc := range t.acc {
		for j, v := range acc {
			t.store(v, t.maskFor(j), Mem{Base: c, Disp: j * t.bytes})
		}
		if i+1 < t.rows {
			ADDQ(ld, c)
		}
	}
}
