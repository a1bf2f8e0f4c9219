package tokenizer

import "math/bits"

// mergeTable finds what becomes of a pair of tokens: a hash table with linear probing, a quarter full at most, in which a
// look-up reads one cache line more often than not.
type mergeTable struct {
	slots []mergeSlot
	shift uint
}

type mergeSlot struct {
	pair uint64 // 0 is an empty slot: see pairKey
	merge
}

// merge is what becomes of a pair of tokens; lower ranks go first.
type merge struct {
	rank, id int32
}

// pairKey is a number for a pair of tokens; never 0.
func pairKey(left, right int32) uint64 { return uint64(uint32(left)+1)<<32 | uint64(uint32(right)) }

// newMergeTable makes a table with room for n pairs.
func newMergeTable(n int) mergeTable {
	size := bits.Len(uint(4 * n))
	return mergeTable{slots: make([]mergeSlot, 1<<size), shift: uint(64 - size)}
}

// slot gives the place of a pair: its own, or the empty one where it belongs.
func (t *mergeTable) slot(pair uint64) *mergeSlot {
	const golden = 0x9e3779b97f4a7c15 // 2^64 / golden ratio (Knuth, The Art of Computer Programming 3, section 6.4)
	for i := pair * golden >> t.shift; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.pair == pair || s.pair == 0 {
			return s
		}
	}
}

// set stores what becomes of a pair; a second time it replaces the first.
func (t *mergeTable) set(left, right int32, m merge) {
	*t.slot(pairKey(left, right)) = mergeSlot{pairKey(left, right), m}
}

// of gives what becomes of a pair.
func (t *mergeTable) of(left, right int32) (merge, bool) {
	s := t.slot(pairKey(left, right))
	return s.merge, s.pair != 0
}
