package main

import (
	"encoding/binary"
	"math"
	"slices"
)

// emitter writes a graph as structured code (Ramsey 2022, "Beyond Relooper"): the blocks that a block dominates stand
// inside it, those with several predecessors behind a WebAssembly block that jumps to them leave.
type emitter struct {
	g      *graph
	c      *cutter
	code   []*instr
	nest   []scope
	locals []byte // types, parameters not counted
	sp     int    // local that holds the stack pointer, -1 without
	frame  bool   // room is taken on Go's stack
	ended  bool   // the function's end is written
}

// scope is an open block, loop or if.
type scope struct {
	open *instr
	to   *basic // where a branch to it leads; nil for an if
}

// dominators finds the immediate dominator of each block (Cooper, Harvey, Kennedy 2001), the blocks where ways meet and
// those that are jumped back to; false where a way leads back into the middle of a loop.
func (g *graph) dominators() bool {
	for _, b := range g.blocks {
		b.dom, b.isMerge, b.isLoop = nil, false, false
	}
	g.entry.dom = g.entry
	for changed := true; changed; {
		changed = false
		for _, b := range g.blocks[1:] {
			var dom *basic
			for _, p := range b.before {
				if p.dom == nil {
					continue
				}
				if dom == nil {
					dom = p
					continue
				}
				q := p
				for q != dom {
					for q.order > dom.order {
						q = q.dom
					}
					for dom.order > q.order {
						dom = dom.dom
					}
				}
			}
			changed = changed || b.dom != dom
			b.dom = dom
		}
	}
	for _, b := range g.blocks {
		forward := 0
		for _, p := range b.before {
			if p.order < b.order {
				forward++
				continue
			}
			b.isLoop = true
			for q := p; q != b; q = q.dom {
				if q == g.entry {
					return false
				}
			}
		}
		b.isMerge = forward > 1
	}
	return true
}

// apart gives every way into a trap one of its own: shorter, compressed, than branches out of all blocks to one in common.
func (g *graph) apart() {
	for _, b := range g.blocks {
		for i, to := range b.next {
			if to.kind == termTrap {
				b.next[i] = &basic{kind: termTrap}
			}
		}
	}
	g.number()
}

// emit returns the locals and instructions of a function.
func (c *cutter) emit(g *graph) ([]byte, []*instr, error) {
	g.apart()
	if !g.dominators() {
		return nil, nil, errShape
	}
	e := &emitter{g: g, c: c, sp: -1}
	e.allocate()
	e.prologue()
	e.tree(g.entry, nil)
	if !e.ended { // all ways have left already
		e.put(opUnreachable, 0)
	}
	return e.localGroups(), e.code, nil
}

func (e *emitter) put(op byte, value int64) *instr {
	x := &instr{op: op, value: value}
	e.code = append(e.code, x)
	return x
}

// prologue takes room on Go's stack if the function keeps something there or calls one that finds its arguments there.
func (e *emitter) prologue() {
	uses := 0
	e.g.each(func(n *node) {
		for i, a := range n.args {
			if a.op == opFrame {
				uses++
				at := a.value
				if i == 0 && (isLoad(n.op) || isStore(n.op)) {
					at = n.value
				}
				e.frame = e.frame || at < int64(e.g.room)
			}
		}
		e.frame = e.frame || n.op == opCall && n.callee.ordinary() && n.callee.graph.inMemory()
	})
	if uses == 0 && !e.frame {
		return
	}
	e.sp = len(e.g.params) + len(e.locals)
	e.locals = append(e.locals, typeI32)
	e.put(opGlobalGet, 0)
	if e.frame {
		e.put(opI32Const, int64(e.g.room))
		e.put(opI32Sub, 0)
		e.put(opLocalTee, int64(e.sp))
		e.put(opGlobalSet, 0)
	} else {
		e.put(opLocalSet, int64(e.sp))
	}
}

