package main

// Addresses on the Go stack. The compiler forms them in 64 bits, "wrap(extend(SP) + offset)", and then loads or stores at
// offset 0; WebAssembly's loads and stores take the offset themselves. The sum is the same wherever SP lies in memory,
// and where it does not, the shorter form traps.

// foldAddresses moves offsets from SP into the loads and stores that use them.
func (b *body) foldAddresses() {
	kept := b.code[:0:0]
	for i := 0; i < len(b.code); i++ {
		kept = append(kept, b.code[i])
		if !b.sp(i) || !b.is(i+1, opI64ExtendI32U, opI64Const, opI64Add, opI32Wrap) {
			continue
		}
		offset := b.code[i+2].value
		i += 4
		if user := b.userOf(i + 1); user != nil && offset >= 0 && user.addOffset(offset) {
			continue
		}
		kept = append(kept, &instr{op: opI32Const, value: offset}, &instr{op: opI32Add})
	}
	b.code = kept
}

// userOf returns the load or store that takes the address which was complete before instruction i, or nil.
func (b *body) userOf(i int) *instr {
	above := 0 // values on the stack above the address
	for ; i < len(b.code); i++ {
		x := b.code[i]
		switch {
		case isLoad(x.op) && above == 0, isStore(x.op) && above == 1:
			return x
		}
		n, known := effect(x.op)
		if above += n; !known || above < 0 {
			return nil
		}
	}
	return nil
}

func isLoad(op byte) bool  { return opI32Load <= op && op <= 0x35 }
func isStore(op byte) bool { return 0x36 <= op && op <= 0x3e }

// effect is by how many values an instruction that control passes through makes the stack grow.
func effect(op byte) (n int, known bool) {
	switch {
	case op == opLocalGet, op == opGlobalGet, opI32Const <= op && op <= 0x44:
		return 1, true
	case isLoad(op), op == opLocalTee, op == 0x45, op == 0x50, // eqz
		0x67 <= op && op <= 0x69, 0x79 <= op && op <= 0x7b, // counts of bits
		0x8b <= op && op <= 0x91, 0x99 <= op && op <= 0x9f, // roundings, roots
		0xa7 <= op && op <= 0xc4: // conversions
		return 0, true
	case isStore(op):
		return -2, true
	case op == opLocalSet, 0x46 <= op && op <= 0xa6: // comparisons and arithmetic of two numbers
		return -1, true
	}
	return 0, false
}

// addOffset adds to the offset of a load or store; false where it would not fit.
func (x *instr) addOffset(more int64) bool {
	r := &reader{data: x.raw}
	align, offset := r.uleb(), int64(r.uleb())
	if r.err != nil || offset+more >= 1<<31 {
		return false
	}
	x.raw = appendUleb(appendUleb(nil, align), int(offset+more))
	return true
}
