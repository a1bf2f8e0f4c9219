package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// request says what the small module offers.
type request struct {
	funcs []export // functions without parameters and results
	data  []export // arrays, whose addresses become globals
}

// export gives a symbol of the program a name in the small module.
type export struct{ name, symbol string }

// result is the small module and what went into it.
type result struct {
	funcs  []*function // in the order of the small module; traps not counted
	data   []*datum    // in the order of their addresses in the linked module
	module []byte
}

func (r *result) dataBytes() (n int) {
	for _, d := range r.data {
		n += d.size
	}
	return n
}

// function is one kept function: its linked code, and where in it stand calls and addresses.
type function struct {
	*symbol
	linked    int // index in the linked module
	code      []byte
	signature []byte // of an ordinary Go function, or of one written in assembly for use inside others
	spots     []spot
	graph     *graph // of an ordinary one
	params    []int  // arguments that it reads, by their places on the stack
	results   []int  // results that are read, likewise
	inlined   bool   // stands where it was called
}

// ordinary reports whether a function has the ordinary convention.
func (f *function) ordinary() bool { return bytes.Equal(f.signature, goFunction) }

// spot is a number in linked code that changes when the function moves.
type spot struct {
	from, to int // bytes of the number
	kind     spotKind
	callee   int   // spotCall: index in the linked module
	datum    int   // spotData: address of the symbol in the linked module
	add      int64 // spotData: bytes from the beginning of the symbol
}

type spotKind uint8

const (
	spotCall   spotKind = iota // index of a called function
	spotReturn                 // return address, kept on the Go stack for tracebacks only
	spotData                   // address in linear memory
)

// datum is one kept data symbol.
type datum struct {
	*symbol
	linked int    // address in the linked module
	image  []byte // initial contents
}

// size measures a function by its expressions.
func (f *function) size() (n int) {
	if f.ordinary() {
		f.graph.each(func(*node) { n++ })
	}
	return n
}

// cutter collects what the exported functions reach.
type cutter struct {
	module  *linked
	objects *objects
	funcs   map[int]*function // by linked index
	data    map[int]*datum    // by linked address
	order   []*function

	exported map[*function]bool
}

// cut makes the small module. Functions come by size, like beside like: compressors see more. Where sizes are equal, and for
// data, the order is that of the linked module, so the same program and request give the same bytes.
func cut(program []byte, all *objects, r request) (*result, error) {
	module, err := parseModule(program)
	if err != nil {
		return nil, err
	}
	c := &cutter{module: module, objects: all, funcs: map[int]*function{}, data: map[int]*datum{}, exported: map[*function]bool{}}
	for _, e := range r.funcs {
		index, known := module.index[linkedName(e.symbol)]
		if !known || index < 0 {
			return nil, fmt.Errorf("func %s: the module must have exactly one function of this name", e.symbol)
		}
		if err := c.keep(index); err != nil {
			return nil, err
		}
		c.exported[c.funcs[index]] = true
		if f := c.funcs[index]; !bytes.Equal(f.signature, goFunction) {
			return nil, fmt.Errorf("func %s: signature %x must be that of an ordinary Go function", e.symbol, f.signature)
		}
	}
	kept := &result{funcs: c.order}
	for _, d := range c.data {
		kept.data = append(kept.data, d)
	}
	slices.SortFunc(kept.data, func(a, b *datum) int { return cmp.Compare(a.linked, b.linked) })
	if err := disjoint(kept.data); err != nil {
		return nil, err
	}
	if err := c.optimise(); err != nil {
		return nil, err
	}
	kept.funcs = slices.DeleteFunc(slices.Clone(kept.funcs), func(f *function) bool { return f.inlined })
	slices.SortFunc(kept.funcs, func(a, b *function) int {
		return cmp.Or(cmp.Compare(a.size(), b.size()), cmp.Compare(a.linked, b.linked))
	})
	kept.module, err = c.write(kept, r)
	return kept, err
}

// keep adds a function and all that it reaches.
func (c *cutter) keep(index int) error {
	if c.funcs[index] != nil {
		return nil
	}
	name := c.module.names[index]
	f, err := c.match(index)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.funcs[index] = f
	c.order = append(c.order, f)
	calls, err := scan(f.code)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := f.checkCalls(calls); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, s := range f.spots {
		if s.kind != spotCall || traps(c.module.names[s.callee]) {
			continue
		}
		if err := c.keep(s.callee); err != nil {
			return fmt.Errorf("%s calls %w", name, err)
		}
	}
	return nil
}

