package main

import (
	"errors"
	"fmt"
)

// treeReader turns instructions into trees.
type treeReader struct {
	c       *cutter
	g       *graph
	regs    map[int64]*variable
	targets map[*instr]*basic // where a branch to a label leads
	table   *instr            // goes to the resume point that local 0 names
	elses   map[*instr]*basic // the other branch of each open if
	resume  int64             // set in local 0
	at      *basic            // nil where nothing comes
	stack   []*node
}

var errShape = errors.New("not in the form that the compiler writes")

// graph decodes a function of the ordinary convention.
func (c *cutter) graph(f *function) (*graph, error) {
	g := &graph{f: f, entry: &basic{}}
	b, err := c.plain(g)
	if err != nil {
		return nil, err
	}
	r := &treeReader{c: c, g: g, regs: map[int64]*variable{}, targets: map[*instr]*basic{}, elses: map[*instr]*basic{}, resume: -1}
	if err := r.resumePoints(b); err != nil {
		return nil, err
	}
	if err := r.registers(b.locals); err != nil {
		return nil, err
	}
	r.at = g.entry
	for i := range b.code {
		if err := r.instr(b, i); err != nil {
			return nil, fmt.Errorf("instruction %d, %#x: %w", i, b.code[i].op, err)
		}
	}
	if r.at != nil {
		r.at.kind = termTrap // a call that does not return
	}
	g.tidy()
	return g, nil
}

// plain decodes the instructions of a graph's function and takes away what serves Go's convention alone, the room for the
// frame last.
func (c *cutter) plain(g *graph) (*body, error) {
	b, err := decode(g.f)
	if err != nil {
		return nil, err
	}
	if err := c.plainCalls(b); err != nil {
		return nil, err
	}
	b.dropStackCheck()
	b.shortTraps()
	if err := b.plainReturns(); err != nil {
		return nil, err
	}
	at := b.frame()
	b.joinFrames()
	if g.room = addressBytes; at < 0 {
		b.code = b.code[4:]
	} else {
		g.room = int(b.code[at+1].value)
		b.code = append(b.code[:at:at], b.code[at+5:]...)
	}
	return b, nil
}

// resumePoints finds the table of resume points and makes a block for each.
func (r *treeReader) resumePoints(b *body) error {
	for _, x := range b.code {
		if x.op != opBrTable {
			continue
		}
		if r.table != nil {
			return errShape
		}
		r.table = x
		for _, label := range x.labels {
			r.place(label)
		}
	}
	return nil
}

// registers makes a variable for each local but the first two, the resume point and the stack pointer.
func (r *treeReader) registers(locals []byte) error {
	in := &reader{data: locals}
	n := int64(0)
	for range in.count() {
		count, typ := in.uleb(), in.byte()
		for range count {
			r.regs[n] = &variable{typ: typ}
			n++
		}
	}
	return in.err
}

func (r *treeReader) push(n *node) { r.stack = append(r.stack, n) }

func (r *treeReader) pop() *node {
	last := len(r.stack) - 1
	if last < 0 {
		return &node{op: opUnreachable}
	}
	n := r.stack[last]
	r.stack = r.stack[:last]
	return n
}

// statement ends a statement. What waits on the stack and would be changed by it is kept in variables first.
func (r *treeReader) statement(s *stmt) error {
	if s.expr.op == opFrame { // an address of 32 bits in a register: promote looks for addresses among operands
		return errShape
	}
	writes := s.writes()
	for i, n := range r.stack {
		conflict := writes && n.reads()
		for _, v := range s.dst {
			conflict = conflict || n.uses(v)
		}
		if conflict {
			v := &variable{typ: n.typ()}
			r.at.code = append(r.at.code, &stmt{dst: []*variable{v}, expr: n})
			r.stack[i] = &node{op: opLocalGet, v: v}
		}
	}
	r.at.code = append(r.at.code, s)
	return nil
}

// instr reads instruction i.
func (r *treeReader) instr(b *body, i int) error {
	x := b.code[i]
	if r.at == nil && (x.op != opEnd && x.op != opElse || x.op == opElse && r.elses[x.open] == nil) {
		return nil // nothing comes here
	}
	switch x.op {
	case 0x01, opBlock, opLoop: // nop
	case opEnd, opIf, opElse, opBr, opBrIf, opBrTable, opReturn, opUnreachable:
		return r.control(x)
	case opLocalGet, opGlobalGet:
		return r.read(x)
	case opLocalSet, opLocalTee, opGlobalSet:
		return r.write(b, i)
	case opI32Const, opI64Const:
		r.push(&node{op: x.op, value: x.value, spot: x.spot})
	case 0x43, 0x44:
		r.push(&node{op: x.op, raw: x.raw})
	case opCall:
		return r.call(x)
	default:
		return r.arithmetic(x)
	}
	return nil
}

