package tokenizer

import (
	"slices"
	"unicode/utf8"
)

// AddedToken is a token that is found in the text as it stands, before words are split.
type AddedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	Special    bool   `json:"special"`
	SingleWord bool   `json:"single_word"` // only as a word of its own; not supported
	LeftStrip  bool   `json:"lstrip"`      // takes the white space before it
	RightStrip bool   `json:"rstrip"`      // takes the white space after it
	Normalized bool   `json:"normalized"`  // looked for in the normalised text
}

// addedTokens finds added tokens: of those that start first, the longest.
type addedTokens struct {
	tokens []AddedToken // longest first
	starts [256]bool    // first bytes
}

func newAddedTokens(tokens []AddedToken) *addedTokens {
	a := &addedTokens{}
	for _, t := range tokens {
		if t.Content != "" {
			a.tokens = append(a.tokens, t)
			a.starts[t.Content[0]] = true
		}
	}
	slices.SortStableFunc(a.tokens, func(x, y AddedToken) int { return len(y.Content) - len(x.Content) })
	return a
}

// match is an added token in a text: it takes text[start:end].
type match struct {
	start, end int
	id         int32
}

// find gives the first added token that starts at text[from] or later.
func (a *addedTokens) find(text []byte, from int) (match, bool) {
	for i := from; i < len(text); i++ {
		if !a.starts[text[i]] {
			continue
		}
		t := a.at(text, i)
		if t == nil {
			continue
		}
		return t.match(text, from, i), true
	}
	return match{}, false
}

// at gives the longest token that starts at text[i].
func (a *addedTokens) at(text []byte, i int) *AddedToken {
	for k := range a.tokens {
		t := &a.tokens[k]
		if end := i + len(t.Content); end <= len(text) && string(text[i:end]) == t.Content {
			return t
		}
	}
	return nil
}

// match widens the token at text[i] over the white space that it takes.
func (t *AddedToken) match(text []byte, from, i int) match {
	m := match{start: i, end: i + len(t.Content), id: t.ID}
	for t.LeftStrip && m.start > from {
		r, size := utf8.DecodeLastRune(text[from:m.start])
		if loadUnicode().of(r)&space == 0 {
			break
		}
		m.start -= size
	}
	for t.RightStrip && m.end < len(text) {
		r, size := utf8.DecodeRune(text[m.end:])
		if loadUnicode().of(r)&space == 0 {
			break
		}
		m.end += size
	}
	return m
}