// match finds the object code of a linked function and what each relocation became.
func (c *cutter) match(index int) (*function, error) {
	name := c.module.names[index]
	if index < c.module.imports {
		return nil, fmt.Errorf("is imported: a kernel must not leave the module")
	}
	if err := admitted(name); err != nil {
		return nil, err
	}
	body := index - c.module.imports
	code, signature := c.module.code[body], c.module.signature(body)
	reason := fmt.Errorf("no object defines it")
	for _, s := range c.objects.byName[name] {
		if s.kind != kindText {
			continue
		}
		f := &function{symbol: s, linked: index, code: code, signature: signature}
		if reason = c.align(f); reason == nil {
			return f, nil
		}
	}
	return nil, reason
}

// align finds the spots of a function.
func (c *cutter) align(f *function) error {
	return walk(f.symbol, f.code, func(x reloc, value int64, from, to int) error {
		s, err := c.spot(f, x, value)
		s.from, s.to = from, to
		f.spots = append(f.spots, s)
		return err
	})
}

// walk goes over object code and linked code together: between relocations they must be equal. It shows each relocation
// with the number that the linker wrote for it in bytes from..to.
func walk(s *symbol, code []byte, visit func(x reloc, value int64, from, to int) error) error {
	r := &reader{data: code}
	done := 0
	for _, x := range s.relocs {
		if x.marker {
			continue
		}
		if x.offset < done || x.offset > len(s.data) {
			return fmt.Errorf("relocation at byte %d: out of order", x.offset)
		}
		if !bytes.Equal(r.take(x.offset-done), s.data[done:x.offset]) {
			return fmt.Errorf("code differs from its object before byte %d", x.offset)
		}
		done = x.offset
		from := r.pos
		value := r.sleb()
		if err := visit(x, value, from, r.pos); err != nil {
			return err
		}
	}
	if r.err != nil || !bytes.Equal(r.data[r.pos:], s.data[done:]) {
		return fmt.Errorf("code differs from its object after byte %d", done)
	}
	return nil
}

// spot tells what the number that the linker wrote for a relocation means.
func (c *cutter) spot(f *function, x reloc, value int64) (spot, error) {
	switch {
	case x.typ == relocCall:
		if value < 0 || value >= int64(len(c.module.names)) {
			return spot{}, fmt.Errorf("call of function %d: no such function", value)
		}
		if value < int64(c.module.imports) {
			return spot{}, fmt.Errorf("calls an imported function: a kernel must not leave the module")
		}
		return spot{kind: spotCall, callee: int(value)}, nil
	case x.typ == relocAddress && x.target == f.symbol:
		return spot{kind: spotReturn}, nil
	case x.typ == relocAddress && x.target != nil && x.target.kind == kindText:
		return spot{}, fmt.Errorf("takes the address of %s: a kernel must not call through pointers", x.target.name)
	case x.typ == relocAddress && x.target != nil:
		s := spot{kind: spotData, datum: int(value - x.add), add: x.add}
		if err := c.keepDatum(x.target, s.datum); err != nil {
			return spot{}, fmt.Errorf("%s: %w", x.target.name, err)
		}
		if x.add < 0 || x.add > int64(x.target.size) {
			return spot{}, fmt.Errorf("%s%+d: lies outside its %d bytes", x.target.name, x.add, x.target.size)
		}
		return s, nil
	case x.typ == relocAddress:
		flag, address := c.barrier()
		if flag == nil || int(value-x.add) != address {
			return spot{}, fmt.Errorf("refers to data that no object defines")
		}
		x.target = flag
		return c.spot(f, x, value)
	}
	return spot{}, fmt.Errorf("relocation of type %d: not understood", x.typ)
}

// traps reports whether a call of the function ends the computation: panics of the runtime, growth of the stack, and
// news for a collector that is not there.
func traps(name string) bool {
	short, ok := strings.CutPrefix(name, "runtime.")
	return ok && (strings.HasPrefix(short, "panic") || strings.HasPrefix(short, "goPanic") ||
		strings.HasPrefix(short, "morestack") || strings.HasPrefix(short, "gcWriteBarrier") || short == "gopanic" || short == "sigpanic")
}

// admitted refuses the functions of the runtime but those that only compute.
func admitted(name string) error {
	switch name {
	case "runtime.wasmDiv", "runtime.memmove", "runtime.memclrNoHeapPointers":
		return nil
	}
	for _, prefix := range []string{"runtime.", "internal_", "syscall.", "os."} {
		if strings.HasPrefix(name, prefix) {
			return fmt.Errorf("is a service of the runtime: a kernel must not allocate, block or panic on purpose")
		}
	}
	return nil
}
