package main

import (
	"bytes"
	"fmt"
	"slices"
)

// Memory of the small module: the Go stack grows down from stackBytes to zero, so that running over it leaves the
// memory and traps; data follows.
const (
	stackBytes = 1 << 16
	pageBytes  = 1 << 16
	firstDatum = stackBytes
)

// write lays out data and functions anew and encodes the small module.
func (c *cutter) write(kept *result, r request) ([]byte, error) {
	place, end := layOut(kept.data)
	number := map[int]int{} // function of the small module for one of the linked module
	for i, f := range kept.funcs {
		number[f.linked] = len(r.funcs) + i
	}
	globals, exports, err := c.globals(r, kept.funcs, place)
	if err != nil {
		return nil, err
	}
	var code [][]byte
	for i, e := range r.funcs {
		code = append(code, entry(number[c.module.index[linkedName(e.symbol)]]))
		exports = append(exports, appendUleb(append(appendName(nil, e.name), 0), i))
	}
	for _, f := range kept.funcs {
		b, err := c.body(f)
		if err != nil {
			return nil, err
		}
		code = append(code, b.encode(number, place))
	}
	for i := range code {
		code[i] = append(appendUleb(nil, len(code[i])), code[i]...)
	}
	types, signatures := signatures(len(r.funcs), kept.funcs)
	out := append([]byte{}, magic...)
	out = appendSection(out, sectionType, types)
	out = appendSection(out, sectionFunction, signatures)
	out = appendSection(out, sectionMemory, [][]byte{appendUleb([]byte{0}, (end+pageBytes-1)/pageBytes)})
	out = appendSection(out, sectionGlobal, globals)
	out = appendSection(out, sectionExport, exports)
	out = appendSection(out, sectionCode, code)
	return appendSection(out, sectionData, segments(kept.data, place)), nil
}

// signatures numbers the signatures of the entries and the kept functions, like beside like. Entries take and return
// nothing.
func signatures(entries int, funcs []*function) (types, numbers [][]byte) {
	nothing := []byte{typeFunc, 0, 0}
	types = [][]byte{nothing}
	for _, f := range funcs {
		types = append(types, f.shortSignature())
	}
	slices.SortFunc(types, bytes.Compare)
	types = slices.CompactFunc(types, bytes.Equal)
	number := func(signature []byte) []byte {
		i, _ := slices.BinarySearchFunc(types, signature, bytes.Compare)
		return appendUleb(nil, i)
	}
	for range entries {
		numbers = append(numbers, number(nothing))
	}
	for _, f := range funcs {
		numbers = append(numbers, number(f.shortSignature()))
	}
	return types, numbers
}

// layOut gives each datum a new address; end is the first byte after them.
func layOut(data []*datum) (place map[int]int, end int) {
	place, end = map[int]int{}, firstDatum
	for _, d := range data {
		align := max(d.align, 8)
		end = (end + align - 1) / align * align
		place[d.linked] = end
		end += d.size
	}
	return place, end
}

// globals encodes the stack pointer, Go's other registers where a function that was not rewritten may use them, and one
// constant for each exported address.
func (c *cutter) globals(r request, funcs []*function, place map[int]int) (globals, exports [][]byte, err error) {
	registers := goGlobalTypes[:1]
	if slices.ContainsFunc(funcs, usesRegisters) {
		registers = goGlobalTypes
	}
	for _, typ := range registers {
		op := byte(0x41) // i32.const
		if typ == typeI64 {
			op = 0x42
		}
		globals = append(globals, []byte{typ, 1, op, 0, 0x0b})
	}
	exports = append(exports, append(appendName(nil, "memory"), 2, 0))
	for _, e := range r.data {
		address := -1
		for _, d := range c.data {
			if d.name == e.symbol {
				address = place[d.linked]
			}
		}
		if address < 0 {
			return nil, nil, fmt.Errorf("data %s: none of the functions touches it", e.symbol)
		}
		exports = append(exports, appendUleb(append(appendName(nil, e.name), 3), len(globals)))
		globals = append(globals, append(appendSleb([]byte{typeI32, 0, 0x41}, int64(address)), 0x0b))
	}
	return globals, exports, nil
}

// usesRegisters reports whether a function keeps its code as it was and uses registers beside the stack pointer.
func usesRegisters(f *function) bool {
	b, err := decode(f)
	return !f.ordinary() && (err != nil || slices.ContainsFunc(b.code, func(x *instr) bool {
		return (x.op == opGlobalGet || x.op == opGlobalSet) && x.value != 0
	}))
}

// entry calls a Go function on a fresh stack: a trap in an earlier call leaves nothing behind that matters.
func entry(function int) []byte {
	b := appendSleb([]byte{0, opI32Const}, stackBytes)
	return append(appendUleb(append(b, opGlobalSet, 0, opCall), function), opEnd)
}

// segments encodes initial memory without the zeros at either end of each datum.
func segments(data []*datum, place map[int]int) (list [][]byte) {
	for _, d := range data {
		from, to := 0, len(d.image)
		for from < to && d.image[from] == 0 {
			from++
		}
		for from < to && d.image[to-1] == 0 {
			to--
		}
		if from == to {
			continue
		}
		b := appendSleb([]byte{0, 0x41}, int64(place[d.linked]+from))
		b = appendUleb(append(b, 0x0b), to-from)
		list = append(list, append(b, d.image[from:to]...))
	}
	return list
}

// appendSection encodes a section that is a list.
func appendSection(out []byte, id byte, items [][]byte) []byte {
	if len(items) == 0 {
		return out
	}
	body := appendUleb(nil, len(items))
	for _, item := range items {
		body = append(body, item...)
	}
	return append(appendUleb(append(out, id), len(body)), body...)
}
