package main

// Go computes addresses in 64 bits and takes the lower 32 to load and store. Sums, products and copies of which nothing but
// the lower 32 bits is ever used can be of 32 bits themselves, in locals, arguments and results too.

// narrower tells which variables and results need all their bits.
type narrower struct {
	wide    map[*variable]bool
	results map[*function]map[int]bool
	changed bool
}

// narrow makes 32 bits of what needs no more, in all functions together.
func (c *cutter) narrow() {
	w := &narrower{wide: map[*variable]bool{}, results: map[*function]map[int]bool{}, changed: true}
	list := c.bottomUp()
	for _, f := range list {
		w.results[f] = map[int]bool{}
	}
	for w.changed {
		w.changed = false
		for _, f := range list {
			f.graph.expressions(w.statement, func(n *node, result int) { w.demand(n, result < 0 || w.results[f][result]) })
		}
	}
	for _, f := range list {
		g := f.graph
		for i, t := range g.resultTypes {
			if t == typeI64 && !w.results[f][i] {
				g.resultTypes[i] = typeI32
			}
		}
		for _, b := range g.blocks {
			for _, s := range b.code {
				for _, v := range s.dst {
					w.retype(v)
				}
				s.expr.each(func(n *node) { w.retypeGet(n) })
			}
			for _, n := range b.exprs() {
				n.each(w.retypeGet)
			}
		}
		for _, v := range g.params {
			w.retype(v)
		}
	}
	for _, f := range list {
		for _, b := range f.graph.blocks {
			for _, s := range b.code {
				s.expr = w.rewrite(s.expr, len(s.dst) == 1 && s.dst[0].typ == typeI32)
			}
			if b.kind == termCond {
				b.cond = w.rewrite(b.cond, false)
			}
			for i, n := range b.vals {
				b.vals[i] = w.rewrite(n, f.graph.resultTypes[i] == typeI32)
			}
		}
	}
}

// expressions shows each statement, and each condition (-1) and result.
func (g *graph) expressions(statement func(*stmt), other func(n *node, result int)) {
	for _, b := range g.blocks {
		for _, s := range b.code {
			statement(s)
		}
		if b.kind == termCond {
			other(b.cond, -1)
		}
		for i, n := range b.vals {
			other(n, i)
		}
	}
}

func (w *narrower) statement(s *stmt) {
	if n := s.expr; n.op == opCall && n.callee.ordinary() {
		for i, v := range s.dst {
			if w.wide[v] && !w.results[n.callee][i] {
				w.results[n.callee][i], w.changed = true, true
			}
			if w.results[n.callee][i] { // what a result needs, its variable holds
				w.need(v)
			}
		}
		w.operands(n, false)
		return
	}
	w.demand(s.expr, len(s.dst) == 0 || w.wide[s.dst[0]])
}

func (w *narrower) need(v *variable) {
	if !w.wide[v] {
		w.wide[v], w.changed = true, true
	}
}

// demand notes what an expression needs, of which all bits or the lower 32 are used.
func (w *narrower) demand(n *node, all bool) {
	switch {
	case n.op == opLocalGet && all:
		w.need(n.v)
	case n.op == opCall && n.callee.ordinary() && all && !w.results[n.callee][0]:
		w.results[n.callee][0], w.changed = true, true
	}
	w.operands(n, all)
}

func (w *narrower) operands(n *node, all bool) {
	for i, a := range n.args {
		switch {
		case n.op == opI32Wrap, low32[n.op] != 0 && !all, n.op == opI64Shl && !all && i == 0 && n.args[1].op == opI64Const:
			w.demand(a, false)
		case n.op == opCall && n.callee.ordinary():
			w.demand(a, w.wide[n.callee.graph.params[i]])
		default:
			w.demand(a, true)
		}
	}
}

// low32 holds operations whose lower 32 bits depend on those of the operands alone, and what does the same with 32.
var low32 = map[byte]byte{opI64Add: opI32Add, 0x7d: opI32Sub, 0x7e: 0x6c, opI64And: 0x71, 0x84: 0x72, 0x85: 0x73}

// low32Load holds loads and what loads the lower 32 bits of the same.
var low32Load = map[byte]byte{opI64Load: opI32Load, 0x34: opI32Load, 0x35: opI32Load, 0x30: 0x2c, 0x31: 0x2d, 0x32: 0x2e, 0x33: 0x2f}

func (w *narrower) retype(v *variable) {
	if v.typ == typeI64 && !w.wide[v] {
		v.typ = typeI32
	}
}

func (w *narrower) retypeGet(n *node) {
	if n.op == opLocalGet {
		w.retype(n.v)
	}
}

// rewrite writes an expression anew; with low, its lower 32 bits.
func (w *narrower) rewrite(n *node, low bool) *node {
	if n.op == opI32Wrap {
		return w.rewrite(n.args[0], true)
	}
	if low && n.is64() {
		switch {
		case n.op == opLocalGet:
			return &node{op: opI32Wrap, args: []*node{n}}
		case n.op == opI64Const && n.spot == nil:
			return &node{op: opI32Const, value: int64(int32(n.value))}
		case n.op == opI64Const:
			return &node{op: opI32Const, value: n.value, spot: n.spot}
		case n.op == opI64ExtendI32U, n.op == 0xac:
			return w.rewrite(n.args[0], false)
		case low32Load[n.op] != 0:
			return &node{op: low32Load[n.op], value: n.value, args: []*node{w.rewrite(n.args[0], false)}}
		case low32[n.op] != 0:
			return &node{op: low32[n.op], args: []*node{w.rewrite(n.args[0], true), w.rewrite(n.args[1], true)}}
		case n.op == opI64Shl && n.args[1].op == opI64Const && n.args[1].value < 32:
			return &node{op: opI32Shl, args: []*node{w.rewrite(n.args[0], true), w.rewrite(n.args[1], true)}}
		}
		return &node{op: opI32Wrap, args: []*node{w.rewrite(n, false)}}
	}
	for i, a := range n.args {
		n.args[i] = w.rewrite(a, n.op == opCall && n.callee.ordinary() && n.callee.graph.params[i].typ == typeI32)
	}
	return n
}

// is64 reports whether an expression is a 64-bit integer.
func (n *node) is64() bool { return n.typ() == typeI64 }
