package main

// not negates a condition.
func not(n *node) *node {
	if n.op == opI32Eqz {
		return n.args[0]
	}
	if op, ok := opposite[n.op]; ok {
		return &node{op: op, args: n.args}
	}
	return &node{op: opI32Eqz, args: []*node{n}}
}

// opposite holds comparisons and what is true where they are not. Those of order of floating-point numbers have none: both
// are false of NaN.
var opposite = map[byte]byte{}

func init() {
	for _, pair := range [][2]byte{
		{0x46, 0x47}, {0x48, 0x4e}, {0x49, 0x4f}, {0x4a, 0x4c}, {0x4b, 0x4d}, // i32: eq ne, lt ge, gt le
		{0x51, 0x52}, {0x53, 0x59}, {0x54, 0x5a}, {0x55, 0x57}, {0x56, 0x58}, // i64
		{0x5b, 0x5c}, {0x61, 0x62}, // f32, f64: eq ne
	} {
		opposite[pair[0]], opposite[pair[1]] = pair[1], pair[0]
	}
}

// truth reports whether an expression is 0 or 1.
func (n *node) truth() bool { return n.op == opI32Eqz || 0x45 <= n.op && n.op <= 0x66 }

// simplify shortens an expression.
func (n *node) simplify() *node {
	for i, a := range n.args {
		n.args[i] = a.simplify()
	}
	if len(n.args) == 0 {
		return n
	}
	a := n.args[0]
	if isLoad(n.op) || isStore(n.op) {
		n.foldOffset()
		a = n.args[0]
	}
	switch n.op {
	case opI32Eqz:
		if a.op == opI64ExtendI32U {
			a = a.args[0]
		}
		if a.truth() {
			return not(a)
		}
	case opI64Eqz:
		if a.op == opI64ExtendI32U {
			return (&node{op: opI32Eqz, args: a.args}).simplify()
		}
	case opI32Add:
		if a.op == opI32Const && a.spot == nil && n.args[1].op != opI32Const {
			n.args[0], n.args[1] = n.args[1], a
			return n.simplify()
		}
		if b := n.args[1]; a.op == opI32Add && a.args[1].op == opI32Const && a.args[1].spot == nil && a.args[0].op != opI32Const {
			if b.op == opI32Const && b.spot == nil {
				return (&node{op: opI32Add, args: []*node{a.args[0], {op: opI32Const, value: int64(int32(a.args[1].value + b.value))}}}).simplify()
			}
			return (&node{op: opI32Add, args: []*node{{op: opI32Add, args: []*node{a.args[0], b}}, a.args[1]}}).simplify()
		}
	case opI32Wrap:
		if a.op == opI64ExtendI32U || a.op == 0xac {
			return a.args[0]
		}
		if a.op == opI64Const && a.spot == nil {
			return &node{op: opI32Const, value: int64(int32(a.value))}
		}
	case opI64And:
		if b := n.args[1]; b.op == opI64Const && b.value == 0xff && a.op == opI64ExtendI32U && a.args[0].truth() {
			return a
		}
	case 0xbf: // f64.reinterpret_i64
		if a.op == 0xbd {
			return a.args[0]
		}
		if a.op == opI64Load {
			return &node{op: opF64Load, value: a.value, args: a.args}
		}
	case 0xbd:
		if a.op == 0xbf {
			return a.args[0]
		}
	case opI64Store:
		if v := n.args[1]; v.op == 0xbd {
			return &node{op: opF64Store, value: n.value, args: []*node{a, v.args[0]}}
		}
	case opF64Store:
		if v := n.args[1]; v.op == 0xbf {
			return &node{op: opI64Store, value: n.value, args: []*node{a, v.args[0]}}
		}
	}
	return n
}

func (g *graph) simplify() {
	for _, b := range g.blocks {
		for _, s := range b.code {
			s.expr = s.expr.simplify()
		}
		for i, n := range b.vals {
			b.vals[i] = n.simplify()
		}
		if b.cond != nil {
			b.cond = b.cond.simplify()
		}
	}
}

// foldOffset moves a constant from an address into the load or store itself. An address that lies in memory is the same
// either way, for data begins far above any such offset.
func (n *node) foldOffset() {
	a := n.args[0]
	if a.op != opI32Add || a.args[1].op != opI32Const || a.args[1].spot != nil {
		return
	}
	if c := a.args[1].value; c >= 0 && n.value+c < firstDatum/2 {
		n.value += c
		n.args[0] = a.args[0]
	}
}
