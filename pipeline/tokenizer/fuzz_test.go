package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func addSeeds(f *testing.F) {
	for _, list := range [][]string{specialTexts, endings, spaces, broken} {
		for _, s := range list {
			f.Add(s+"hell", "Café "+s, 9)
		}
	}
}

// FuzzWordPiece checks what holds for any text: the length, the range of the ids, and that a warm cache changes nothing.
func FuzzWordPiece(f *testing.F) {
	tok := load(f, writeFiles(f, "vocab.txt", tinyVocab))
	addSeeds(f)
	f.Fuzz(func(t *testing.T, a, b string, limit int) { checkEncoding(t, tok, a, b, limit) })
}

// FuzzByteLevel checks, besides, that nothing of a text is lost: the bytes of its tokens are the text.
func FuzzByteLevel(f *testing.F) {
	tok := load(f, tinyBPE(f, `{}`))
	tokens := make(map[int32]string)
	for token, id := range tok.vocab {
		tokens[id] = token
	}
	bytes := make(map[rune]byte)
	for b, symbol := range byteSymbols() {
		bytes[[]rune(symbol)[0]] = byte(b)
	}
	addSeeds(f)
	f.Fuzz(func(t *testing.T, a, b string, limit int) {
		checkEncoding(t, tok, a, b, limit)
		if strings.Contains(a, "<") {
			return // may hold added tokens, which take blanks
		}
		var e Encoding
		tok.Encode(&e, a, "", 0)
		var text []byte
		for _, id := range e.IDs[1 : len(e.IDs)-1] {
			for _, r := range tokens[id] {
				text = append(text, bytes[r])
			}
		}
		if want := appendValid(nil, a); string(text) != string(want) {
			t.Errorf("%q: the tokens spell %q", want, text)
		}
	})
}

func checkEncoding(t *testing.T, tok *Tokenizer, a, b string, limit int) {
	var first, again Encoding
	tok.EncodePair(&first, a, b, limit)
	tok.EncodePair(&again, a, b, limit)
	if !slices.Equal(first.IDs, again.IDs) || !slices.Equal(first.TypeIDs, again.TypeIDs) {
		t.Errorf("%q, %q: %v, then %v", a, b, first, again)
	}
	specials := tok.pair.specials()
	if n := len(first.IDs); n != len(first.TypeIDs) || n < specials || limit > 0 && n > max(limit, specials) {
		t.Errorf("%q, %q at most %d: %d ids and %d types", a, b, limit, n, len(first.TypeIDs))
	}
	for _, id := range first.IDs {
		if id < 0 || int(id) >= tok.VocabSize() {
			t.Errorf("%q, %q: id %d is not in the vocabulary of %d", a, b, id, tok.VocabSize())
		}
	}
}

// FuzzTokenizerJSON: a damaged file gives an error or a tokenizer that works, never a panic.
func FuzzTokenizerJSON(f *testing.F) {
	f.Add(validJSON)
	f.Add(`{"added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel"},"post_processor":null,
"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b",["a","b"]]}}`)
	f.Add(strings.Replace(validJSON, `{"type": "BertProcessing"`, `{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
"pair": [{"SpecialToken": {"id": "x", "type_id": 1}}], "special_tokens": {"x": {"ids": [1, 2]}}`, 1))
	f.Fuzz(func(t *testing.T, data string) {
		file := filepath.Join(t.TempDir(), "tokenizer.json")
		if err := os.WriteFile(file, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
		tok, err := Load(file)
		if err != nil {
			return
		}
		var e Encoding
		tok.EncodePair(&e, "Hello [UNK] ab", "你好 \xff", 5)
	})
}
