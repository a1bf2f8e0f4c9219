package tokenizer

import "unicode/utf8"

const replacement = "\uFFFD"

// appendValid appends s to dst as valid UTF-8. As in Rust's String::from_utf8_lossy (Unicode Standard, section 3.9,
// "substitution of maximal subparts"), each longest start of a sequence that cannot go on becomes one U+FFFD.
func appendValid(dst []byte, s string) []byte {
	if utf8.ValidString(s) {
		return append(dst, s...)
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, replacement...)
			i += invalidPrefix(s[i:])
			continue
		}
		dst = append(dst, s[i:i+size]...)
		i += size
	}
	return dst
}

// invalidPrefix gives the length of the maximal subpart at the start of s, which does not start with a whole character.
func invalidPrefix(s string) int {
	need, low, high := sequence(s[0])
	n := 1
	for ; n < need && n < len(s) && low <= s[n] && s[n] <= high; n++ {
		low, high = 0x80, 0xbf
	}
	return n
}

// sequence gives the length that a first byte announces and the range of the byte after it (Unicode table 3-7).
func sequence(first byte) (length int, low, high byte) {
	switch {
	case 0xc2 <= first && first <= 0xdf:
		return 2, 0x80, 0xbf
	case first == 0xe0:
		return 3, 0xa0, 0xbf
	case first == 0xed:
		return 3, 0x80, 0x9f
	case 0xe1 <= first && first <= 0xef:
		return 3, 0x80, 0xbf
	case first == 0xf0:
		return 4, 0x90, 0xbf
	case 0xf1 <= first && first <= 0xf3:
		return 4, 0x80, 0xbf
	case first == 0xf4:
		return 4, 0x80, 0x8f
	}
	return 1, 0, 0
}
