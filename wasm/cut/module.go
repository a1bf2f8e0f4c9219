package main

import (
	"bytes"
	"errors"
	"fmt"
)

// Section numbers of a WebAssembly module.
const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
)

// Value types, and the signature of every ordinary Go function: (i32 resume index) -> (i32 unwind).
const (
	typeI32  = 0x7f
	typeI64  = 0x7e
	typeF32  = 0x7d
	typeF64  = 0x7c
	typeFunc = 0x60
)

var (
	magic         = []byte("\x00asm\x01\x00\x00\x00")
	goFunction    = []byte{typeFunc, 1, typeI32, 1, typeI32}
	goGlobalTypes = []byte{typeI32, typeI64, typeI64, typeI64, typeI64, typeI64, typeI64, typeI32} // SP, CTXT, g, RET0-3, PAUSE
)

// linked is a module as Go's linker writes it.
type linked struct {
	imports int            // imported functions; they come first in the index space
	types   [][]byte       // encoded signatures
	typeOf  []int          // signature of each function of the module, imports not counted
	code    [][]byte       // body of each function: locals and instructions
	names   []string       // name of each function, imports counted; characters but letters, digits, _ and . are _
	index   map[string]int // function of a name; -1 where two share it
	image   []segment
}

// segment is a run of initialised memory.
type segment struct {
	address int
	data    []byte
}

// parseModule reads what the cut needs of a linked module.
func parseModule(program []byte) (*linked, error) {
	if !bytes.HasPrefix(program, magic) {
		return nil, errors.New("module: must be WebAssembly, version 1")
	}
	m := &linked{index: map[string]int{}}
	r := &reader{data: program, pos: len(magic)}
	for !r.done() {
		id := r.byte()
		body := &reader{data: r.take(r.uleb())}
		m.section(id, body)
		if body.err != nil {
			return nil, fmt.Errorf("section %d: %w", id, body.err)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	if len(m.names) == 0 {
		return nil, errors.New("module: must have a name section (link without -s)")
	}
	if len(m.code) != len(m.typeOf) || len(m.names) != m.imports+len(m.code) {
		return nil, fmt.Errorf("module: %d bodies, %d signatures and %d names do not agree", len(m.code), len(m.typeOf), len(m.names))
	}
	return m, nil
}

func (m *linked) section(id byte, r *reader) {
	switch id {
	case sectionCustom:
		if r.name() == "name" {
			m.readNames(r)
		}
	case sectionType:
		m.readTypes(r)
	case sectionImport:
		m.readImports(r)
	case sectionFunction:
		for range r.count() {
			m.typeOf = append(m.typeOf, r.uleb())
		}
	case sectionGlobal:
		m.readGlobals(r)
	case sectionCode:
		for range r.count() {
			m.code = append(m.code, r.take(r.uleb()))
		}
	case sectionData:
		m.readData(r)
	}
}

func (m *linked) readTypes(r *reader) {
	for range r.count() {
		start := r.pos
		r.byte()
		r.take(r.uleb())
		r.take(r.uleb())
		if r.err == nil {
			m.types = append(m.types, r.data[start:r.pos])
		}
	}
}

func (m *linked) readImports(r *reader) {
	for range r.count() {
		r.name()
		r.name()
		if kind := r.byte(); kind != 0 {
			r.fail(fmt.Errorf("import of kind %d: only functions are understood", kind))
			return
		}
		r.uleb()
		m.imports++
	}
}

// readGlobals checks that the module's globals are the registers that this command knows.
func (m *linked) readGlobals(r *reader) {
	var types []byte
	for range r.count() {
		types = append(types, r.byte())
		r.take(4) // mutable, const 0, end
	}
	if !bytes.Equal(types, goGlobalTypes) {
		r.fail(fmt.Errorf("globals %x: must be Go's registers %x", types, goGlobalTypes))
	}
}

func (m *linked) readData(r *reader) {
	for range r.count() {
		r.take(2) // memory 0, i32.const
		address := int(r.sleb())
		r.take(1) // end
		m.image = append(m.image, segment{address, r.take(r.uleb())})
	}
}

// readNames reads the function names; the other parts of the section are not needed.
func (m *linked) readNames(r *reader) {
	for !r.done() {
		id := r.byte()
		body := &reader{data: r.take(r.uleb())}
		if id != 1 {
			continue
		}
		for range m.imports {
			m.addName("(imported)")
		}
		for range body.count() {
			if i := body.uleb(); i != len(m.names) {
				r.fail(fmt.Errorf("name of function %d: names must be in order and complete", i))
				return
			}
			m.addName(body.name())
		}
	}
}

func (m *linked) addName(name string) {
	if _, taken := m.index[name]; taken {
		m.index[name] = -1
	} else {
		m.index[name] = len(m.names)
	}
	m.names = append(m.names, name)
}

// signature returns the encoded signature of a function of the module, imports not counted; nil if it is unknown.
func (m *linked) signature(body int) []byte {
	if t := m.typeOf[body]; t < len(m.types) {
		return m.types[t]
	}
	return nil
}

// memory returns the initial contents of size bytes at address.
func (m *linked) memory(address, size int) []byte {
	b := make([]byte, size)
	for _, s := range m.image {
		if from, to := max(s.address, address), min(s.address+len(s.data), address+size); from < to {
			copy(b[from-address:to-address], s.data[from-s.address:])
		}
	}
	return b
}
