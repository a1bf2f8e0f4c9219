package main

// How far a pointer reaches. A function that is handed the address of something on the stack and only loads and stores at
// fixed distances from it touches a known number of bytes; the words beyond are free to become variables. This is read off
// functions that are rewritten already, and used to rewrite them once more.

// unbounded is the reach of a pointer that may go anywhere upwards.
const unbounded = 1 << 30

// reaches finds how many bytes each address that a function takes of its own frame gives access to.
func (c *cutter) reaches() map[*function]map[int64]int64 {
	list := c.bottomUp()
	known := map[*variable]int64{}
	for changed, round := true, 0; changed; round++ {
		changed = false
		for _, f := range list {
			for v, far := range f.graph.pointerUses(known) {
				if round > 8 && far > known[v] {
					far = unbounded
				}
				if far > known[v] {
					known[v], changed = far, true
				}
			}
		}
	}
	all := map[*function]map[int64]int64{}
	for _, f := range list {
		all[f] = f.graph.frameUses(known)
	}
	return all
}

// distance reads an expression as a base and a number of bytes from it.
func (n *node) distance() (base *node, far int64) {
	for {
		switch {
		case (n.op == opI32Add || n.op == opI64Add) && (n.args[1].op == opI32Const || n.args[1].op == opI64Const) && n.args[1].spot == nil && n.args[1].value >= 0:
			far += n.args[1].value
			n = n.args[0]
		case n.op == opI32Wrap || n.op == opI64ExtendI32U:
			n = n.args[0]
		default:
			return n, far
		}
	}
}

// pointerUses visits each use of a base: how many bytes from it are touched.
func (g *graph) uses(known map[*variable]int64, visit func(base *node, far int64)) {
	var walk func(n *node, reach int64)
	walk = func(n *node, reach int64) {
		base, far := n.distance()
		if base.op == opLocalGet || base.op == opFrame {
			visit(base, min(far+reach, unbounded))
			return
		}
		for i, a := range base.args {
			reach := int64(unbounded)
			switch {
			case isLoad(base.op), isStore(base.op) && i == 0:
				reach = base.value + int64(width(base.op))
			case base.op == opCall && base.callee.ordinary():
				reach = known[base.callee.graph.params[i]]
			case base.op == opI32Eqz, base.op == opI64Eqz:
				reach = 0
			case base.isBulk() && i == 2:
			case base.isBulk() && base.args[2].op == opI32Const && !(i == 1 && base.raw[0] == 11):
				reach = base.args[2].value
			}
			walk(a, reach)
		}
	}
	for _, b := range g.blocks {
		for _, s := range b.code {
			reach := int64(unbounded)
			if len(s.dst) == 1 {
				reach = known[s.dst[0]]
			}
			walk(s.expr, reach)
		}
		if b.kind == termCond {
			walk(b.cond, unbounded)
		}
		for _, n := range b.vals {
			walk(n, unbounded)
		}
	}
}

// pointerUses returns how far each variable reaches as a pointer.
func (g *graph) pointerUses(known map[*variable]int64) map[*variable]int64 {
	far := map[*variable]int64{}
	g.uses(known, func(base *node, reach int64) {
		if base.op == opLocalGet {
			far[base.v] = max(far[base.v], reach)
		}
	})
	return far
}

// frameUses does the same for addresses in the frame.
func (g *graph) frameUses(known map[*variable]int64) map[int64]int64 {
	far := map[int64]int64{}
	g.uses(known, func(base *node, reach int64) {
		if base.op == opFrame {
			far[base.value] = max(far[base.value], reach)
		}
	})
	return far
}
