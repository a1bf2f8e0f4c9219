package main

import "slices"

// inline puts functions that are called from one place there, if they keep nothing on Go's stack.
func (c *cutter) inline(exported map[*function]bool) {
	type site struct {
		g *graph
		b *basic
		s *stmt
	}
	for _, f := range c.bottomUp() {
		var sites []site
		for _, caller := range c.bottomUp() {
			for _, b := range caller.graph.blocks {
				for _, s := range b.code {
					if s.expr.op == opCall && s.expr.callee == f {
						sites = append(sites, site{caller.graph, b, s})
					}
				}
			}
		}
		if len(sites) == 1 && !exported[f] && sites[0].g != f.graph && !f.graph.onStack() {
			f.inlined = true
			sites[0].g.insert(sites[0].b, sites[0].s, f.graph)
		}
	}
}

// onStack reports whether a function uses Go's stack, or calls one that finds its arguments there.
func (g *graph) onStack() bool {
	found := false
	g.each(func(n *node) {
		found = found || n.op == opFrame || n.op == opCall && (!n.callee.ordinary() || n.callee.graph.inMemory())
	})
	return found
}

// insert puts a function in the place of its call in statement s of block b.
func (g *graph) insert(b *basic, s *stmt, callee *graph) {
	i := slices.Index(b.code, s)
	rest := &basic{code: b.code[i+1:], kind: b.kind, cond: b.cond, vals: b.vals, next: b.next}
	b.code = b.code[:i:i]
	for k, v := range callee.params {
		b.code = append(b.code, &stmt{dst: []*variable{v}, expr: s.expr.args[k]})
	}
	b.kind, b.cond, b.vals, b.next = termJump, nil, nil, []*basic{callee.entry}
	for _, end := range callee.blocks {
		if end.kind != termReturn {
			continue
		}
		for k, v := range s.dst {
			end.code = append(end.code, &stmt{dst: []*variable{v}, expr: end.vals[k]})
		}
		end.kind, end.vals, end.next = termJump, nil, []*basic{rest}
	}
	g.tidy()
}
