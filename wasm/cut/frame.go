package main

import "slices"

// joinFrames makes one step of two: at its beginning a function takes room for the return address and then for its frame,
// at its end it gives back the frame and then the address. Room for the address is taken here where there is no frame.
func (b *body) joinFrames() {
	if i := b.frame(); i >= 0 {
		b.code[i+1] = &instr{op: opI32Const, value: b.code[i+1].value + addressBytes}
	} else {
		room := []*instr{{op: opGlobalGet}, {op: opI32Const, value: addressBytes}, {op: opI32Sub}, {op: opGlobalSet}}
		b.code = append(room, b.code...)
	}
	for i := 0; i < len(b.code); i++ {
		if !b.is(i, opLocalGet, opI32Const, opI32Add, opLocalTee, opGlobalSet, opLocalGet, opI32Const, opI32Add, opLocalTee, opGlobalSet, opReturn) ||
			!b.sp(i) || !b.sp(i+5) || b.code[i+3].value != 1 || b.code[i+6].value != addressBytes {
			continue
		}
		b.code[i+1] = &instr{op: opI32Const, value: b.code[i+1].value + addressBytes}
		b.code = slices.Delete(b.code, i+5, i+10)
		b.code = slices.Delete(b.code, i+3, i+4)
	}
}

// addressBytes is the room that a return address takes on the Go stack.
const addressBytes = 8

// frame returns where a function takes room for its frame, before it does anything else, or -1.
func (b *body) frame() int {
	for i, x := range b.code {
		switch x.op {
		case opBlock, opLoop, opEnd, opBrTable:
		case opGlobalGet, opLocalSet: // SP into the local that mirrors it
			if x.value > 1 {
				return -1
			}
		case opLocalGet:
			if b.is(i, opLocalGet, opI32Const, opI32Sub, opLocalTee, opGlobalSet) && x.value == 1 && b.code[i+3].value == 1 {
				return i
			}
			if !b.is(i, opLocalGet, opBrTable) {
				return -1
			}
		default:
			return -1
		}
	}
	return -1
}
