package tokenizer

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ewtune/ewtune/pipeline/tokenizer/peer"
)

var (
	peerCases = flag.Int("peer.cases", 4000, "texts to compare with the official library, for each tokenizer")
	peerSeed  = flag.Uint64("peer.seed", 1, "seed of these texts")
)

// TestOfficialLibrary compares ids and type ids with the official library on texts made to be difficult, alone and in
// pairs, with and without truncation.
func TestOfficialLibrary(t *testing.T) {
	root := folder(t, "EWTUNE_TOKENIZERS")
	for name := range files {
		t.Run(name, func(t *testing.T) { compareOfficial(t, filepath.Join(root, name)) })
	}
}

// TestOfficialPrefixSpace does so for a RoBERTa that puts a blank before the first word.
func TestOfficialPrefixSpace(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(folder(t, "EWTUNE_TOKENIZERS"), "roberta-base", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.ReplaceAll(data, []byte(`"add_prefix_space":false`), []byte(`"add_prefix_space":true`))
	if bytes.Equal(changed, data) {
		t.Fatal("add_prefix_space is not where it was")
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tokenizer.json"), string(changed))
	compareOfficial(t, dir)
}

// TestOfficialOptions does so for each switch of a tokenizer.json, with a vocabulary that shows what became of each
// character, and in which order.
func TestOfficialOptions(t *testing.T) {
	for _, o := range []bertOptions{
		{CleanText: true, HandleChineseChars: true, StripAccents: true, Lowercase: true},
		{CleanText: true, HandleChineseChars: true},
		{HandleChineseChars: true, Lowercase: true},
		{CleanText: true, StripAccents: true},
		{},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) { compareOfficial(t, writeOptions(t, o)) })
	}
}

// TestOfficialBuilt does so with the file vocab.txt alone.
func TestOfficialBuilt(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "vocab.txt"), strings.Join(everyCharacter(), "\n")+"\n")
	compareOfficial(t, dir)
}

// writeOptions writes the tokenizer.json of a BERT with added tokens of each kind.
func writeOptions(t *testing.T, o bertOptions) string {
	vocab := make(map[string]int32)
	for id, piece := range everyCharacter() {
		vocab[piece] = int32(id)
	}
	next := int32(len(vocab))
	added := []AddedToken{
		{ID: 1, Content: "[UNK]", Special: true},
		{ID: 4, Content: "[MASK]", Special: true, LeftStrip: true},
		{ID: next, Content: "<S>", Normalized: true, Special: true},
		{ID: next + 1, Content: "<mask>", RightStrip: true, LeftStrip: true},
		{ID: next + 2, Content: "<mask", Normalized: true, RightStrip: true},
		{ID: next + 3, Content: "ÉÉ", Normalized: true},
	}
	normalizer := map[string]any{"type": "BertNormalizer", "clean_text": o.CleanText,
		"handle_chinese_chars": o.HandleChineseChars, "strip_accents": o.StripAccents, "lowercase": o.Lowercase}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": added, "normalizer": normalizer,
		"pre_tokenizer":  map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{"type": "BertProcessing", "sep": []any{"[SEP]", 3}, "cls": []any{"[CLS]", 2}},
		"model": map[string]any{"type": "WordPiece", "vocab": vocab, "unk_token": "[UNK]", "continuing_subword_prefix": "##",
			"max_input_chars_per_word": 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tokenizer.json"), string(data))
	return dir
}

// everyCharacter is a vocabulary of all characters that normalisation may leave in place of others or move.
func everyCharacter() []string {
	tables := loadUnicode()
	seen := make(map[rune]bool)
	for r := range rune(utf8.MaxRune) {
		if r < 0x250 || tables.combining.at(r) != 0 || tables.of(r)&punctuation != 0 {
			seen[r] = true
		}
	}
	for _, m := range []map[rune]string{tables.lower, tables.decompositions} {
		for from, to := range m {
			for _, r := range string(from) + to {
				seen[r] = true
			}
		}
	}
	pieces := slices.Clone(buildSpecials)
	for _, r := range slices.Sorted(maps.Keys(seen)) {
		if tables.of(r)&(space|dropped) == 0 {
			pieces = append(pieces, string(r), "##"+string(r))
		}
	}
	return pieces
}

// TestOfficialEveryCharacter compares every code point of the planes in use, as BERT sees it: alone, and within a word.
func TestOfficialEveryCharacter(t *testing.T) {
	var texts []peer.Text
	for _, plane := range [][2]rune{{0, 0x32400}, {0xe0000, 0xe0200}} {
		for block := plane[0]; block < plane[1]; block += 64 {
			var b strings.Builder
			for r := block; r < block+64; r++ {
				fmt.Fprintf(&b, " a%cb %[1]c", r)
			}
			texts = append(texts, peer.Text{A: b.String()})
		}
	}
	compareTexts(t, writeOptions(t, bertOptions{CleanText: true, HandleChineseChars: true, StripAccents: true, Lowercase: true}), texts)
}

// compareOfficial makes the texts for a tokenizer and compares them.
func compareOfficial(t *testing.T, dir string) {
	t.Helper()
	compareTexts(t, dir, peerTexts(newTextMaker(*peerSeed, load(t, dir)), *peerCases))
}

func compareTexts(t *testing.T, dir string, texts []peer.Text) {
	t.Helper()
	want, err := peer.Peer{Modules: folder(t, "EWTUNE_NODE_PEERS"), Tokenizer: dir}.Encode(texts)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, load(t, dir), texts, want)
}

func peerTexts(m *textMaker, n int) []peer.Text {
	texts := make([]peer.Text, n)
	for i := range texts {
		texts[i].A = m.text(12)
		if m.rng.IntN(3) == 0 {
			b := m.text(12)
			texts[i].B = &b
		}
		if m.rng.IntN(2) == 0 {
			texts[i].MaxLength = 5 + m.rng.IntN(40)
		}
	}
	return texts
}

func compare(t *testing.T, tok *Tokenizer, texts []peer.Text, want []peer.Encoding) {
	t.Helper()
	var got Encoding
	different := 0
	for i, text := range texts {
		if text.B != nil {
			tok.EncodePair(&got, text.A, *text.B, text.MaxLength)
		} else {
			tok.Encode(&got, text.A, "", text.MaxLength)
		}
		if slices.Equal(got.IDs, want[i].IDs) && slices.Equal(got.TypeIDs, want[i].TypeIDs) {
			continue
		}
		if different++; different <= 5 {
			t.Errorf("text %+q, %s, at most %d:\ngot  %v %v\nwant %v %v", text.A, deref(text.B), text.MaxLength, got.IDs, got.TypeIDs,
				want[i].IDs, want[i].TypeIDs)
		}
	}
	if different > 0 {
		t.Errorf("%d of %d texts differ", different, len(texts))
	}
}

func deref(s *string) string {
	if s == nil {
		return "no pair"
	}
	return "pair " + strconv.QuoteToASCII(*s)
}
