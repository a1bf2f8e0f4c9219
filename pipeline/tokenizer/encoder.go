package tokenizer

// encoder is what one call at a time works with: buffers and a cache of words.
type encoder struct {
	t             *Tokenizer
	text, norm    []byte // the text as valid UTF-8; a stretch of it normalised
	prefixed      []byte
	first, second []int32 // tokens of the two texts
	cache         wordCache
	marks         normalizerScratch
	merging       mergeScratch
}

// take gives an encoder that no other call uses: one of those used lately, with its cache warm, or a new one.
func (t *Tokenizer) take() *encoder {
	if e, ok := t.idle.Get().(*encoder); ok {
		return e
	}
	return &encoder{t: t, cache: newWordCache()}
}

// appendString appends the tokens of a text: added tokens first, then what lies between them.
func (e *encoder) appendString(dst []int32, s string) []int32 {
	e.text = appendValid(e.text[:0], s)
	from := 0
	for {
		m, ok := e.t.added.find(e.text, from)
		if !ok {
			return e.appendStretch(dst, e.text[from:])
		}
		dst = append(e.appendStretch(dst, e.text[from:m.start]), m.id)
		from = m.end
	}
}

// appendStretch appends the tokens of text in which no added token stands as it is written: it is normalised, and
// searched for added tokens once more.
func (e *encoder) appendStretch(dst []int32, text []byte) []int32 {
	if e.t.normalizer != nil {
		e.norm = e.t.normalizer.append(e.norm[:0], text, &e.marks)
		text = e.norm
	}
	from := 0
	for {
		m, ok := e.t.addedNormalized.find(text, from)
		if !ok {
			return e.t.model.appendText(dst, text[from:], e)
		}
		dst = append(e.t.model.appendText(dst, text[from:m.start], e), m.id)
		from = m.end
	}
}

// appendWord appends the ids of a word, from the cache if it is there.
func (e *encoder) appendWord(dst []int32, word []byte) []int32 {
	if len(word) > cacheWordBytes {
		return e.t.model.appendWord(dst, word, e)
	}
	entry := e.cache.entry(word)
	if entry.holds(word) {
		return append(dst, entry.ids[:entry.count]...)
	}
	start := len(dst)
	dst = e.t.model.appendWord(dst, word, e)
	entry.keep(word, dst[start:])
	return dst
}
