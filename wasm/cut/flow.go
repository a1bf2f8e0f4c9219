package main

import "slices"

// tidy drops blocks that nothing reaches, goes through empty ones, joins a block with its only successor where it is the
// only predecessor, and makes one of all blocks that trap. It numbers the rest in reverse postorder.
func (g *graph) tidy() {
	trap := &basic{kind: termTrap}
	g.number()
	for _, b := range g.blocks {
		if b.kind == termTrap {
			b.code = nil // only prepares the trap
		}
	}
	through := func(b *basic) *basic {
		for range len(g.blocks) {
			if b.kind == termJump && len(b.code) == 0 && b.next[0] != b {
				b = b.next[0]
			}
		}
		if b.kind == termTrap {
			return trap
		}
		return b
	}
	g.entry = through(g.entry)
	for _, b := range g.blocks {
		for i, to := range b.next {
			b.next[i] = through(to)
		}
		if b.kind == termCond && b.next[0] == b.next[1] && !b.cond.calls() {
			b.kind, b.cond, b.next = termJump, nil, b.next[:1]
		}
	}
	g.number()
	for _, b := range g.blocks {
		for b.kind == termJump && len(b.next[0].before) == 1 && b.next[0] != b && b.next[0] != g.entry {
			after := b.next[0]
			b.code = append(b.code, after.code...)
			b.kind, b.cond, b.vals, b.next = after.kind, after.cond, after.vals, after.next
			after.next, after.kind, after.code = nil, termTrap, nil
		}
	}
	g.number()
}

// number lists the blocks that are reached in reverse postorder, with their predecessors.
func (g *graph) number() {
	seen := map[*basic]bool{}
	g.blocks = nil
	var visit func(b *basic)
	visit = func(b *basic) {
		seen[b] = true
		b.before = nil
		for _, to := range slices.Backward(b.next) {
			if !seen[to] {
				visit(to)
			}
		}
		g.blocks = append(g.blocks, b)
	}
	visit(g.entry)
	slices.Reverse(g.blocks)
	for i, b := range g.blocks {
		b.order = i
		for _, to := range b.next {
			to.before = append(to.before, b)
		}
	}
}
