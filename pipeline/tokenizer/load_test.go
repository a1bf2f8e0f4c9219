package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// writeFiles makes a folder of files, given as name, text, name, text, ...
func writeFiles(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		writeFile(t, filepath.Join(dir, files[i]), files[i+1])
	}
	return dir
}

const tinyVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nHello\ncafe\ncafé\n你\n##s\n!\n你好\n"

// tinyBPE is a RoBERTa of all bytes, "he", "ll", " he" and "hell".
func tinyBPE(t testing.TB, config string) string {
	vocab := map[string]int32{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
	for b, symbol := range byteSymbols() {
		vocab[symbol] = int32(b) + 4
	}
	for _, token := range []string{"he", "ll", "Ġhe", "hell", "<mask>"} {
		vocab[token] = int32(len(vocab))
	}
	data, err := json.Marshal(vocab)
	if err != nil {
		t.Fatal(err)
	}
	return writeFiles(t, "vocab.json", string(data), "merges.txt", "#version: 0.2\nh e\nl l\nĠ he\nhe ll\n", "tokenizer_config.json", config)
}

func TestLoadOptions(t *testing.T) {
	for name, c := range map[string]struct {
		dir  string
		text string
		want []string // tokens between the special ones
	}{
		"BERT by default is uncased":    {writeFiles(t, "vocab.txt", tinyVocab), "Hellos CAFÉ!", []string{"hello", "##s", "cafe", "!"}},
		"BERT cased":                    {writeFiles(t, "vocab.txt", tinyVocab, "tokenizer_config.json", `{"do_lower_case": false}`), "Hello café", []string{"Hello", "café"}},
		"BERT uncased, accents kept":    {writeFiles(t, "vocab.txt", tinyVocab, "tokenizer_config.json", `{"strip_accents": false}`), "CAFÉ", []string{"café"}},
		"BERT, ideographs apart":        {writeFiles(t, "vocab.txt", tinyVocab), "你你", []string{"你", "你"}},
		"BERT, ideographs as letters":   {writeFiles(t, "vocab.txt", tinyVocab, "tokenizer_config.json", `{"tokenize_chinese_chars": false}`), "你好", []string{"你好"}},
		"BERT, lines of Windows":        {writeFiles(t, "vocab.txt", strings.ReplaceAll(tinyVocab, "\n", "\r\n")), "hello", []string{"hello"}},
		"RoBERTa":                       {tinyBPE(t, `{}`), "hell he", []string{"hell", "Ġhe"}},
		"RoBERTa with a blank in front": {tinyBPE(t, `{"add_prefix_space": true}`), "hell", []string{"Ġhe", "ll"}},
	} {
		t.Run(name, func(t *testing.T) {
			tok := load(t, c.dir)
			var e Encoding
			tok.Encode(&e, c.text, "", 0)
			var want []int32
			for _, token := range c.want {
				id, ok := tok.ID(token)
				if !ok {
					t.Fatalf("no token %q", token)
				}
				want = append(want, id)
			}
			if got := e.IDs[1 : len(e.IDs)-1]; !slices.Equal(got, want) {
				t.Errorf("%q: ids %v, want %v", c.text, got, want)
			}
		})
	}
}

// validJSON is a whole tokenizer.json; each case below breaks one part of it.
const validJSON = `{"added_tokens": [{"id": 0, "content": "[UNK]", "special": true}],
"normalizer": {"type": "BertNormalizer", "lowercase": true},
"pre_tokenizer": {"type": "BertPreTokenizer"},
"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 1], "cls": ["[CLS]", 2]},
"model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "[SEP]": 1, "[CLS]": 2}, "max_input_chars_per_word": 100}}`

func TestLoadErrors(t *testing.T) {
	if _, err := Load(writeFiles(t, "tokenizer.json", validJSON)); err != nil {
		t.Fatal(err)
	}
	broken := func(old, new string) string {
		if !strings.Contains(validJSON, old) {
			t.Fatalf("%q is not there to be broken", old)
		}
		return writeFiles(t, "tokenizer.json", strings.Replace(validJSON, old, new, 1))
	}
	for name, c := range map[string]struct{ path, want string }{
		"nothing there":        {filepath.Join(t.TempDir(), "none"), "no such file"},
		"empty folder":         {t.TempDir(), "must hold tokenizer.json, vocab.json and merges.txt, or vocab.txt"},
		"no unknown token":     {writeFiles(t, "vocab.txt", "[CLS]\n[SEP]\n"), `token "[UNK]": must be in the vocabulary`},
		"no merges":            {writeFiles(t, "vocab.json", `{"<s>": 0, "</s>": 2}`), "merges.txt: no such file"},
		"a merge of three":     {writeFiles(t, "vocab.json", `{"<s>": 0, "</s>": 2}`, "merges.txt", "a b c\n"), `merges.txt:1: merge "a b c": must be two tokens`},
		"a merge of strangers": {writeFiles(t, "vocab.json", `{"<s>": 0, "</s>": 2}`, "merges.txt", "a b\n"), `merge 1 "a" "b": token "a" is not in the vocabulary`},
		"not JSON":             {writeFiles(t, "tokenizer.json", "{"), "unexpected end of JSON"},
		"bad configuration":    {writeFiles(t, "vocab.txt", tinyVocab, "tokenizer_config.json", "["), "tokenizer_config.json: unexpected end"},
		"other model":          {broken("WordPiece", "Unigram"), `model.type "Unigram": must be WordPiece or BPE`},
		"no vocabulary":        {broken(`"vocab": {`, `"other": {`), "model.vocab: must be an object"},
		"other normalizer":     {broken("BertNormalizer", "NFKC"), `normalizer.type "NFKC": must be BertNormalizer or null`},
		"other split":          {broken("BertPreTokenizer", "Metaspace"), `pre_tokenizer.type "Metaspace": must be BertPreTokenizer`},
		"other post-processor": {broken("BertProcessing", "Sequence"), `post_processor.type "Sequence": must be`},
		"half a processor":     {broken(`["[SEP]", 1]`, `"[SEP]"`), "post_processor.sep: must be [token, id]"},
		"unknown is unknown":   {broken(`"unk_token": "[UNK]"`, `"unk_token": "<unk>"`), `unknown token "<unk>": must be in the vocabulary`},
		"two ids of a token":   {broken(`"id": 0`, `"id": 7`), `added token "[UNK]": id 7, but 0 in the vocabulary`},
		"a negative id":        {broken(`"[SEP]": 1`, `"[SEP]": -1`), `token "[SEP]": id -1 must not be negative`},
		"single words":         {broken(`"special": true`, `"single_word": true`), `added token "[UNK]": single_word is not supported`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(c.path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestHashSeesEveryRule: whatever changes an id somewhere changes the hash.
func TestHashSeesEveryRule(t *testing.T) {
	seen := make(map[string]string)
	for _, change := range [][2]string{
		{"", ""}, {`"lowercase": true`, `"lowercase": false`}, {`"lowercase": true`, `"lowercase": true, "clean_text": true`},
		{`"max_input_chars_per_word": 100`, `"max_input_chars_per_word": 99`}, {`"[SEP]": 1`, `"[SEP]": 3`},
		{`["[SEP]", 1]`, `["[SEP]", 2]`}, {`"special": true`, `"special": true, "lstrip": true`},
		{`"unk_token": "[UNK]"`, `"unk_token": "[UNK]", "continuing_subword_prefix": "@@"`},
	} {
		hash := load(t, writeFiles(t, "tokenizer.json", strings.Replace(validJSON, change[0], change[1], 1))).Hash()
		if before, ok := seen[hash]; ok {
			t.Errorf("%q has the hash of %q", change[1], before)
		}
		seen[hash] = change[1]
	}
}
