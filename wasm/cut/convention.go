package main

import (
	"bytes"
	"errors"
	"slices"
)

// Go's convention lets every function be left in the middle and resumed: it takes the number of a resume point, returns
// whether the caller must leave too, and jumps by setting that number and going through a table. Nothing is ever resumed
// here, so the same code can be said more briefly. Each step below is exact: the arithmetic is not touched.

// is reports whether instructions from i on have the given codes.
func (b *body) is(i int, ops ...byte) bool {
	if i < 0 || i+len(ops) > len(b.code) {
		return false
	}
	for k, op := range ops {
		if b.code[i+k].op != op {
			return false
		}
	}
	return true
}

// plainCalls turns
//
//	SP −= 8; store the return address there; resume point 0; call f; leave if f says so
//
// into a call, or into unreachable where f traps. The callee makes room for the address instead (see joinFrames), and
// gives it back as before, so that SP is the same after the call as before it, in its global and in the local that mirrors it.
func (c *cutter) plainCalls(b *body) error {
	for i := 0; i < len(b.code); i++ {
		x := b.code[i]
		if x.op != opCall {
			continue
		}
		callee := c.funcs[x.spot.callee]
		if callee == nil {
			b.code[i] = &instr{op: opUnreachable}
			continue
		}
		if !bytes.Equal(callee.signature, goFunction) {
			continue
		}
		from, to := b.callStart(i), b.callEnd(i)
		if from < 0 || to < 0 {
			return errors.New("call: not in the form that the compiler writes")
		}
		b.code = slices.Replace(b.code, from, to, x)
		i = from
	}
	return nil
}

// callStart returns where the sequence before call i begins, or -1.
func (b *body) callStart(i int) int {
	if !b.is(i-3, opI64Const, opI64Store, opI32Const) || b.code[i-3].spot == nil || b.code[i-1].value != 0 {
		return -1
	}
	switch {
	case b.is(i-9, b.code[i-9].op, opI32Const, opI32Sub, opLocalTee, opGlobalSet) && b.sp(i-9) && b.sp(i-4) && b.code[i-8].value == addressBytes:
		return i - 9
	case b.is(i-8, b.code[i-8].op, opI32Const, opI32Sub, opGlobalSet) && b.sp(i-8) && b.sp(i-4) && b.code[i-7].value == addressBytes:
		return i - 8
	}
	return -1
}

// callEnd returns the first instruction after what follows call i, or -1: the local that mirrors SP is read again, and the
// function left if it must.
func (b *body) callEnd(i int) int {
	i++
	if b.is(i, opGlobalGet, opLocalSet) {
		i += 2
	}
	switch {
	case b.is(i, opBrIf):
		return i + 1
	case b.is(i, opIf, opUnreachable, opEnd):
		return i + 3
	}
	return -1
}

// sp reports whether instruction i reads the stack pointer, from its global or from the local that mirrors it.
func (b *body) sp(i int) bool {
	x := b.code[i]
	return x.op == opGlobalGet && x.value == 0 || x.op == opLocalGet && x.value == 1
}

// dropStackCheck removes the comparison of the stack pointer with the stack's bound, by now
// "if SP ≤ bound { unreachable }": the stack ends where memory begins, so that running over it traps by itself.
func (b *body) dropStackCheck() {
	for i := range b.code {
		large := b.is(i+1, opGlobalGet, opI32Wrap, opI32Load, opI32Const, opI32Add, opI32LeU, opIf)
		if !b.sp(i) || !large && !b.is(i+1, opGlobalGet, opI32Wrap, opI32Load, opI32LeU, opIf) || b.code[i+1].value != registerG {
			continue
		}
		for end := i; ; end++ {
			if b.code[end].op == opEnd {
				b.code = slices.Delete(b.code, i, end+1)
				return
			}
		}
	}
}

// shortTraps removes what only prepares a trap: everything since the last jump, label or call.
func (b *body) shortTraps() {
	kept := b.code[:0:0]
	for _, x := range b.code {
		if x.op == opUnreachable {
			for len(kept) > 0 && straight(kept[len(kept)-1].op) {
				kept = kept[:len(kept)-1]
			}
		}
		kept = append(kept, x)
	}
	b.code = kept
}

// straight reports whether control passes through an instruction without choice.
func straight(op byte) bool { return op > opCall && op != 0x11 }

// plainReturns removes the result of an ordinary function and its parameter, which becomes a local.
func (b *body) plainReturns() error {
	kept := b.code[:0:0]
	for _, x := range b.code {
		if x.op == opReturn {
			last := len(kept) - 1
			if last < 0 || kept[last].op != opI32Const || kept[last].value != 0 {
				return errors.New("return: not in the form that the compiler writes")
			}
			kept = kept[:last]
		}
		kept = append(kept, x)
	}
	// A function that calls ends with "leave: i32.const 1"; nobody goes there now.
	if last := len(kept) - 1; last >= 0 && kept[last].op == opI32Const {
		kept[last] = &instr{op: opUnreachable}
	}
	b.code = kept
	r := &reader{data: b.locals}
	groups := r.count()
	b.locals = append(appendUleb(nil, groups+1), append([]byte{1, typeI32}, b.locals[r.pos:]...)...)
	return r.err
}
