package tokenizer

import (
	"slices"
	"unicode/utf8"
)

// bertOptions are the switches of BERT's normaliser.
type bertOptions struct {
	CleanText          bool `json:"clean_text"`           // drop control characters, make white space blank
	HandleChineseChars bool `json:"handle_chinese_chars"` // set ideographs apart
	StripAccents       bool `json:"strip_accents"`        // decompose (NFD) and drop non-spacing marks
	Lowercase          bool `json:"lowercase"`
}

// bertNormalizer cleans, sets ideographs apart, strips accents and lower-cases, in this order.
type bertNormalizer struct {
	bertOptions
	ascii [utf8.RuneSelf]asciiRule
}

// asciiRule is what becomes of one ASCII character.
type asciiRule struct {
	to   byte
	keep uint8 // 1, or 0 when it is dropped
}

func newBERTNormalizer(o bertOptions) *bertNormalizer {
	n := &bertNormalizer{bertOptions: o}
	for i := range n.ascii {
		n.ascii[i] = n.asciiRule(rune(i))
	}
	return n
}

func (n *bertNormalizer) asciiRule(r rune) asciiRule {
	is := loadUnicode().of(r)
	switch {
	case n.CleanText && is&dropped != 0:
		return asciiRule{}
	case n.CleanText && is&space != 0:
		return asciiRule{' ', 1}
	case n.Lowercase && 'A' <= r && r <= 'Z':
		return asciiRule{byte(r) + 'a' - 'A', 1}
	}
	return asciiRule{byte(r), 1}
}

// append appends the normal form of text, valid UTF-8, to dst. pending is scratch.
func (n *bertNormalizer) append(dst, text []byte, s *normalizerScratch) []byte {
	for i := 0; i < len(text); {
		if text[i] >= utf8.RuneSelf {
			dst, i = n.appendRun(dst, text, i, s)
			continue
		}
		rule := n.ascii[text[i]]
		dst = append(dst, rule.to)
		dst = dst[:len(dst)-1+int(rule.keep)]
		i++
	}
	return dst
}

// normalizerScratch holds the characters of a run between two starters, which canonical ordering may still move.
type normalizerScratch struct {
	decomposed []rune
	marks      []combiningMark
}

type combiningMark struct {
	r     rune
	class uint8
}

// appendRun normalises text[i:] up to the first ASCII character that is kept, and gives that character's index.
func (n *bertNormalizer) appendRun(dst, text []byte, i int, s *normalizerScratch) ([]byte, int) {
	tables := loadUnicode()
	for i < len(text) {
		if text[i] < utf8.RuneSelf && n.ascii[text[i]].keep != 0 {
			break
		}
		r, size := utf8.DecodeRune(text[i:])
		dst = n.appendRune(dst, tables, r, s)
		i += size
	}
	return n.flush(dst, tables, s), i
}

// appendRune takes one character through cleaning and spacing.
func (n *bertNormalizer) appendRune(dst []byte, tables *unicodeTables, r rune, s *normalizerScratch) []byte {
	is := tables.of(r)
	switch {
	case n.CleanText && is&dropped != 0:
		return dst
	case n.CleanText && is&space != 0:
		return append(n.flush(dst, tables, s), ' ')
	case n.HandleChineseChars && is&ideograph != 0:
		dst = append(n.flush(dst, tables, s), ' ')
		dst = n.flush(n.appendDecomposed(dst, tables, r, s), tables, s)
		return append(dst, ' ')
	}
	return n.appendDecomposed(dst, tables, r, s)
}

// appendDecomposed takes one character through decomposition; marks wait until the next starter.
func (n *bertNormalizer) appendDecomposed(dst []byte, tables *unicodeTables, r rune, s *normalizerScratch) []byte {
	if !n.StripAccents {
		return n.appendLower(dst, tables, r)
	}
	s.decomposed = tables.appendDecomposition(s.decomposed[:0], r)
	for _, part := range s.decomposed {
		if class := tables.combining.at(part); class != 0 {
			s.marks = append(s.marks, combiningMark{part, class})
			continue
		}
		dst = n.appendStripped(n.flush(dst, tables, s), tables, part)
	}
	return dst
}

// flush appends the waiting marks in canonical order: a stable sort by combining class.
func (n *bertNormalizer) flush(dst []byte, tables *unicodeTables, s *normalizerScratch) []byte {
	if len(s.marks) == 0 {
		return dst
	}
	slices.SortStableFunc(s.marks, func(a, b combiningMark) int { return int(a.class) - int(b.class) })
	for _, m := range s.marks {
		dst = n.appendStripped(dst, tables, m.r)
	}
	s.marks = s.marks[:0]
	return dst
}

func (n *bertNormalizer) appendStripped(dst []byte, tables *unicodeTables, r rune) []byte {
	if tables.of(r)&mark != 0 {
		return dst
	}
	return n.appendLower(dst, tables, r)
}

func (n *bertNormalizer) appendLower(dst []byte, tables *unicodeTables, r rune) []byte {
	if n.Lowercase {
		if lower, ok := tables.lower[r]; ok {
			return append(dst, lower...)
		}
	}
	return utf8.AppendRune(dst, r)
}
