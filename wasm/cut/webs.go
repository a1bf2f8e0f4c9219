package main

// webs gives every use of a variable, with the settings that reach it, a variable of its own; a register or a word that is
// used for different things comes apart. The words' variables get their types.
func (g *graph) webs() {
	type def struct {
		s    *stmt // nil: a parameter, or nothing
		i    int
		v    *variable
		root *def
	}
	find := func(d *def) *def {
		for d.root != nil {
			d = d.root
		}
		return d
	}
	join := func(a, b *def) {
		if a, b = find(a), find(b); a != b {
			b.root = a
		}
	}
	type state map[*variable]map[*def]bool
	defs := map[*stmt][]*def{}
	var all []*def
	begin := state{}
	starts := map[*variable]*def{}
	starting := func(v *variable) *def {
		if starts[v] == nil {
			starts[v] = &def{v: v}
			all = append(all, starts[v])
		}
		return starts[v]
	}
	for _, v := range g.params {
		begin[v] = map[*def]bool{starting(v): true}
	}
	for _, b := range g.blocks {
		for _, s := range b.code {
			for i, v := range s.dst {
				d := &def{s: s, i: i, v: v}
				defs[s] = append(defs[s], d)
				all = append(all, d)
			}
		}
	}
	in := map[*basic]state{g.entry: begin}
	transfer := func(b *basic, use func(n *node, now state)) state {
		now := state{}
		for v, set := range in[b] {
			now[v] = set
		}
		visit := func(n *node) {
			n.each(func(x *node) {
				if x.op == opLocalGet && use != nil {
					use(x, now)
				}
			})
		}
		for _, s := range b.code {
			visit(s.expr)
			for i, v := range s.dst {
				now[v] = map[*def]bool{defs[s][i]: true}
			}
		}
		if b.kind == termCond {
			visit(b.cond)
		}
		for _, n := range b.vals {
			visit(n)
		}
		return now
	}
	for changed := true; changed; {
		changed = false
		for _, b := range g.blocks {
			out := transfer(b, nil)
			for _, to := range b.next {
				if in[to] == nil {
					in[to] = state{}
					changed = true
				}
				for v, set := range out {
					merged := in[to][v]
					for d := range set {
						if !merged[d] {
							copied := map[*def]bool{d: true}
							for e := range merged {
								copied[e] = true
							}
							merged = copied
							changed = true
						}
					}
					in[to][v] = merged
				}
			}
		}
	}
	use := map[*node]*def{}
	for _, b := range g.blocks {
		transfer(b, func(n *node, now state) {
			var first *def
			for d := range now[n.v] {
				if first == nil {
					first = d
				}
				join(first, d)
			}
			if first == nil { // read before it is set: nothing that counts
				first = starting(n.v)
			}
			use[n] = first
		})
	}
	fresh := map[*def]*variable{}
	name := func(d *def) *variable {
		d = find(d)
		if fresh[d] == nil {
			fresh[d] = &variable{typ: d.v.typ}
		}
		return fresh[d]
	}
	params := make([]*variable, len(g.params))
	for i, v := range g.params {
		params[i] = name(starting(v))
	}
	g.params = params
	for _, d := range all {
		if d.s != nil {
			d.s.dst[d.i] = name(d)
		}
	}
	for n, d := range use {
		n.v = name(d)
	}
}
