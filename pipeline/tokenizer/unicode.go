package tokenizer

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// property says how the reference treats a character. The bits come from different editions of Unicode, see gentables.
type property uint8

const (
	letter      property = 1 << iota // \p{L} of the byte-level pattern
	number                           // \p{N} of the byte-level pattern
	space                            // \s of the byte-level pattern, and what separates BERT's words
	punctuation                      // stands alone in BERT's split
	dropped                          // removed by BERT's cleaning
	mark                             // non-spacing mark: removed when accents are stripped
	ideograph                        // set apart by spaces when BERT handles Chinese characters
)

// propertyRange gives the properties of the code points first..last.
type propertyRange struct {
	first, last rune
	is          property
}

// combiningRange gives the canonical combining class of the code points first..last.
type combiningRange struct {
	first, last rune
	class       uint8
}

// runeMap is a two-stage table from code point to byte.
type runeMap [(utf8.MaxRune + 1) >> 8]*[256]uint8

func (m *runeMap) at(r rune) uint8 { return m[r>>8][r&0xff] }

// set gives the code points first..last the value v; shared keeps one page per value for ranges that fill whole pages.
func (m *runeMap) set(first, last rune, v uint8, shared map[uint8]*[256]uint8) {
	for r := first; r <= last; {
		end := min(last, r|0xff)
		if r&0xff == 0 && end == r|0xff {
			m[r>>8] = uniformPage(v, shared)
		} else {
			m.setWithinPage(r, end, v, shared)
		}
		r = end + 1
	}
}

func (m *runeMap) setWithinPage(first, last rune, v uint8, shared map[uint8]*[256]uint8) {
	if m[first>>8] == shared[0] {
		m[first>>8] = new([256]uint8)
	}
	page := m[first>>8]
	for r := first; r <= last; r++ {
		page[r&0xff] = v
	}
}

func uniformPage(v uint8, shared map[uint8]*[256]uint8) *[256]uint8 {
	if shared[v] == nil {
		page := new([256]uint8)
		for i := range page {
			page[i] = v
		}
		shared[v] = page
	}
	return shared[v]
}

// newRuneMap returns a table that is 0 everywhere, and the pages it may share.
func newRuneMap() (*runeMap, map[uint8]*[256]uint8) {
	m, shared := new(runeMap), make(map[uint8]*[256]uint8)
	zero := uniformPage(0, shared)
	for i := range m {
		m[i] = zero
	}
	return m, shared
}

// unicodeTables are the generated tables in the form that look-ups use.
type unicodeTables struct {
	properties     *runeMap
	combining      *runeMap
	lower          map[rune]string
	decompositions map[rune]string
}

// loadUnicode builds the tables the first time they are needed.
var loadUnicode = sync.OnceValue(func() *unicodeTables {
	t := &unicodeTables{lower: pairs(lowerPairs), decompositions: pairs(decompositionPairs)}
	var shared map[uint8]*[256]uint8
	t.properties, shared = newRuneMap()
	for _, p := range propertyRanges {
		t.properties.set(p.first, p.last, uint8(p.is), shared)
	}
	t.combining, shared = newRuneMap()
	for _, c := range combiningRanges {
		t.combining.set(c.first, c.last, c.class, shared)
	}
	return t
})

func pairs(words string) map[rune]string {
	m := make(map[rune]string)
	for _, word := range strings.Split(strings.TrimSuffix(words, " "), " ") {
		r, size := utf8.DecodeRuneInString(word)
		m[r] = word[size:]
	}
	return m
}

// of gives the properties of a character.
func (t *unicodeTables) of(r rune) property { return property(t.properties.at(r)) }

// asciiProperties gives the properties of the bytes below 0x80.
func asciiProperties() (table [256]property) {
	for r := range rune(utf8.RuneSelf) {
		table[r] = loadUnicode().of(r)
	}
	return table
}

// The algorithmic decomposition of Hangul syllables (Unicode Standard, section 3.12).
const (
	hangulFirst, hangulLast = 0xac00, 0xd7a3
	hangulL, hangulV        = 0x1100, 0x1161
	hangulT                 = 0x11a7
	vowels, trailing        = 21, 28
)

// appendDecomposition appends the full canonical decomposition of r, without reordering.
func (t *unicodeTables) appendDecomposition(dst []rune, r rune) []rune {
	if hangulFirst <= r && r <= hangulLast {
		s := r - hangulFirst
		dst = append(dst, hangulL+s/(vowels*trailing), hangulV+s/trailing%vowels)
		if s%trailing != 0 {
			dst = append(dst, hangulT+s%trailing)
		}
		return dst
	}
	if d, ok := t.decompositions[r]; ok {
		for _, part := range d {
			dst = append(dst, part)
		}
		return dst
	}
	return append(dst, r)
}
