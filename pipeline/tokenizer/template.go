package tokenizer

// piece is a part of the final sequence: a special token, or one of the texts.
type piece struct {
	ID   int32 `json:"id"`   // of the special token
	Text int8  `json:"text"` // 0 a special token, 1 the first text, 2 the second
	Type int8  `json:"type"` // token type id
}

// template is the order of texts and special tokens.
type template []piece

// specials counts the special tokens.
func (t template) specials() (n int) {
	for _, p := range t {
		if p.Text == 0 {
			n++
		}
	}
	return n
}

// fill writes the sequence of the texts a and b into dst.
func (t template) fill(dst *Encoding, a, b []int32) {
	texts := [...][]int32{1: a, 2: b}
	for _, p := range t {
		if p.Text == 0 {
			dst.IDs, dst.TypeIDs = append(dst.IDs, p.ID), append(dst.TypeIDs, p.Type)
			continue
		}
		dst.IDs = append(dst.IDs, texts[p.Text]...)
		for range texts[p.Text] {
			dst.TypeIDs = append(dst.TypeIDs, p.Type)
		}
	}
}

// longestFirst gives the lengths that two texts of n1 and n2 tokens keep when together they may have limit tokens: the
// longer one gives way until both have half; an odd token goes to the longer.
func longestFirst(n1, n2, limit int) (int, int) {
	short, long := min(n1, n2), max(n1, n2)
	if short+long > limit {
		long = max(short, limit-short)
	}
	if short+long > limit {
		short = limit / 2
		long = limit - short
	}
	if n1 > n2 {
		return long, short
	}
	return short, long
}
