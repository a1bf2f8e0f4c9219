package tokenizer

import "hash/maphash"

// Geometry of the word cache: an entry is one cache line, the whole is 2 MiB.
const (
	cacheEntries   = 1 << 15
	cacheWordBytes = 28
	cacheWordIDs   = 8
)

// wordCache remembers the ids of words. It is direct-mapped: a word takes the place of the one that was there, so it
// never grows. Words of more than 28 bytes or 8 ids are not kept.
type wordCache struct {
	seed    maphash.Seed
	entries []cacheEntry
}

type cacheEntry struct {
	ids    [cacheWordIDs]int32
	word   [cacheWordBytes]byte
	length uint8 // of word; 0 is an empty entry
	count  uint8 // of ids
}

func newWordCache() wordCache {
	return wordCache{seed: maphash.MakeSeed(), entries: make([]cacheEntry, cacheEntries)}
}

// entry gives the place of a word that may be kept.
func (c *wordCache) entry(word []byte) *cacheEntry {
	return &c.entries[maphash.Bytes(c.seed, word)%cacheEntries]
}

func (e *cacheEntry) holds(word []byte) bool {
	return int(e.length) == len(word) && string(e.word[:len(word)]) == string(word)
}

// keep stores a word with its ids, unless there are too many.
func (e *cacheEntry) keep(word []byte, ids []int32) {
	if len(ids) > cacheWordIDs {
		return
	}
	e.length, e.count = uint8(copy(e.word[:], word)), uint8(copy(e.ids[:], ids))
}
