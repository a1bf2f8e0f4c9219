package tokenizer

import "unicode/utf8"

// wordPiece splits a word into the longest pieces of a vocabulary, from the left (Wu et al. 2016; Devlin et al. 2019).
type wordPiece struct {
	first    map[string]int32 // pieces that start a word
	rest     map[string]int32 // pieces that go on, without the prefix "##"
	longest  int              // bytes of the longest piece
	maxChars int              // a word of more characters is unknown
	unknown  int32
	ascii    [256]property
}

func newWordPiece(vocab map[string]int32, prefix string, maxChars int, unknown int32) *wordPiece {
	w := &wordPiece{first: vocab, rest: make(map[string]int32), maxChars: maxChars, unknown: unknown, ascii: asciiProperties()}
	for piece, id := range vocab {
		w.longest = max(w.longest, len(piece))
		if len(piece) > len(prefix) && piece[:len(prefix)] == prefix {
			w.rest[piece[len(prefix):]] = id
		}
	}
	return w
}

// appendWord appends the ids of a word: its pieces, or the unknown token alone when they do not cover it.
func (w *wordPiece) appendWord(dst []int32, word []byte, _ *encoder) []int32 {
	if len(word) > w.maxChars && utf8.RuneCount(word) > w.maxChars {
		return append(dst, w.unknown)
	}
	start, pieces := len(dst), w.first
	for len(word) > 0 {
		id, n := w.longestPiece(pieces, word)
		if n == 0 {
			return append(dst[:start], w.unknown)
		}
		dst, word, pieces = append(dst, id), word[n:], w.rest
	}
	return dst
}

// longestPiece gives the longest piece that word starts with, and its length; 0 when there is none.
func (w *wordPiece) longestPiece(pieces map[string]int32, word []byte) (id int32, n int) {
	for n = min(len(word), w.longest); n > 0; n-- {
		if id, ok := pieces[string(word[:n])]; ok {
			return id, n
		}
	}
	return 0, 0
}

// appendText cuts normalised text as BERT does: at white space, and around each punctuation mark.
func (w *wordPiece) appendText(dst []int32, text []byte, e *encoder) []int32 {
	start := 0
	for i := 0; i < len(text); {
		is, size := w.ascii[text[i]], 1
		if text[i] >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRune(text[i:])
			is = loadUnicode().of(r)
		}
		if is&(space|punctuation) == 0 {
			i += size
			continue
		}
		if start < i {
			dst = e.appendWord(dst, text[start:i])
		}
		if is&punctuation != 0 {
			dst = e.appendWord(dst, text[i:i+size])
		}
		i += size
		start = i
	}
	if start < len(text) {
		dst = e.appendWord(dst, text[start:])
	}
	return dst
}
