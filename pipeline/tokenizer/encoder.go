package tokenizer

import "sync"

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

// idleEncoders are the encoders that no call holds. There are never more than calls at the same time.
type idleEncoders struct {
	mu   sync.Mutex
	free []*encoder
}

func (i *idleEncoders) take(t *Tokenizer) *encoder {
	i.mu.Lock()
	defer i.mu.Unlock()
	if n := len(i.free); n > 0 {
		e := i.free[n-1]
		i.free = i.free[:n-1]
		return e
	}
	return &encoder{t: t, cache: newWordCache()}
}

func (i *idleEncoders) give(e *encoder) {
	i.mu.Lock()
	i.free = append(i.free, e)
	i.mu.Unlock()
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
