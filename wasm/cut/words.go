package main

import "errors"

// types chooses the type of each word's variable by its accesses.
func (g *graph) types() error {
	count := map[*variable][2]int{} // i64, f64
	loads, stores := map[*variable]int{}, map[*variable]int{}
	note := func(v *variable, op int64) {
		if v.typ != 0 || op == 0 {
			return
		}
		n := count[v]
		if op == opF64Load || op == opF64Store {
			n[1]++
		} else {
			n[0]++
		}
		count[v] = n
	}
	vars := map[*variable]bool{}
	for _, v := range g.params {
		vars[v] = true
	}
	for _, b := range g.blocks {
		for _, s := range b.code {
			for i, v := range s.dst {
				vars[v] = true
				switch {
				case s.expr.op == opWordStore:
					note(v, s.expr.value)
					if w := width(byte(s.expr.value)); stores[v] == 0 || w < stores[v] {
						stores[v] = w
					}
				case s.expr.op == opCall && s.expr.callee.ordinary() && v.typ == 0 && count[v] == [2]int{}:
					if t := s.expr.callee.graph.resultTypes; i < len(t) && t[i] == typeF64 {
						note(v, opF64Store)
					}
				}
			}
		}
	}
	g.each(func(n *node) {
		if n.op == opLocalGet {
			vars[n.v] = true
			note(n.v, n.value)
			if n.value != 0 && n.value != opAllBits {
				loads[n.v] = max(loads[n.v], width(byte(n.value)))
			}
		}
	})
	g.each(func(n *node) {
		if n.op == opCall && n.callee.ordinary() {
			for i, a := range n.args {
				if p := n.callee.graph.params[i]; a.op == opLocalGet && p.typ == typeF64 && count[a.v] == [2]int{} {
					note(a.v, opF64Load)
				}
			}
		}
	})
	g.across(loads, stores)
	for v := range vars {
		if v.typ != 0 {
			continue
		}
		if stores[v] != 0 && stores[v] < loads[v] {
			return errors.New("word of the stack: read wider than it is written")
		}
		v.typ = typeI64
		if n := count[v]; n[1] > n[0] && stores[v]|loads[v] == 8 {
			v.typ = typeF64
		}
	}
	g.resultTypes = make([]byte, len(g.f.results))
	for i := range g.resultTypes {
		g.resultTypes[i] = typeI64
	}
	for _, b := range g.blocks {
		if b.kind == termReturn {
			for i, n := range b.vals {
				g.resultTypes[i] = n.v.typ
			}
		}
	}
	return nil
}

// across notes what callees load of arguments and store to results, for the same question; those that are called come first.
func (g *graph) across(loads, stores map[*variable]int) {
	for _, b := range g.blocks {
		for _, s := range b.code {
			call := s.expr
			if call.op != opCall || !call.callee.ordinary() {
				continue
			}
			callee := call.callee.graph
			for i, far := range callee.reads {
				if a := call.args[i]; a.op == opLocalGet {
					loads[a.v] = max(loads[a.v], far)
				}
			}
			for i, w := range callee.writes {
				if v := s.dst[i]; w != 0 && (stores[v] == 0 || w < stores[v]) {
					stores[v] = w
				}
			}
		}
	}
	g.reads, g.writes = make([]int, len(g.params)), make([]int, len(g.f.results))
	for i, v := range g.params {
		g.reads[i] = loads[v]
	}
	for _, b := range g.blocks {
		for i, n := range b.vals {
			if w := stores[n.v]; w != 0 && (g.writes[i] == 0 || w < g.writes[i]) {
				g.writes[i] = w
			}
		}
	}
}

// width is how many bytes a load or store moves.
func width(op byte) int {
	switch op {
	case 0x2c, 0x2d, 0x30, 0x31, 0x3a, 0x3c:
		return 1
	case 0x2e, 0x2f, 0x32, 0x33, 0x3b, 0x3d:
		return 2
	case 0x28, 0x2a, 0x34, 0x35, 0x36, 0x38, 0x3e:
		return 4
	}
	return 8
}

// lower writes accesses of words as what they are, reading a number's bits as another type where both occur.
func (g *graph) lower() error {
	var fault error
	fix := func(n *node) {
		switch {
		case n.op == opLocalGet && n.value != 0:
			op := byte(n.value)
			n.value = 0
			got := *n
			*n = *loaded(op, &got)
			if n.op == opUnreachable {
				fault = errors.New("word of the stack: access not understood")
			}
		case n.op == opCall && n.callee.ordinary():
			for i, want := range n.callee.graph.params {
				n.args[i] = coerce(n.args[i], want.typ)
			}
		}
	}
	for _, b := range g.blocks {
		var code []*stmt
		for _, s := range b.code {
			s.expr.each(fix)
			code = append(code, s)
			switch {
			case s.expr.op == opWordStore:
				val := s.expr.args[0]
				switch s.expr.value {
				case 0x38: // f32.store
					val = &node{op: opI64ExtendI32U, args: []*node{{op: 0xbc, args: []*node{val}}}}
				case 0x36, 0x3a, 0x3b:
					val = &node{op: opI64ExtendI32U, args: []*node{val}}
				}
				s.expr = coerce(val, s.dst[0].typ)
			case s.expr.op == opCall && s.expr.callee.ordinary():
				for i, v := range s.dst {
					if got := s.expr.callee.graph.resultTypes[i]; got != v.typ {
						s.dst[i] = &variable{typ: got}
						code = append(code, &stmt{dst: []*variable{v}, expr: coerce(&node{op: opLocalGet, v: s.dst[i]}, v.typ)})
					}
				}
			}
		}
		b.code = code
		if b.cond != nil {
			b.cond.each(fix)
		}
		for i, n := range b.vals {
			b.vals[i] = coerce(n, g.resultTypes[i])
		}
	}
	return fault
}

// loaded is what a load of a word gives.
func loaded(op byte, get *node) *node {
	mask := func(n int64) *node {
		return &node{op: opI64And, args: []*node{get, {op: opI64Const, value: n}}}
	}
	switch op {
	case opI64Load, opAllBits:
		return coerce(get, typeI64)
	case opF64Load:
		return coerce(get, typeF64)
	case 0x31:
		return mask(0xff)
	case 0x33:
		return mask(0xffff)
	case 0x35:
		return mask(0xffffffff)
	case 0x30:
		return &node{op: 0xc2, args: []*node{get}}
	case 0x32:
		return &node{op: 0xc3, args: []*node{get}}
	case 0x34:
		return &node{op: 0xc4, args: []*node{get}}
	case opI32Load:
		return &node{op: opI32Wrap, args: []*node{get}}
	case 0x2a: // f32.load
		return &node{op: 0xbe, args: []*node{{op: opI32Wrap, args: []*node{get}}}}
	}
	return &node{op: opUnreachable}
}

// coerce reads the bits of a number as another type.
func coerce(n *node, want byte) *node {
	switch got := n.typ(); {
	case got == want:
		return n
	case want == typeF64 && n.op == opI64Load:
		n.op = opF64Load
		return n
	case want == typeF64:
		return &node{op: 0xbf, args: []*node{n}}
	}
	return &node{op: 0xbd, args: []*node{n}}
}
