package main

import "fmt"

// object is one parsed object file, its relocations still naming symbols by number.
type object struct {
	pkg      string
	packages []string
	symbols  []*symbol // definitions in the four numbered groups, one after the other
	groups   [4]int    // where each group begins: package, short hashed, hashed, non-package
	names    []string  // references outside any package, numbered after the fourth group
	raw      [][]rawReloc
}

type rawReloc struct {
	reloc
	pkg, sym uint32
}

// objectReader reads the blocks of an object.
type objectReader struct {
	data    []byte
	offsets [blocks]int
}

func (o *objectReader) at(block, index, width int) *reader {
	return &reader{data: o.data, pos: o.offsets[block] + index*width}
}

func (o *objectReader) count(block, width int) int {
	return (o.offsets[block+1] - o.offsets[block]) / width
}

func (o *objectReader) string(r *reader) string {
	n, off := int(r.u32()), int(r.u32())
	s := &reader{data: o.data, pos: off}
	b := s.take(n)
	if s.err != nil {
		r.fail(s.err)
	}
	return string(b)
}

// span returns entry i of an index block and the entry after it.
func (o *objectReader) span(block, i int) (from, to int, err error) {
	r := o.at(block, i, 4)
	from, to = int(r.u32()), int(r.u32())
	if r.err == nil && from > to {
		r.fail(fmt.Errorf("span %d..%d runs backwards", from, to))
	}
	return from, to, r.err
}

// parseObject reads one object file.
func parseObject(pkg string, data []byte) (*object, error) {
	head := &reader{data: data, pos: len(objectMagic) + 8 + 4} // magic, fingerprint, flags
	o := &objectReader{data: data}
	for i := range o.offsets {
		o.offsets[i] = int(head.u32())
		if head.err == nil && (o.offsets[i] > len(data) || i > 0 && o.offsets[i] < o.offsets[i-1]) {
			head.fail(fmt.Errorf("block %d begins at %d", i, o.offsets[i]))
		}
	}
	if head.err != nil {
		return nil, head.err
	}
	f := &object{pkg: pkg}
	for i := range o.count(blockPackages, stringBytes) {
		f.packages = append(f.packages, o.string(o.at(blockPackages, i, stringBytes)))
	}
	for i := range o.count(blockReferences, symbolBytes) {
		f.names = append(f.names, o.string(o.at(blockReferences, i, symbolBytes)))
	}
	for group, block := range []int{blockSymbols, blockHashed64, blockHashed, blockNonPackage} {
		f.groups[group] = len(f.symbols)
		for i := range o.count(block, symbolBytes) {
			if err := f.addSymbol(o, o.at(block, i, symbolBytes)); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range f.symbols {
		if s.info >= 0 && s.info < len(f.symbols) {
			r := &reader{data: f.symbols[s.info].data}
			s.args = int(r.u32())
		}
	}
	return f, nil
}

func (f *object) addSymbol(o *objectReader, r *reader) error {
	s := &symbol{name: o.string(r), pkg: f.pkg}
	r.u16() // abi
	s.kind = kind(r.byte())
	r.u16() // flags
	s.size, s.align = int(r.u32()), int(r.u32())
	i := len(f.symbols)
	from, to, err := o.span(blockDataIndex, i)
	if err != nil {
		return err
	}
	s.data = (&reader{data: o.data, pos: o.offsets[blockData] + from}).take(to - from)
	relocs, err := o.relocs(i)
	if err != nil {
		return err
	}
	s.info, err = o.functionInfo(i)
	f.symbols, f.raw = append(f.symbols, s), append(f.raw, relocs)
	if r.err != nil {
		return r.err
	}
	return err
}

func (o *objectReader) relocs(symbol int) ([]rawReloc, error) {
	from, to, err := o.span(blockRelocIndex, symbol)
	if err != nil {
		return nil, err
	}
	r := o.at(blockRelocs, from, relocBytes)
	list := make([]rawReloc, 0, to-from)
	for range to - from {
		var x rawReloc
		x.offset = int(int32(r.u32()))
		x.marker = r.byte() == 0
		x.typ = r.u16()
		x.add = int64(r.u64())
		x.pkg, x.sym = r.u32(), r.u32()
		list = append(list, x)
	}
	return list, r.err
}

// functionInfo returns the number of the symbol, in the same object, that describes function i; -1 without.
func (o *objectReader) functionInfo(symbol int) (int, error) {
	from, to, err := o.span(blockAuxIndex, symbol)
	if err != nil {
		return -1, err
	}
	r := o.at(blockAux, from, auxBytes)
	for range to - from {
		if typ, pkg, sym := r.byte(), r.u32(), r.u32(); typ == auxFuncInfo && pkg == packageSelf {
			return int(sym), r.err
		}
	}
	return -1, r.err
}

// lookup finds the definition that a reference means, or nil.
func (f *object) lookup(all map[string]*object, byName map[string][]*symbol, pkg, sym uint32) *symbol {
	group, base := 0, f
	switch pkg {
	case 0, packageBuiltin: // none; functions of the runtime, known by their index in the linked module
		return nil
	case packageSelf:
	case packageHashed64:
		group = 1
	case packageHashed:
		group = 2
	case packageNone:
		if n := len(f.symbols) - f.groups[3]; int(sym) >= n {
			return only(byName[f.names[int(sym)-n]])
		}
		group = 3
	default:
		if int(pkg) >= len(f.packages) {
			return nil
		}
		base = all[f.packages[pkg]]
	}
	if base == nil || base.groups[group]+int(sym) >= len(base.symbols) {
		return nil
	}
	return base.symbols[base.groups[group]+int(sym)]
}

func only(list []*symbol) *symbol {
	if len(list) == 1 {
		return list[0]
	}
	return nil
}
