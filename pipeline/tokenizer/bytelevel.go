package tokenizer

import "unicode/utf8"

// byteLevel cuts text as GPT-2's pattern does (Radford et al. 2019, encoder.py):
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
type byteLevel struct {
	prefixSpace bool // text that does not start with a blank gets one
	ascii       [256]property
}

const wordClass = letter | number | space

// appendText cuts text, valid UTF-8, and appends the ids of its words.
func (b *byteLevel) appendText(dst []int32, text []byte, e *encoder) []int32 {
	if b.prefixSpace && len(text) > 0 && text[0] != ' ' {
		e.prefixed = append(append(e.prefixed[:0], ' '), text...)
		text = e.prefixed
	}
	for i := 0; i < len(text); {
		end := b.wordEnd(text, i)
		dst = e.appendWord(dst, text[i:end])
		i = end
	}
	return dst
}

// wordEnd gives the end of the word that starts at text[i].
func (b *byteLevel) wordEnd(text []byte, i int) int {
	if n := contraction(text[i:]); n > 0 {
		return i + n
	}
	start := i
	if text[i] == ' ' && i+1 < len(text) {
		start++
	}
	class, size := b.class(text, start)
	if class != space {
		return b.runEnd(text, start+size, class)
	}
	return b.spaceEnd(text, i)
}

// contraction gives the length of the English ending that text starts with, 0 when there is none.
func contraction(text []byte) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(text) > 2 {
		switch string(text[1:3]) {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

// class gives the class of the character at text[i], 0 for one that is no letter, number or space, and its length.
func (b *byteLevel) class(text []byte, i int) (property, int) {
	if text[i] < utf8.RuneSelf {
		return b.ascii[text[i]], 1
	}
	r, size := utf8.DecodeRune(text[i:])
	return loadUnicode().of(r) & wordClass, size
}

// runEnd gives the end of the characters of one class that go on at text[i].
func (b *byteLevel) runEnd(text []byte, i int, class property) int {
	for i < len(text) {
		is, size := b.class(text, i)
		if is != class {
			break
		}
		i += size
	}
	return i
}

// spaceEnd gives the end of the white space at text[i]. Before a word it leaves the last character to that word, unless
// it is the only one.
func (b *byteLevel) spaceEnd(text []byte, i int) int {
	end := b.runEnd(text, i, space)
	if end == len(text) {
		return end
	}
	_, last := utf8.DecodeLastRune(text[i:end])
	if end-last == i {
		return end
	}
	return end - last
}

func newByteLevel(prefixSpace bool) *byteLevel {
	b := &byteLevel{prefixSpace: prefixSpace, ascii: asciiProperties()}
	for i := range b.ascii {
		b.ascii[i] &= wordClass
	}
	return b
}

// byteSymbols gives the character that stands for each byte in a byte-level vocabulary: printable Latin-1 bytes stand
// for themselves, the others for the characters from U+0100 on (GPT-2, bytes_to_unicode).
func byteSymbols() (symbols [256]string) {
	next := rune(0x100)
	for b := range rune(256) {
		if '!' <= b && b <= '~' || 0xa1 <= b && b <= 0xac || 0xae <= b {
			symbols[b] = string(b)
			continue
		}
		symbols[b] = string(next)
		next++
	}
	return symbols
}
