package tokenizer

import "unicode/utf8"

// maxWordChars is BERT's limit: a word of more characters is unknown.
const maxWordChars = 100

// wordPiece splits a word into the longest pieces of a vocabulary, from the left (Wu et al. 2016; Devlin et al. 2019).
type wordPiece struct {
	first    map[string]int32 // pieces that start a word
	rest     map[string]int32 // pieces that go on, without the prefix "##"
	longest  int              // bytes of the longest piece
	maxChars int              // a word of more characters is unknown
	unknown  int32
	split    bertSplit
}

func newWordPiece(vocab map[string]int32, prefix string, maxChars int, unknown int32) *wordPiece {
	w := &wordPiece{first: vocab, rest: make(map[string]int32), maxChars: maxChars, unknown: unknown, split: newBERTSplit()}
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

// appendText appends the pieces of each word of a normalised text.
func (w *wordPiece) appendText(dst []int32, text []byte, e *encoder) []int32 {
	for start, end := w.split.next(text, 0); start < end; start, end = w.split.next(text, end) {
		dst = e.appendWord(dst, text[start:end])
	}
	return dst
}

// bertSplit cuts normalised text as BERT does: at white space, and around each punctuation mark.
type bertSplit struct {
	ascii [256]property
}

func newBERTSplit() bertSplit { return bertSplit{ascii: asciiProperties()} }

// next gives the first word that starts at text[i] or later: text[start:end]. It is empty at the end of the text.
func (s *bertSplit) next(text []byte, i int) (start, end int) {
	is, size := property(0), 0
	for ; i < len(text); i += size {
		if is, size = s.at(text, i); is&space == 0 {
			break
		}
	}
	start = i
	if is&punctuation != 0 && i < len(text) {
		return start, i + size
	}
	for i < len(text) {
		if is, size = s.at(text, i); is&(space|punctuation) != 0 {
			break
		}
		i += size
	}
	return start, i
}

// at gives the properties of the character at text[i], and its length.
func (s *bertSplit) at(text []byte, i int) (property, int) {
	if text[i] < utf8.RuneSelf {
		return s.ascii[text[i]], 1
	}
	r, size := utf8.DecodeRune(text[i:])
	return loadUnicode().of(r), size
}
