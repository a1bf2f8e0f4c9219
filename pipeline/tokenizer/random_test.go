package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// textMaker makes texts that try every rule: words of a vocabulary, special tokens, white space of all kinds, accents
// in and out of order, scripts, emoji, control characters, broken UTF-8, very long words.
type textMaker struct {
	rng   *rand.Rand
	words []string
}

// parts are the kinds of fragments; each is drawn with the same chance.
var parts = []func(*textMaker) string{
	func(m *textMaker) string { return " " + m.pick(m.words) },
	func(m *textMaker) string { return m.pick(m.words) },
	func(m *textMaker) string { return strings.ToUpper(m.pick(m.words)) },
	func(m *textMaker) string { return m.pick(specialTexts) },
	func(m *textMaker) string { return m.pick(endings) },
	func(m *textMaker) string { return m.pick(spaces) },
	func(m *textMaker) string { return m.pick(broken) },
	func(m *textMaker) string { return m.rune(0, 0x7f) },
	func(m *textMaker) string { return m.rune(0x80, 0x24f) },
	func(m *textMaker) string { return m.pick([]string{"a", "", "가", "\u0344"}) + m.marks() },
	func(m *textMaker) string { return m.rune(0x370, 0x1fff) },
	func(m *textMaker) string { return m.rune(0x2000, 0x33ff) },
	func(m *textMaker) string { return m.rune(0x3400, 0x9fff) + m.rune(0xac00, 0xd7a3) },
	func(m *textMaker) string { return m.rune(0xa000, 0xd7ff) + m.rune(0xe000, 0xffff) },
	func(m *textMaker) string {
		return m.rune(0x1f300, 0x1faff) + m.pick([]string{"\u200d", "\ufe0f", "🏽", ""})
	},
	func(m *textMaker) string { return m.rune(0x10000, 0x323af) },
	func(m *textMaker) string { return m.rune(0, 0x10ffff) },
	func(m *textMaker) string { return " " + strings.Repeat(m.rune('a', 'z'), 98+m.rng.IntN(6)) + " " },
	func(m *textMaker) string { return strings.Repeat(m.pick(m.words), 1+m.rng.IntN(12)) },
	func(m *textMaker) string { return m.digits() },
}

var (
	specialTexts = []string{"[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", "[mask]", "[SEP", " [SEP] ", "<s>", "</s>", "<pad>", "<unk>",
		"<mask>", "  <mask>  ", "\u3000<mask>", "\n\t<mask>", "<s><mask></s>", "<mask", "<<s>>", "[[MASK]]", " <s>"}
	endings = []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'x", "''s", " 's", "’s", "'", "n't", "'lll"}
	spaces  = []string{" ", "  ", "   ", "\t", "\n", "\r\n", " \n", "\n ", "\u00a0", "\u0085", "\u2003 ", " \u2003", "\u3000", "\v", "\f",
		"\u1680", "\u2028", "\u200b", "\ufeff", "\u180e", "\u2060"}
	broken = []string{"\x80", "\xff", "\xc3", "\xe2\x82", "\xe2\x82a", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80",
		"\xe0\x80\x80", "\xf0\x80", "\ufffd", "\x00", "\x01"}
)

func (m *textMaker) pick(from []string) string { return from[m.rng.IntN(len(from))] }

// rune gives a character from first to last; surrogates come out as U+FFFD.
func (m *textMaker) rune(first, last int32) string { return string(first + m.rng.Int32N(last-first+1)) }

// marks gives up to five characters of any combining class but 0.
func (m *textMaker) marks() string {
	var b strings.Builder
	for range 1 + m.rng.IntN(5) {
		c := combiningRanges[m.rng.IntN(len(combiningRanges))]
		b.WriteString(m.rune(c.first, c.last))
		if m.rng.IntN(4) == 0 {
			b.WriteString(m.pick([]string{"\u200d", "\x01", "\u0300", "é"}))
		}
	}
	return b.String()
}

func (m *textMaker) digits() string {
	var b strings.Builder
	for range 1 + m.rng.IntN(6) {
		b.WriteString(m.pick([]string{"0", "7", "٣", "½", "Ⅷ", "1,", "."}))
	}
	return b.String()
}

// text joins up to most fragments.
func (m *textMaker) text(most int) string {
	var b strings.Builder
	for range m.rng.IntN(most + 1) {
		b.WriteString(parts[m.rng.IntN(len(parts))](m))
	}
	return b.String()
}

// newTextMaker draws words from the pieces of a tokenizer.
func newTextMaker(seed uint64, t *Tokenizer) *textMaker {
	m := &textMaker{rng: rand.New(rand.NewPCG(seed, 0))}
	for piece := range t.vocab {
		m.words = append(m.words, strings.ReplaceAll(strings.TrimPrefix(piece, "##"), "Ġ", " "))
	}
	slices.Sort(m.words)
	return m
}