func (r *treeReader) read(x *instr) error {
	switch {
	case x.op == opGlobalGet && x.value == 0, x.op == opLocalGet && x.value == 1:
		r.push(&node{op: opFrame})
	case x.op == opLocalGet && x.value > 1:
		r.push(&node{op: opLocalGet, v: r.regs[x.value]})
	case x.op == opLocalGet && x.value == 0:
		r.push(&node{op: opLocalGet})
	default:
		return errShape
	}
	return nil
}

// write reads the setting of a local or of the stack pointer.
func (r *treeReader) write(b *body, i int) error {
	x := b.code[i]
	n := r.pop()
	switch {
	case x.op == opGlobalSet && x.value == 0: // the frame is given back
		if n.op != opI32Add || n.args[0].op != opFrame || n.args[1].value != int64(r.g.room) || !b.is(i+1, opReturn) {
			return errShape
		}
	case x.op != opGlobalSet && x.value == 0:
		if n.op != opI32Const || !b.is(i+1, opBr) && !b.is(i+1, opBrIf) {
			return errShape
		}
		r.resume = n.value
	case x.op != opGlobalSet && x.value == 1:
		back := n.op == opI32Add && n.args[0].op == opFrame && n.args[1].value == int64(r.g.room)
		if !back && (n.op != opFrame || n.value != 0) {
			return errShape
		}
		if x.op == opLocalTee {
			r.push(n)
		}
	case x.op == opGlobalSet:
		return errShape
	default:
		v := r.regs[x.value]
		if err := r.statement(&stmt{dst: []*variable{v}, expr: n}); err != nil {
			return err
		}
		if x.op == opLocalTee {
			r.push(&node{op: opLocalGet, v: v})
		}
	}
	return nil
}

func (r *treeReader) call(x *instr) error {
	callee := r.c.funcs[x.spot.callee]
	n := &node{op: opCall, callee: callee, spot: x.spot}
	if callee.ordinary() {
		r.g.outs = max(r.g.outs, callee.args)
		return r.statement(&stmt{expr: n})
	}
	in := &reader{data: callee.signature, pos: 1}
	params := in.take(in.uleb())
	n.args = make([]*node, len(params))
	for i := len(params) - 1; i >= 0; i-- {
		n.args[i] = r.pop()
	}
	switch results := in.take(in.uleb()); len(results) {
	case 0:
		return r.statement(&stmt{expr: n})
	case 1:
		v := &variable{typ: results[0]}
		err := r.statement(&stmt{dst: []*variable{v}, expr: n})
		r.push(&node{op: opLocalGet, v: v})
		return err
	}
	return errShape
}

// arithmetic reads everything that takes values and gives at most one.
func (r *treeReader) arithmetic(x *instr) error {
	n := &node{op: x.op, raw: x.raw}
	if isLoad(x.op) || isStore(x.op) {
		m := &reader{data: x.raw}
		m.uleb()
		n.value, n.raw = int64(m.uleb()), nil
	}
	takes, known := operandsOf(x)
	if !known {
		return errShape
	}
	n.args = make([]*node, takes)
	for i := takes - 1; i >= 0; i-- {
		n.args[i] = r.pop()
	}
	if n = n.frameAddress(); isStore(n.op) || n.isBulk() {
		return r.statement(&stmt{expr: n})
	}
	r.push(n)
	return nil
}

// frameAddress reads wrap(extend(SP) + offset), SP + offset and loads and stores there as what they are.
func (n *node) frameAddress() *node {
	isFrame := func(x *node) bool {
		return x.op == opFrame || x.op == opI64ExtendI32U && x.args[0].op == opFrame
	}
	switch {
	case n.op == opI32Wrap && n.args[0].op == opI64ExtendI32U && isFrame(n.args[0]):
		return n.args[0].args[0]
	case n.op == opI64Add && isFrame(n.args[0]) && n.args[1].op == opI64Const && n.args[1].spot == nil:
		base := n.args[0].args[0]
		return &node{op: opI64ExtendI32U, args: []*node{{op: opFrame, value: base.value + n.args[1].value}}}
	case (isLoad(n.op) || isStore(n.op)) && n.args[0].op == opFrame:
		n.value += n.args[0].value
		n.args[0] = &node{op: opFrame}
	}
	return n
}
