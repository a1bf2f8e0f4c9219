package main

// The compiler keeps a truth value in a byte and reads it as one. Where it can only be 0 or 1, the mask says nothing.

// truths drops the masks of variables that only ever hold 0 or 1, in all functions together.
func (c *cutter) truths() {
	list := c.bottomUp()
	other := map[*variable]bool{} // may hold something else
	results := map[*function]map[int]bool{}
	var bit func(n *node) bool
	bit = func(n *node) bool {
		switch {
		case n.op == opLocalGet:
			return !other[n.v]
		case (n.op == opI32Const || n.op == opI64Const) && n.spot == nil:
			return n.value == 0 || n.value == 1
		case n.op == opI64ExtendI32U, n.op == opI32Wrap:
			return bit(n.args[0])
		case n.op == opI32And || n.op == opI64And:
			return bit(n.args[0]) || bit(n.args[1])
		case n.op == opCall && n.callee.ordinary():
			return !results[n.callee][0]
		}
		return n.truth()
	}
	for changed := true; changed; {
		changed = false
		set := func(v *variable, ok bool) {
			if !ok && !other[v] {
				other[v], changed = true, true
			}
		}
		for _, f := range list {
			if results[f] == nil {
				results[f] = map[int]bool{}
			}
			for _, b := range f.graph.blocks {
				for _, s := range b.code {
					for i, v := range s.dst {
						if n := s.expr; n.op == opCall && n.callee.ordinary() {
							set(v, !results[n.callee][i])
						} else {
							set(v, bit(n))
						}
					}
				}
				for i, n := range b.vals {
					if !bit(n) && !results[f][i] {
						results[f][i], changed = true, true
					}
				}
			}
			f.graph.each(func(n *node) {
				if n.op == opCall && n.callee.ordinary() {
					for i, a := range n.args {
						set(n.callee.graph.params[i], bit(a))
					}
				}
			})
		}
	}
	for _, f := range list {
		f.graph.each(func(n *node) {
			if n.op == opI32And || n.op == opI64And {
				if m := n.args[1]; (m.op == opI32Const || m.op == opI64Const) && m.spot == nil && m.value == 0xff && bit(n.args[0]) {
					*n = *n.args[0]
				}
			}
		})
	}
}
