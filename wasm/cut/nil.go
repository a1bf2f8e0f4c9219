package main

// Go checks a pointer before it reads through it at an offset. A pointer that begins as the address of data or of
// something on the stack, and is only handed on and moved along, is never nil.

// nonNil finds out which variables are never zero, in all functions together, and drops the checks of those.
func (c *cutter) nonNil() {
	list := c.bottomUp()
	nilable := map[*variable]bool{}
	safe := func(n *node) bool { return false }
	safe = func(n *node) bool {
		switch n.op {
		case opLocalGet:
			return !nilable[n.v]
		case opI64Const:
			return n.spot != nil
		case opI64ExtendI32U:
			return n.args[0].op == opFrame
		case opI64Add:
			return safe(n.args[0]) && n.args[1].op == opI64Const && n.args[1].spot == nil && 0 <= n.args[1].value && n.args[1].value < 1<<26
		}
		return false
	}
	for changed := true; changed; {
		changed = false
		set := func(v *variable, ok bool) {
			if !ok && !nilable[v] {
				nilable[v], changed = true, true
			}
		}
		for _, f := range list {
			for _, b := range f.graph.blocks {
				for _, s := range b.code {
					for _, v := range s.dst {
						set(v, len(s.dst) == 1 && safe(s.expr))
					}
				}
			}
			f.graph.each(func(n *node) {
				if n.op == opCall && n.callee.ordinary() {
					for i, a := range n.args {
						set(n.callee.graph.params[i], safe(a))
					}
				}
			})
		}
	}
	for _, f := range list {
		for _, b := range f.graph.blocks {
			if b.kind == termCond && b.cond.op == opI64Eqz && safe(b.cond.args[0]) {
				b.kind, b.cond, b.next = termJump, nil, b.next[1:]
			}
		}
		f.graph.tidy()
	}
}
