package main

import "slices"

// instructionType returns the type of what an instruction gives; 0 for nothing.
func instructionType(op byte) byte {
	in := func(from, to byte) bool { return from <= op && op <= to }
	switch {
	case op == 0x28, in(0x2c, 0x2f), op == opI32Const, in(0x45, 0x78), in(0xa7, 0xab), op == 0xbc, op == 0xc0, op == 0xc1, op == opFrame:
		return typeI32
	case op == 0x29, in(0x30, 0x35), op == opI64Const, in(0x79, 0x8a), in(0xac, 0xb1), op == 0xbd, in(0xc2, 0xc4):
		return typeI64
	case op == 0x2a, op == 0x43, in(0x8b, 0x98), in(0xb2, 0xb6), op == 0xbe:
		return typeF32
	case op == 0x2b, op == 0x44, in(0x99, 0xa6), in(0xb7, 0xbb), op == 0xbf:
		return typeF64
	}
	return 0
}

// typ returns the type of an expression.
func (n *node) typ() byte {
	switch n.op {
	case opLocalGet:
		return n.v.typ
	case opSelect:
		return n.args[0].typ()
	case opExtended:
		if n.raw[0] < 4 {
			return typeI32
		}
		return typeI64
	case opCall:
		if s := n.callee.signature; !n.callee.ordinary() {
			return s[len(s)-1]
		}
		return n.callee.graph.resultTypes[0]
	}
	return instructionType(n.op)
}

// operandsOf returns how many values an instruction of arithmetic, loads and stores takes.
func operandsOf(x *instr) (n int, known bool) {
	switch {
	case x.op == opSelect:
		return 3, true
	case x.op == opExtended && x.raw[0] < 8:
		return 1, true
	case x.op == opExtended:
		return 3, true
	}
	grows, known := effect(x.op)
	if isStore(x.op) {
		return 2, known
	}
	return 1 - grows, known
}

// isBulk reports whether a node copies or fills memory.
func (n *node) isBulk() bool { return n.op == opExtended && n.raw[0] >= 8 }

// some reports whether a node or something in it has a property.
func (n *node) some(is func(*node) bool) bool {
	return is(n) || slices.ContainsFunc(n.args, func(a *node) bool { return a.some(is) })
}

// each visits a node and all in it, operands first and in the order in which they are computed.
func (n *node) each(visit func(*node)) {
	for _, a := range n.args {
		a.each(visit)
	}
	visit(n)
}

func (n *node) calls() bool { return n.some(func(x *node) bool { return x.op == opCall }) }
func (n *node) reads() bool {
	return n.some(func(x *node) bool { return x.op == opCall || isLoad(x.op) || x.isBulk() })
}

func (n *node) uses(v *variable) bool {
	return n.some(func(x *node) bool { return x.op == opLocalGet && x.v == v })
}

// writes reports whether a statement changes memory.
func (s *stmt) writes() bool { return isStore(s.expr.op) || s.expr.isBulk() || s.expr.calls() }

// exprs returns the expressions that a block computes, in order.
func (b *basic) exprs() []*node {
	var list []*node
	for _, s := range b.code {
		list = append(list, s.expr)
	}
	if b.kind == termCond {
		list = append(list, b.cond)
	}
	return append(list, b.vals...)
}

// each visits all nodes of a graph.
func (g *graph) each(visit func(*node)) {
	for _, b := range g.blocks {
		for _, n := range b.exprs() {
			n.each(visit)
		}
	}
}

func isLoad(op byte) bool  { return opI32Load <= op && op <= 0x35 }
func isStore(op byte) bool { return 0x36 <= op && op <= 0x3e }

// effect is by how many values an instruction that control passes through makes the stack grow.
func effect(op byte) (n int, known bool) {
	switch {
	case op == opLocalGet, op == opGlobalGet, opI32Const <= op && op <= 0x44:
		return 1, true
	case isLoad(op), op == opLocalTee, op == 0x45, op == 0x50, // eqz
		0x67 <= op && op <= 0x69, 0x79 <= op && op <= 0x7b, // counts of bits
		0x8b <= op && op <= 0x91, 0x99 <= op && op <= 0x9f, // roundings, roots
		0xa7 <= op && op <= 0xc4: // conversions
		return 0, true
	case isStore(op):
		return -2, true
	case op == opLocalSet, 0x46 <= op && op <= 0xa6: // comparisons and arithmetic of two numbers
		return -1, true
	}
	return 0, false
}
