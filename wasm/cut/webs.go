package main

// def is one setting of a variable; s is nil for a parameter, and for a variable that was never set.
type def struct {
	s    *stmt
	i    int // which of the statement's variables
	v    *variable
	root *def // of the web, nil for itself
}

func (d *def) find() *def {
	for d.root != nil {
		d = d.root
	}
	return d
}

func (d *def) join(other *def) {
	if a, b := d.find(), other.find(); a != b {
		b.root = a
	}
}

// reaching tells which settings of each variable may hold at a place.
type reaching map[*variable]map[*def]bool

// webbing is the work of taking variables apart.
type webbing struct {
	g     *graph
	defs  map[*stmt][]*def
	begin map[*variable]*def // what holds where the function begins
	in    map[*basic]reaching
	uses  map[*node]*def
}

// webs gives every use of a variable, with the settings that reach it, a variable of its own; a register or a word that is
// used for different things comes apart.
func (g *graph) webs() {
	w := &webbing{g, map[*stmt][]*def{}, map[*variable]*def{}, map[*basic]reaching{}, map[*node]*def{}}
	for _, b := range g.blocks {
		for _, s := range b.code {
			for i, v := range s.dst {
				w.defs[s] = append(w.defs[s], &def{s: s, i: i, v: v})
			}
		}
	}
	w.spread()
	for _, b := range g.blocks {
		w.through(b, w.use)
	}
	w.rename()
}

// starting is what holds of a variable where the function begins.
func (w *webbing) starting(v *variable) *def {
	if w.begin[v] == nil {
		w.begin[v] = &def{v: v}
	}
	return w.begin[v]
}

// spread finds what holds at the beginning of each block.
func (w *webbing) spread() {
	first := reaching{}
	for _, v := range w.g.params {
		first[v] = map[*def]bool{w.starting(v): true}
	}
	w.in[w.g.entry] = first
	for changed := true; changed; {
		changed = false
		for _, b := range w.g.blocks {
			out := w.through(b, nil)
			for _, to := range b.next {
				changed = w.merge(to, out) || changed
			}
		}
	}
}

// merge adds what holds at the end of one block to what holds at the beginning of the next.
func (w *webbing) merge(to *basic, out reaching) (changed bool) {
	if w.in[to] == nil {
		w.in[to], changed = reaching{}, true
	}
	for v, set := range out {
		merged := w.in[to][v]
		for d := range set {
			if merged[d] {
				continue
			}
			larger := map[*def]bool{d: true}
			for other := range merged {
				larger[other] = true
			}
			merged, changed = larger, true
		}
		w.in[to][v] = merged
	}
	return changed
}

// through goes over a block and shows each reading of a variable with what holds there.
func (w *webbing) through(b *basic, use func(n *node, now reaching)) reaching {
	now := reaching{}
	for v, set := range w.in[b] {
		now[v] = set
	}
	visit := func(n *node) {
		if use == nil {
			return
		}
		n.each(func(x *node) {
			if x.op == opLocalGet {
				use(x, now)
			}
		})
	}
	for _, s := range b.code {
		visit(s.expr)
		for i, v := range s.dst {
			now[v] = map[*def]bool{w.defs[s][i]: true}
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

// use joins the settings that reach a reading.
func (w *webbing) use(n *node, now reaching) {
	var first *def
	for d := range now[n.v] {
		if first == nil {
			first = d
		}
		first.join(d)
	}
	if first == nil { // read before it is set: nothing that counts
		first = w.starting(n.v)
	}
	w.uses[n] = first
}

// rename gives each web a variable.
func (w *webbing) rename() {
	fresh := map[*def]*variable{}
	name := func(d *def) *variable {
		d = d.find()
		if fresh[d] == nil {
			fresh[d] = &variable{typ: d.v.typ}
		}
		return fresh[d]
	}
	params := make([]*variable, len(w.g.params))
	for i, v := range w.g.params {
		params[i] = name(w.starting(v))
	}
	w.g.params = params
	for _, list := range w.defs {
		for _, d := range list {
			d.s.dst[d.i] = name(d)
		}
	}
	for n, d := range w.uses {
		n.v = name(d)
	}
}
