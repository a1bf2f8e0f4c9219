package main

import (
	"fmt"
	"slices"
)

// Go keeps arguments, results and whatever must outlive a call in memory, on a stack of its own. Here each word of a frame
// that is only ever loaded and stored whole becomes a variable, and arguments and results those of WebAssembly. A word
// whose address is taken stays in memory, and so do all above it in the same part of the frame: objects reach upwards.

const (
	// opWordStore sets a word's variable as the store in value would have.
	opWordStore = 0xfe
	// opAllBits, as the value of a reading, stands for a load of whatever the variable holds.
	opAllBits = 0xfd
)

// words tells which words of a frame are variables.
type words struct {
	vars   map[int]*variable // by offset from the stack pointer
	width  map[int]int       // bytes of each
	fixed  map[int]bool      // in memory
	limits [3]int            // in memory from here on: outgoing arguments, own variables, incoming arguments
}

// part tells in which part of a frame an offset lies.
func (g *graph) part(offset int) int {
	switch {
	case offset < g.outs:
		return 0
	case offset < g.room:
		return 1
	}
	return 2
}

// survey finds the words of a frame and which of them must stay in memory.
func (g *graph) survey() {
	const none = 1 << 30
	g.words = words{vars: map[int]*variable{}, width: map[int]int{}, fixed: map[int]bool{}, limits: [3]int{none, none, none}}
	g.each(func(n *node) {
		for i, a := range n.args {
			at := int(a.value)
			switch {
			case a.op != opFrame:
			case (isLoad(n.op) || isStore(n.op)) && i == 0:
				at = int(n.value)
				g.words.width[at] = max(g.words.width[at], width(n.op))
			default:
				if far, ok := g.reach[a.value]; ok && far < unbounded {
					for i := at &^ 7; i < at+int(far); i++ {
						g.words.fixed[i] = true
					}
					continue
				}
				limit := &g.words.limits[g.part(at)]
				*limit = min(*limit, at&^7)
			}
		}
	})
	for at, wide := range g.words.width {
		for other := at + 1; other < at+wide; other++ {
			if g.words.width[other] != 0 { // two accesses overlap
				for i := at &^ 7; i < other+8; i++ {
					g.words.fixed[i] = true
				}
			}
		}
	}
}

// agree refuses calls of which caller and callee see a word of what is passed differently: one moves a structure whole, say,
// and the other reads a field of it.
func (c *cutter) agree() error {
	for _, f := range c.order {
		if !f.ordinary() {
			continue
		}
		var fault error
		f.graph.each(func(n *node) {
			if n.op == opCall && n.callee.ordinary() && !f.graph.agrees(n.callee) {
				fault = fmt.Errorf("%s calls %s: the two take what is passed for words of different places", f.name, n.callee.name)
			}
		})
		if fault != nil {
			return fault
		}
	}
	return nil
}

// agrees reports whether no variable of a function lies across one of what it passes to a callee. Where one of the two has
// its words in memory, the other's go there and come from there by their own places.
func (g *graph) agrees(callee *function) bool {
	inner := callee.graph
	for at, wide := range g.words.width {
		if !g.movable(at) {
			continue
		}
		for other := max(at-7, 0); other < min(at+wide, callee.args); other++ {
			w := inner.words.width[inner.room+other]
			if w != 0 && other+w > at && other != at && inner.movable(inner.room+other) {
				return false
			}
		}
	}
	return true
}

// movable reports whether a word of the frame may become a variable.
func (g *graph) movable(offset int) bool {
	return !g.words.fixed[offset] && offset < g.words.limits[g.part(offset)]
}

// promote makes variables of the other words and rewrites their accesses.
func (g *graph) promote() {
	for _, b := range g.blocks {
		for _, s := range b.code {
			s.expr.each(g.promoteLoad)
			if n := s.expr; isStore(n.op) && n.args[0].op == opFrame {
				if v := g.word(int(n.value)); v != nil {
					s.dst, s.expr = []*variable{v}, &node{op: opWordStore, value: int64(n.op), args: n.args[1:]}
				}
			}
		}
		if b.cond != nil {
			b.cond.each(g.promoteLoad)
		}
	}
}

func (g *graph) promoteLoad(n *node) {
	if isLoad(n.op) && n.args[0].op == opFrame {
		if v := g.word(int(n.value)); v != nil {
			*n = node{op: opLocalGet, value: int64(n.op), v: v}
		}
	}
}

// word returns the variable for a word of the frame; nil where that is in memory.
func (g *graph) word(offset int) *variable {
	if !g.movable(offset) {
		return nil
	}
	if g.words.vars[offset] == nil {
		g.words.vars[offset] = &variable{}
	}
	return g.words.vars[offset]
}

// incoming returns the variable of a word of the arguments and results; nil where it is in memory.
func (g *graph) incoming(offset int) *variable { return g.word(g.room + offset) }