// inMemory reports whether a function finds an argument or leaves a result on Go's stack.
func (g *graph) inMemory() bool {
	found := false
	g.each(func(n *node) {
		for i, a := range n.args {
			if a.op == opFrame {
				at := a.value
				if i == 0 && (isLoad(n.op) || isStore(n.op)) {
					at = n.value
				}
				found = found || at >= int64(g.room)
			}
		}
	})
	return found
}

// tree writes a block and all that it dominates. After its code control falls to next.
func (e *emitter) tree(b *basic, next *basic) {
	var inner []*basic
	for _, other := range e.g.blocks {
		if other != b && other.dom == b && other.isMerge {
			inner = append(inner, other)
		}
	}
	if b.isLoop {
		open := e.put(opLoop, 0)
		e.nest = append(e.nest, scope{open, b})
		e.within(b, inner, next)
		e.end(open)
		return
	}
	e.within(b, inner, next)
}

func (e *emitter) end(open *instr) {
	e.nest = e.nest[:len(e.nest)-1]
	e.code = append(e.code, &instr{op: opEnd, open: open})
}

// within writes a block, with the places where ways meet behind it, the last one outermost.
func (e *emitter) within(b *basic, merges []*basic, next *basic) {
	if len(merges) == 0 {
		e.straight(b, next)
		return
	}
	last := merges[len(merges)-1]
	open := e.put(opBlock, 0)
	e.nest = append(e.nest, scope{open, last})
	e.within(b, merges[:len(merges)-1], last)
	e.end(open)
	e.tree(last, next)
}

// straight writes a block's statements and how it ends.
func (e *emitter) straight(b *basic, next *basic) {
	for _, s := range b.code {
		e.statement(s)
	}
	switch b.kind {
	case termJump:
		e.follow(b, b.next[0], next)
	case termCond:
		e.choose(b, next)
	case termReturn:
		for _, n := range b.vals {
			e.expr(n)
		}
		if e.frame {
			e.put(opLocalGet, int64(e.sp))
			e.put(opI32Const, int64(e.g.room))
			e.put(opI32Add, 0)
			e.put(opGlobalSet, 0)
		}
		if e.ended = len(e.nest) == 0; !e.ended {
			e.put(opReturn, 0)
		}
	case termTrap:
		e.put(opUnreachable, 0)
		e.ended = e.ended || len(e.nest) == 0
	}
}

// isJump reports whether the way from b to another block is a branch, not the block's own code.
func (b *basic) isJump(to *basic) bool { return to.order <= b.order || to.isMerge }

func (e *emitter) label(to *basic) *instr {
	for _, s := range slices.Backward(e.nest) {
		if s.to == to {
			return s.open
		}
	}
	panic("cut: a branch to a block that is not open")
}

// follow goes to a block: by falling through, by a branch, or by writing it here.
func (e *emitter) follow(b, to, next *basic) {
	switch {
	case to == next:
	case b.isJump(to):
		e.put(opBr, 0).label = e.label(to)
	default:
		e.tree(to, next)
	}
}

// choose writes a conditional jump.
func (e *emitter) choose(b *basic, next *basic) {
	yes, no, cond := b.next[0], b.next[1], b.cond
	if !b.isJump(yes) && b.isJump(no) || yes == next && b.isJump(no) {
		yes, no, cond = no, yes, not(cond)
	}
	if !b.isJump(yes) && !b.isJump(no) && cond.op == opI32Eqz {
		yes, no, cond = no, yes, cond.args[0]
	}
	if no.kind == termTrap {
		yes, no, cond = no, yes, not(cond)
	}
	e.expr(cond)
	if yes.kind == termTrap {
		open := e.put(opIf, 0)
		e.put(opUnreachable, 0)
		e.code = append(e.code, &instr{op: opEnd, open: open})
		e.follow(b, no, next)
		return
	}
	if b.isJump(yes) {
		if yes == next && no == next {
			panic("cut: a choice between one way")
		}
		e.put(opBrIf, 0).label = e.label(yes)
		e.follow(b, no, next)
		return
	}
	open := e.put(opIf, 0)
	e.nest = append(e.nest, scope{open, nil})
	e.tree(yes, next)
	if next == nil || yes.leaves() {
		e.end(open)
		e.follow(b, no, next)
		return
	}
	e.code = append(e.code, &instr{op: opElse, open: open})
	e.tree(no, next)
	e.end(open)
}

