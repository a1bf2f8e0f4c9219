package main

import (
	"bytes"
	"fmt"
)

// barrierFlag tells functions that store pointers whether the collector must know. Nothing collects in the small module:
// the flag stays zero, and the calls that it guards trap.
const barrierFlag = "runtime.writeBarrier"

// barrier finds the write barrier's flag: other packages refer to it by a number that only the compiler knows, the
// runtime's own functions by name.
func (c *cutter) barrier() (flag *symbol, address int) {
	if flag = only(c.objects.byName[barrierFlag]); flag == nil {
		return nil, 0
	}
	for index, name := range c.module.names {
		f := only(c.objects.byName[name])
		if f == nil || f.pkg != flag.pkg || index < c.module.imports {
			continue
		}
		found := false
		err := walk(f, c.module.code[index-c.module.imports], func(x reloc, value int64, _, _ int) error {
			if x.target == flag {
				found, address = true, int(value-x.add)
			}
			return nil
		})
		if found && err == nil {
			return flag, address
		}
	}
	return nil, 0
}

// keepDatum adds a data symbol that lies at address in the linked module.
func (c *cutter) keepDatum(s *symbol, address int) error {
	if d := c.data[address]; d != nil {
		if d.size != s.size || d.align != s.align {
			return fmt.Errorf("shares its address with %s", d.name)
		}
		return nil
	}
	if err := admitDatum(s); err != nil {
		return err
	}
	if by := c.initialiser(s); by != nil && s.name != barrierFlag {
		return fmt.Errorf("is set by %s while the program starts: only constant contents can be kept", by.name)
	}
	image := c.module.memory(address, s.size)
	if want := padded(s.data, s.size); !bytes.Equal(image, want) {
		return fmt.Errorf("contents at address %d differ from its object", address)
	}
	c.data[address] = &datum{symbol: s, linked: address, image: image}
	return nil
}

// admitDatum refuses data whose meaning is not in its bytes alone.
func admitDatum(s *symbol) error {
	switch s.kind {
	case kindReadOnly, kindNoPointer, kindZero, kindZeroWith:
	default:
		return fmt.Errorf("data of kind %d: only plain numbers, and zeros, are understood", s.kind)
	}
	for _, x := range s.relocs {
		if !x.marker {
			return fmt.Errorf("holds an address: only plain numbers are understood")
		}
	}
	if s.size == 0 || s.size > 1<<26 || len(s.data) > s.size {
		return fmt.Errorf("size %d: must lie in 1..%d", s.size, 1<<26)
	}
	if s.name == barrierFlag {
		return nil
	}
	return admitted(linkedName(s.pkg + "."))
}

// initialiser returns the init function that refers to a symbol, or nil.
func (c *cutter) initialiser(s *symbol) *symbol {
	for _, f := range c.objects.inits {
		for _, x := range f.relocs {
			if x.target == s && s.kind != kindReadOnly {
				return f
			}
		}
	}
	return nil
}

// disjoint checks that no two symbols, sorted by address, overlap.
func disjoint(data []*datum) error {
	for i := 1; i < len(data); i++ {
		if before := data[i-1]; before.linked+before.size > data[i].linked {
			return fmt.Errorf("%s and %s: overlap in memory", before.name, data[i].name)
		}
	}
	return nil
}

func padded(b []byte, size int) []byte {
	out := make([]byte, size)
	copy(out, b)
	return out
}