// conventions finds which arguments each function reads and which results its callers do, and makes both explicit.
func (c *cutter) conventions() error {
	for changed := true; changed; {
		changed = false
		for _, f := range slices.Backward(c.order) {
			if f.ordinary() {
				changed = f.graph.convention() || changed
			}
		}
	}
	for _, f := range c.order {
		if !f.ordinary() {
			continue
		}
		if err := f.graph.explicit(); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// convention takes one more look at a function and what it calls.
func (g *graph) convention() (changed bool) {
	f := g.f
	live := g.liveness()
	for a := 0; a < f.args; a++ {
		if v := g.words.vars[g.room+a]; v != nil && live.in[g.entry][v] && !slices.Contains(f.params, a) {
			f.params = append(f.params, a)
			changed = true
		}
	}
	slices.Sort(f.params)
	for _, b := range g.blocks {
		live.backward(b, func(s *stmt, after map[*variable]bool) {
			if s.expr.op != opCall || !s.expr.callee.ordinary() {
				return
			}
			callee := s.expr.callee
			for a := 0; a < callee.args; a++ {
				v := g.word(a)
				inner := callee.graph.words.vars[callee.graph.room+a]
				if inner == nil || !callee.graph.sets(inner) || v != nil && !after[v] || slices.Contains(callee.results, a) {
					continue
				}
				callee.results = append(callee.results, a)
				changed = true
			}
			slices.Sort(callee.results)
		})
	}
	return changed
}

// sets reports whether a variable is set anywhere.
func (g *graph) sets(v *variable) bool {
	for _, b := range g.blocks {
		for _, s := range b.code {
			if slices.Contains(s.dst, v) {
				return true
			}
		}
	}
	return false
}

// callUses and callSets are what a call reads and changes before that is explicit.
func (g *graph) callUses(n *node) (list []*variable) {
	callee := n.callee
	if !callee.ordinary() || g.done {
		return nil
	}
	for _, a := range callee.params {
		if v := g.word(a); v != nil {
			list = append(list, v)
		}
	}
	for a := 0; a < callee.args; a++ {
		if v := g.words.vars[a]; v != nil && callee.graph.incoming(a) == nil {
			list = append(list, v)
		}
	}
	return list
}

func (g *graph) callSets(n *node) (list []*variable) {
	if !n.callee.ordinary() || g.done {
		return nil
	}
	for a := 0; a < n.callee.args; a++ {
		if v := g.words.vars[a]; v != nil {
			list = append(list, v)
		}
	}
	return list
}

// returnUses are the results.
func (g *graph) returnUses() (list []*variable) {
	if g.done {
		return nil
	}
	for _, a := range g.f.results {
		list = append(list, g.incoming(a))
	}
	return list
}

// explicit writes arguments and results into calls and returns.
func (g *graph) explicit() error {
	live := g.liveness()
	for _, b := range g.blocks {
		var code []*stmt
		after := map[*stmt]map[*variable]bool{}
		live.backward(b, func(s *stmt, now map[*variable]bool) { after[s] = now })
		for _, s := range b.code {
			if s.expr.op != opCall || !s.expr.callee.ordinary() {
				code = append(code, s)
				continue
			}
			code = append(code, g.explicitCall(s, after[s])...)
		}
		b.code = code
		if b.kind == termReturn {
			for _, a := range g.f.results {
				b.vals = append(b.vals, &node{op: opLocalGet, v: g.incoming(a)})
			}
		}
	}
	for _, a := range g.f.params {
		g.params = append(g.params, g.incoming(a))
	}
	g.done = true
	return nil
}

// wordLoad and wordStore are the instructions that move words of 1, 2, 4 and 8 bytes.
var (
	wordLoad  = map[int]byte{0: opI64Load, 1: 0x31, 2: 0x33, 4: 0x35, 8: opI64Load}
	wordStore = map[int]byte{0: opI64Store, 1: 0x3c, 2: 0x3d, 4: 0x3e, 8: opI64Store}
)

// fromMemory loads a word that a call passes.
func (g *graph) fromMemory(offset int, callee *graph) *node {
	wide := max(g.words.width[offset], callee.words.width[callee.room+offset])
	return &node{op: wordLoad[wide], value: int64(offset), args: []*node{{op: opFrame}}}
}

// toMemory stores what a variable holds of a word of wide bytes. The caller's or callee's other words lie outside of these:
// words that overlap are in memory.
func toMemory(offset, wide int, v *variable) *stmt {
	return &stmt{expr: &node{op: wordStore[wide], value: int64(offset), args: []*node{{op: opFrame}, {op: opLocalGet, v: v, value: opAllBits}}}}
}

// explicitCall returns a call with its arguments and results, and what moves words between variables and memory around it
// where only one side has them in memory.
func (g *graph) explicitCall(s *stmt, after map[*variable]bool) []*stmt {
	var first, last []*stmt
	call := s.expr
	callee := call.callee
	for _, a := range callee.params {
		arg := &node{op: opLocalGet, v: g.word(a)}
		if arg.v == nil {
			arg = g.fromMemory(a, callee.graph)
		}
		call.args = append(call.args, arg)
	}
	for _, a := range callee.results {
		v := g.word(a)
		if v == nil {
			v = &variable{}
			last = append(last, toMemory(a, callee.graph.words.width[callee.graph.room+a], v))
		}
		s.dst = append(s.dst, v)
	}
	for a := 0; a < callee.args; a++ {
		v := g.words.vars[a]
		if v == nil || g.words.width[a] == 0 || callee.graph.incoming(a) != nil { // unknown, or passed as an argument
			continue
		}
		first = append(first, toMemory(a, g.words.width[a], v))
		if after[v] {
			last = append(last, &stmt{dst: []*variable{v}, expr: &node{op: opWordStore, value: opI64Store, args: []*node{g.fromMemory(a, callee.graph)}}})
		}
	}
	return append(append(first, s), last...)
}