// leaves reports whether control never comes out of a block at its end.
func (b *basic) leaves() bool { return b.kind == termReturn || b.kind == termTrap }

func (e *emitter) statement(s *stmt) {
	e.expr(s.expr)
	for _, v := range slices.Backward(s.dst) {
		e.put(opLocalSet, int64(v.index))
	}
	if s.expr.op == opCall && len(s.dst) == 0 {
		n := 1
		if s.expr.callee.ordinary() {
			n = len(s.expr.callee.graph.resultTypes)
		} else if r := s.expr.callee.signature; r[len(r)-1] == 0 {
			n = 0
		}
		for range n {
			e.put(0x1a, 0)
		}
	}
}

// expr writes an expression. A local that was just set is kept on the stack.
func (e *emitter) expr(n *node) {
	if commutes[n.op] && e.justSet(n.args[1]) && len(n.args[0].args) == 0 && !e.justSet(n.args[0]) {
		n.args[0], n.args[1] = n.args[1], n.args[0]
	}
	for i, a := range n.args {
		if i == 0 && a.op == opFrame && (isLoad(n.op) || isStore(n.op)) {
			e.put(opLocalGet, int64(e.sp)) // the offset is the instruction's own
			continue
		}
		e.expr(a)
	}
	switch {
	case n.op == opFrame:
		e.put(opLocalGet, int64(e.sp))
		offset := n.value
		if !e.frame {
			offset -= int64(e.g.room)
		}
		if offset != 0 {
			e.put(opI32Const, offset)
			e.put(opI32Add, 0)
		}
	case n.op == opLocalGet:
		if e.justSet(n) {
			e.code[len(e.code)-1].op = opLocalTee
			return
		}
		e.put(opLocalGet, int64(n.v.index))
	case n.op == 0x44 && e.small(n):
	default:
		x := e.put(n.op, n.value)
		x.spot, x.raw = n.spot, n.raw
		if isLoad(n.op) || isStore(n.op) {
			offset := n.value
			if n.args[0].op == opFrame && !e.frame {
				offset -= int64(e.g.room)
			}
			x.raw = appendUleb(appendUleb(nil, alignment(n.op)), int(offset))
		}
	}
}

// alignment is the natural one of a load or store, as a power of two.
func alignment(op byte) int {
	return map[int]int{1: 0, 2: 1, 4: 2, 8: 3}[width(op)]
}

// justSet reports whether an expression is a local that the last instruction set.
func (e *emitter) justSet(n *node) bool {
	last := len(e.code) - 1
	return n.op == opLocalGet && last >= 0 && e.code[last].op == opLocalSet && e.code[last].value == int64(n.v.index)
}

// commutes holds the operations whose operands may change places.
var commutes = map[byte]bool{
	opI32Add: true, 0x6c: true, opI32And: true, 0x72: true, 0x73: true, opI64Add: true, 0x7e: true, opI64And: true, 0x84: true, 0x85: true,
	0x46: true, 0x47: true, 0x51: true, 0x52: true, 0x61: true, 0x62: true, 0xa0: true, 0xa2: true,
}

// small writes a number in less than its nine bytes where it can: as a whole number that is converted, or as one of 32 bits.
func (e *emitter) small(n *node) bool {
	x := math.Float64frombits(binary.LittleEndian.Uint64(n.raw))
	if f := float32(x); x == math.Trunc(x) && math.Abs(x) <= 1000 && !(x == 0 && math.Signbit(x)) {
		e.put(opI32Const, int64(x))
		e.put(0xb7, 0)
	} else if float64(f) == x {
		e.put(0x43, 0).raw = binary.LittleEndian.AppendUint32(nil, math.Float32bits(f))
		e.put(0xbb, 0)
	} else {
		return false
	}
	return true
}
