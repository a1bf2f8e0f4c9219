package main

import (
	"cmp"
	"slices"
)

// allocate numbers the locals: those of parameters first, then others by type and by how often they occur; variables that
// never count at the same time share one.
func (e *emitter) allocate() {
	near := e.g.interference()
	count := map[*variable]int{}
	var all []*variable
	see := func(v *variable) {
		if count[v] == 0 {
			all = append(all, v)
		}
		count[v]++
	}
	for i, v := range e.g.params {
		see(v)
		v.index = i
	}
	for _, b := range e.g.blocks {
		for _, s := range b.code {
			s.expr.each(func(n *node) {
				if n.op == opLocalGet {
					see(n.v)
				}
			})
			for _, v := range s.dst {
				see(v)
			}
		}
		for _, n := range append(b.vals[:len(b.vals):len(b.vals)], b.cond) {
			if n != nil {
				n.each(func(n *node) {
					if n.op == opLocalGet {
						see(n.v)
					}
				})
			}
		}
	}
	params := len(e.g.params)
	rest := all[params:]
	slices.SortStableFunc(rest, func(a, b *variable) int { return cmp.Or(cmp.Compare(a.typ, b.typ), -cmp.Compare(count[a], count[b])) })
	var slots []byte
	var holders [][]*variable
	for i, v := range e.g.params {
		slots, holders = append(slots, v.typ), append(holders, []*variable{e.g.params[i]})
	}
	for _, v := range rest {
		v.index = -1
		for i := range slots {
			if slots[i] == v.typ && !slices.ContainsFunc(holders[i], func(w *variable) bool { return near[v][w] }) {
				v.index = i
				break
			}
		}
		if v.index < 0 {
			v.index = len(slots)
			slots, holders = append(slots, v.typ), append(holders, nil)
		}
		holders[v.index] = append(holders[v.index], v)
	}
	e.locals = slots[params:]
}

func (e *emitter) localGroups() []byte {
	var groups [][]byte
	for i := 0; i < len(e.locals); {
		j := i
		for j < len(e.locals) && e.locals[j] == e.locals[i] {
			j++
		}
		groups = append(groups, append(appendUleb(nil, j-i), e.locals[i]))
		i = j
	}
	return slices.Concat(append([][]byte{appendUleb(nil, len(groups))}, groups...)...)
}
