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
	globals, exports, err := c.globals(r, place)
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

// signatures numbers the signatures of the entries and the kept functions. Entries and ordinary functions take and return
// nothing.
func signatures(entries int, funcs []*function) (types, numbers [][]byte) {
	types = [][]byte{{typeFunc, 0, 0}}
	for range entries {
		numbers = append(numbers, []byte{0})
	}
	for _, f := range funcs {
		i := 0
		signature := f.shortSignature()
		if i = slices.IndexFunc(types, func(t []byte) bool { return bytes.Equal(t, signature) }); i < 0 {
			i, types = len(types), append(types, signature)
		}
		numbers = append(numbers, appendUleb(nil, i))
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

// globals encodes Go's registers, and one constant for each exported address.
func (c *cutter) globals(r request, place map[int]int) (globals, exports [][]byte, err error) {
	for _, typ := range goGlobalTypes {
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
