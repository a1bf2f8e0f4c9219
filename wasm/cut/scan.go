package main

import (
	"errors"
	"fmt"
	"slices"
)

// operands says what follows an instruction's code.
type operands uint8

const (
	unknown operands = iota
	none
	block     // block type
	index     // one unsigned number
	memory    // alignment, offset
	zeroByte  // memory 0
	table     // targets and default of br_table
	const32   // signed number
	const64   // signed number
	float32b  // 4 bytes
	float64b  // 8 bytes
	call      // function
	forbidden // understood, and refused
)

// instructions lists the operands of each instruction that Go's compiler writes.
var instructions = func() (t [256]operands) {
	fill := func(from, to byte, o operands) {
		for i := int(from); i <= int(to); i++ {
			t[i] = o
		}
	}
	fill(0x00, 0x01, none) // unreachable, nop
	fill(0x02, 0x04, block)
	fill(0x05, 0x05, none)
	fill(0x0b, 0x0b, none)
	fill(0x0c, 0x0d, index) // br, br_if
	fill(0x0e, 0x0e, table)
	fill(0x0f, 0x0f, none)
	fill(0x10, 0x10, call)
	fill(0x11, 0x11, forbidden) // call_indirect
	fill(0x1a, 0x1b, none)
	fill(0x20, 0x22, index) // locals
	fill(0x23, 0x24, index) // globals, checked by register
	fill(0x28, 0x3e, memory)
	fill(0x3f, 0x3f, zeroByte)
	fill(0x40, 0x40, forbidden) // memory.grow
	fill(0x41, 0x41, const32)
	fill(0x42, 0x42, const64)
	fill(0x43, 0x43, float32b)
	fill(0x44, 0x44, float64b)
	fill(0x45, 0xc4, none) // arithmetic
	return t
}()

// scan reads a function's body, refuses what a kernel may not hold, and returns where the operands of its calls begin.
func scan(code []byte) ([]int, error) {
	r := &reader{data: code}
	for range r.count() { // locals
		r.uleb()
		r.byte()
	}
	var calls []int
	for !r.done() {
		at, op := r.pos, r.byte()
		if instructions[op] == call {
			calls = append(calls, r.pos)
		}
		if err := r.operands(op); err != nil {
			return nil, fmt.Errorf("instruction %#x at byte %d: %w", op, at, err)
		}
	}
	return calls, r.err
}

// operands steps over what follows an instruction.
func (r *reader) operands(op byte) error {
	switch instructions[op] {
	case none:
	case block, const32, const64:
		r.sleb()
	case index, call:
		n := r.uleb()
		if op == 0x23 || op == 0x24 {
			return register(n)
		}
	case memory:
		r.uleb()
		r.uleb()
	case zeroByte:
		r.byte()
	case table:
		for range r.count() + 1 {
			r.uleb()
		}
	case float32b:
		r.take(4)
	case float64b:
		r.take(8)
	case forbidden:
		return errors.New("a kernel must not call through pointers or grow memory")
	default:
		return r.extended(op)
	}
	return nil
}

// extended steps over the operands of instructions with a second code: saturating conversions, and bulk memory.
func (r *reader) extended(op byte) error {
	if op != 0xfc {
		return errors.New("not understood")
	}
	switch n := r.uleb(); n {
	case 0, 1, 2, 3, 4, 5, 6, 7: // trunc_sat
	case 10: // memory.copy
		r.take(2)
	case 11: // memory.fill
		r.take(1)
	default:
		return fmt.Errorf("second code %d: not understood", n)
	}
	return nil
}

// registerG holds the running goroutine in a whole module.
const registerG = 2

// register admits the stack pointer, g (whose stack bound reads as zero here) and the four results of low-level calls.
func register(n int) error {
	switch n {
	case 0, registerG, 3, 4, 5, 6:
		return nil
	}
	return fmt.Errorf("register %d: belongs to the scheduler or to closures", n)
}

// checkCalls makes sure that each call is a relocation and each call relocation a call.
func (f *function) checkCalls(calls []int) error {
	var spots []int
	for _, s := range f.spots {
		if s.kind == spotCall {
			spots = append(spots, s.from)
		}
	}
	if !slices.Equal(calls, spots) {
		return fmt.Errorf("calls at bytes %v: the object has relocations at %v", calls, spots)
	}
	return nil
}
