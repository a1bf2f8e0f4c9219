package main

import (
	"bytes"
	"errors"
	"fmt"
)

// Instructions that the cutter looks at or writes.
const (
	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opBrTable     = 0x0e
	opReturn      = 0x0f
	opCall        = 0x10
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opLocalTee    = 0x22
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opI32Load     = 0x28
	opI64Store    = 0x37
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI32LeU      = 0x4d
	opI32Add      = 0x6a
	opI32Sub      = 0x6b
	opI64Add      = 0x7c
	opI32Wrap     = 0xa7
	opSelect      = 0x1b
	opI64Load     = 0x29
	opF64Load     = 0x2b
	opF64Store    = 0x39
	opI64And      = 0x83
	opI64Shl      = 0x86
	opI32Shl      = 0x74
	opI32Eqz      = 0x45
	opI32And      = 0x71
	opI64Eqz      = 0x50
	opExtended    = 0xfc

	opI64ExtendI32U = 0xad

	emptyBlock = 0x40
)

// instr is one instruction. Branches hold the instruction that opens the block they leave or repeat, so that blocks can
// come and go without renumbering.
type instr struct {
	op     byte
	value  int64    // constant, or number of a local, global or function
	raw    []byte   // operands of every other instruction
	spot   *spot    // call or address that moves
	label  *instr   // of br and br_if
	labels []*instr // of br_table, the default last
	open   *instr   // of end and else
}

// body is a function's code between its locals and its last end.
type body struct {
	locals []byte
	root   *instr // stands for the function itself as a label
	code   []*instr
}

// decode reads a kept function.
func decode(f *function) (*body, error) {
	r := &reader{data: f.code}
	for range r.count() {
		r.uleb()
		r.byte()
	}
	b := &body{root: &instr{op: opBlock}}
	if r.err == nil {
		b.locals = f.code[:r.pos]
	}
	spots := map[int]*spot{}
	for i := range f.spots {
		spots[f.spots[i].from] = &f.spots[i]
	}
	nest := []*instr{b.root}
	for !r.done() {
		x, err := r.instr(&nest)
		if err != nil {
			return nil, err
		}
		if x == nil { // the function's own end
			break
		}
		x.spot = spots[r.pos-len(x.raw)]
		b.code = append(b.code, x)
	}
	if r.err == nil && (r.pos != len(r.data) || len(nest) != 0) {
		r.fail(errors.New("blocks do not match"))
	}
	return b, r.err
}

// instr reads one instruction; nest holds the open blocks.
func (r *reader) instr(nest *[]*instr) (*instr, error) {
	x := &instr{op: r.byte()}
	start := r.pos
	open := *nest
	label := func() *instr {
		if n := r.uleb(); n < len(open) {
			return open[len(open)-1-n]
		}
		r.fail(errors.New("branch leaves the function"))
		return nil
	}
	switch x.op {
	case opBlock, opLoop, opIf:
		if r.byte() != emptyBlock {
			return nil, fmt.Errorf("byte %d: block with a result: not understood", start)
		}
		*nest = append(open, x)
	case opElse:
		x.open = open[len(open)-1]
	case opEnd:
		x.open = open[len(open)-1]
		*nest = open[:len(open)-1]
		if len(open) == 1 {
			return nil, r.err
		}
	case opBr, opBrIf:
		x.label = label()
	case opBrTable:
		for range r.count() + 1 {
			x.labels = append(x.labels, label())
		}
	case opI32Const, opI64Const:
		x.value = r.sleb()
	case opCall, opLocalGet, opLocalSet, opLocalTee, opGlobalGet, opGlobalSet:
		x.value = int64(r.uleb())
	default:
		if err := r.operands(x.op); err != nil {
			return nil, err
		}
	}
	if r.err == nil {
		x.raw = r.data[start:r.pos]
	}
	return x, r.err
}

// encode writes a body; number gives functions, place data their new numbers.
func (b *body) encode(number, place map[int]int) []byte {
	out := bytes.Clone(b.locals)
	nest := []*instr{b.root}
	depth := func(label *instr) int {
		for i := len(nest) - 1; i >= 0; i-- {
			if nest[i] == label {
				return len(nest) - 1 - i
			}
		}
		panic("cut: branch to a block that is not open")
	}
	for _, x := range b.code {
		out = append(out, x.op)
		switch x.op {
		case opBlock, opLoop, opIf:
			nest = append(nest, x)
			out = append(out, emptyBlock)
		case opEnd:
			nest = nest[:len(nest)-1]
		case opBr, opBrIf:
			out = appendUleb(out, depth(x.label))
		case opBrTable:
			out = appendUleb(out, len(x.labels)-1)
			for _, label := range x.labels {
				out = appendUleb(out, depth(label))
			}
		case opI32Const, opI64Const:
			value := x.value
			if x.spot != nil && x.spot.kind == spotData {
				value = int64(place[x.spot.datum]) + x.spot.add
			}
			out = appendSleb(out, value)
		case opCall:
			out = appendUleb(out, number[x.spot.callee])
		case opLocalGet, opLocalSet, opLocalTee, opGlobalGet, opGlobalSet:
			out = appendUleb(out, int(x.value))
		default:
			out = append(out, x.raw...)
		}
	}
	return append(out, opEnd)
}
