package main

// liveness tells which variables are still read, at the beginning and the end of each block.
type liveness struct {
	g       *graph
	in, out map[*basic]map[*variable]bool
}

func (g *graph) liveness() *liveness {
	l := &liveness{g, map[*basic]map[*variable]bool{}, map[*basic]map[*variable]bool{}}
	for _, b := range g.blocks {
		l.in[b], l.out[b] = map[*variable]bool{}, map[*variable]bool{}
	}
	for changed := true; changed; {
		changed = false
		for i := len(g.blocks) - 1; i >= 0; i-- {
			b := g.blocks[i]
			for _, to := range b.next {
				for v := range l.in[to] {
					l.out[b][v] = true
				}
			}
			now := l.backward(b, nil)
			changed = changed || len(now) != len(l.in[b])
			l.in[b] = now
		}
	}
	return l
}

// backward goes over a block from its end, shows each statement with what is read after it, and returns what is read from
// the beginning.
func (l *liveness) backward(b *basic, visit func(s *stmt, after map[*variable]bool)) map[*variable]bool {
	now := map[*variable]bool{}
	for v := range l.out[b] {
		now[v] = true
	}
	uses := func(n *node) {
		n.each(func(x *node) {
			switch x.op {
			case opLocalGet:
				now[x.v] = true
			case opCall:
				for _, v := range l.g.callUses(x) {
					now[v] = true
				}
			}
		})
	}
	if b.kind == termReturn {
		for _, v := range l.g.returnUses() {
			now[v] = true
		}
	}
	for _, n := range b.vals {
		uses(n)
	}
	if b.kind == termCond {
		uses(b.cond)
	}
	for i := len(b.code) - 1; i >= 0; i-- {
		s := b.code[i]
		if visit != nil {
			after := map[*variable]bool{}
			for v := range now {
				after[v] = true
			}
			visit(s, after)
		}
		for _, v := range s.dst {
			delete(now, v)
		}
		if s.expr.op == opCall {
			for _, v := range l.g.callSets(s.expr) {
				delete(now, v)
			}
		}
		uses(s.expr)
	}
	return now
}
