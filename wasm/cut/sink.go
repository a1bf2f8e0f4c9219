package main

import "slices"

// coalesce gives the two sides of a copy one variable wherever neither is changed while the other still counts.
func (g *graph) coalesce() (changed bool) {
	near := g.interference()
	alias := map[*variable]*variable{}
	find := func(v *variable) *variable {
		for alias[v] != nil {
			v = alias[v]
		}
		return v
	}
	param := map[*variable]bool{}
	for _, v := range g.params {
		param[v] = true
	}
	for _, b := range g.blocks {
		for _, s := range b.code {
			if s.expr.op != opLocalGet || len(s.dst) != 1 {
				continue
			}
			x, y := find(s.dst[0]), find(s.expr.v)
			if x == y || x.typ != y.typ || near[x][y] || param[x] && param[y] {
				continue
			}
			if param[x] {
				x, y = y, x
			}
			alias[x] = y
			changed = true
			param[y] = param[y] || param[x]
			for z := range near[x] {
				near[y], near[z] = add(near[y], z), add(near[z], y)
			}
		}
	}
	for _, b := range g.blocks {
		b.code = slices.DeleteFunc(b.code, func(s *stmt) bool {
			for i, v := range s.dst {
				s.dst[i] = find(v)
			}
			s.expr.each(func(n *node) {
				if n.op == opLocalGet {
					n.v = find(n.v)
				}
			})
			return s.expr.op == opLocalGet && len(s.dst) == 1 && s.dst[0] == s.expr.v
		})
		for _, n := range append(b.vals[:len(b.vals):len(b.vals)], b.cond) {
			if n != nil {
				n.each(func(n *node) {
					if n.op == opLocalGet {
						n.v = find(n.v)
					}
				})
			}
		}
	}
	return changed
}

func add(set map[*variable]bool, v *variable) map[*variable]bool {
	if set == nil {
		set = map[*variable]bool{}
	}
	set[v] = true
	return set
}

// interference tells which variables hold different values that both still count.
func (g *graph) interference() map[*variable]map[*variable]bool {
	near := map[*variable]map[*variable]bool{}
	both := func(a, b *variable) {
		if a != b {
			near[a], near[b] = add(near[a], b), add(near[b], a)
		}
	}
	live := g.liveness()
	for _, b := range g.blocks {
		live.backward(b, func(s *stmt, after map[*variable]bool) {
			for _, v := range s.dst {
				for other := range after {
					if s.expr.op != opLocalGet || other != s.expr.v {
						both(v, other)
					}
				}
				for _, other := range s.dst {
					both(v, other)
				}
			}
		})
	}
	for _, v := range g.params {
		for other := range live.in[g.entry] {
			both(v, other)
		}
		for _, other := range g.params {
			both(v, other)
		}
	}
	return near
}

// dropUnread removes settings that nobody reads.
func (g *graph) dropUnread() (changed bool) {
	live := g.liveness()
	for _, b := range g.blocks {
		unread := map[*stmt]bool{}
		live.backward(b, func(s *stmt, after map[*variable]bool) {
			for _, v := range s.dst {
				if after[v] {
					return
				}
			}
			unread[s] = len(s.dst) > 0 && !s.expr.calls()
		})
		b.code = slices.DeleteFunc(b.code, func(s *stmt) bool {
			changed = changed || unread[s]
			return unread[s]
		})
	}
	return changed
}

// sink moves each expression whose value is read once to where it is read, if nothing that it depends on changes on the way.
func (g *graph) sink() (changed bool) {
	sets, gets := map[*variable]int{}, map[*variable]int{}
	for _, v := range g.params {
		sets[v]++
	}
	for _, b := range g.blocks {
		for _, s := range b.code {
			for _, v := range s.dst {
				sets[v]++
			}
		}
	}
	g.each(func(n *node) {
		if n.op == opLocalGet {
			gets[n.v]++
		}
	})
	for _, b := range g.blocks {
		for i := len(b.code) - 1; i >= 0; i-- {
			s := b.code[i]
			if len(s.dst) != 1 || sets[s.dst[0]] != 1 || gets[s.dst[0]] != 1 {
				continue
			}
			if b.sinkFrom(s, i+1) {
				b.code = slices.Delete(b.code, i, i+1)
				changed = true
			}
		}
	}
	return changed
}

// sinkFrom moves the expression of a statement to the one place that reads it, which is in the block from statement i on or
// in one that only this block leads to.
func (b *basic) sinkFrom(s *stmt, i int) bool {
	v, e := s.dst[0], s.expr
	calls, reads := e.calls(), e.reads()
	inputs := map[*variable]bool{}
	e.each(func(n *node) {
		if n.op == opLocalGet {
			inputs[n.v] = true
		}
	})
	clash := func(n *node) bool { return calls && n.reads() || reads && n.calls() }
	for ; i < len(b.code); i++ {
		next := b.code[i]
		if done, found := next.expr.replace(v, e, clash); found {
			return done
		}
		if clash(next.expr) || next.writes() && (reads || calls) {
			return false
		}
		for _, w := range next.dst {
			if inputs[w] {
				return false
			}
		}
	}
	rest := b.vals
	if b.kind == termCond {
		rest = []*node{b.cond}
	}
	for _, n := range rest {
		if done, found := n.replace(v, e, clash); found {
			return done
		}
		if clash(n) {
			return false
		}
	}
	for _, to := range b.next {
		if len(to.before) == 1 && to.before[0] == b && !calls && to.sinkFrom(s, 0) {
			return true
		}
	}
	return false
}

// replace puts e in the place of the one reading of v, unless something that is computed before it clashes.
func (n *node) replace(v *variable, e *node, clash func(*node) bool) (done, found bool) {
	for i, a := range n.args {
		if a.op == opLocalGet && a.v == v {
			n.args[i] = e
			return true, true
		}
		if done, found := a.replace(v, e, clash); found {
			return done, true
		}
		if clash(a) {
			return false, a.uses(v) || n.uses(v)
		}
	}
	if n.op == opLocalGet && n.v == v {
		*n = *e
		return true, true
	}
	return false, false
}
