package tokenizer

import "sync"

// Kinds of tokenizer.
const (
	WordPiece = "wordpiece" // BERT
	BPE       = "bpe"       // RoBERTa
)

// Tokenizer turns text into token ids. It is immutable and safe for concurrent use.
type Tokenizer struct {
	kind            string
	vocab           map[string]int32
	size            int
	special         Special
	added           *addedTokens    // looked for in the text as given
	addedNormalized *addedTokens    // looked for in the normalised text
	normalizer      *bertNormalizer // nil leaves text as it is
	model           model
	single, pair    template
	hash            string
	idle            sync.Pool // of *encoder
}

// Special holds the ids of the tokens with a role; -1 for a role that the vocabulary does not fill.
type Special struct {
	CLS  int32 // starts a sequence: [CLS], <s>
	SEP  int32 // ends a text: [SEP], </s>
	PAD  int32
	UNK  int32
	MASK int32
}

// model cuts normalised text into words, and words into tokens.
type model interface {
	appendText(dst []int32, text []byte, e *encoder) []int32
	appendWord(dst []int32, word []byte, e *encoder) []int32
}

// Encoding is one sequence of tokens. The slices are reused by the next call that is given the same Encoding.
type Encoding struct {
	IDs     []int32 // [tokens]
	TypeIDs []int8  // [tokens], 0 or 1: which text a token belongs to, as the model's template has it
}

// Encode fills dst with the tokens of a, or of the pair a and b when b is not empty, with special tokens. A maxLength
// above 0 bounds the number of tokens, special tokens included: texts lose their last tokens, the longest first. Below
// the number of special tokens it leaves those alone.
func (t *Tokenizer) Encode(dst *Encoding, a, b string, maxLength int) {
	if b != "" {
		t.EncodePair(dst, a, b, maxLength)
		return
	}
	e := t.take()
	defer t.idle.Put(e)
	e.first = e.appendString(e.first[:0], a)
	n := len(e.first)
	if maxLength > 0 {
		n = min(n, max(0, maxLength-t.single.specials()))
	}
	dst.IDs, dst.TypeIDs = dst.IDs[:0], dst.TypeIDs[:0]
	t.single.fill(dst, e.first[:n], nil)
}

// EncodePair is Encode for a pair of which either text may be empty.
func (t *Tokenizer) EncodePair(dst *Encoding, a, b string, maxLength int) {
	e := t.take()
	defer t.idle.Put(e)
	e.first, e.second = e.appendString(e.first[:0], a), e.appendString(e.second[:0], b)
	n1, n2 := len(e.first), len(e.second)
	if maxLength > 0 {
		n1, n2 = longestFirst(n1, n2, max(0, maxLength-t.pair.specials()))
	}
	dst.IDs, dst.TypeIDs = dst.IDs[:0], dst.TypeIDs[:0]
	t.pair.fill(dst, e.first[:n1], e.second[:n2])
}

// Hash identifies the tokenizer by what it does: two that give every text the same ids by the same rules have the same
// hash, whatever files they came from. It is the SHA-256, in hexadecimal, of a canonical description.
func (t *Tokenizer) Hash() string { return t.hash }

// VocabSize is one more than the highest token id: the rows that an embedding table needs.
func (t *Tokenizer) VocabSize() int { return t.size }

// Kind is [WordPiece] or [BPE].
func (t *Tokenizer) Kind() string { return t.kind }

// Special gives the ids of the tokens with a role.
func (t *Tokenizer) Special() Special { return t.special }

// ID gives the id of a token.
func (t *Tokenizer) ID(token string) (id int32, ok bool) {
	id, ok = t.vocab[token]
	return id, ok
}
