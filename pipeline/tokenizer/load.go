package tokenizer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// Load reads a tokenizer from a model folder, or from one of its files. A folder holds, and the first one found counts:
//
//   - tokenizer.json, the format of the reference;
//   - vocab.json and merges.txt: RoBERTa. tokenizer_config.json beside them may set add_prefix_space.
//   - vocab.txt: BERT, one piece a line. tokenizer_config.json beside it may set do_lower_case (default true),
//     strip_accents (default: as lower-casing) and tokenize_chinese_chars (default true).
//
// Errors name the file and the rule that it breaks.
func Load(path string) (*Tokenizer, error) {
	file, err := tokenizerFile(path)
	if err != nil {
		return nil, err
	}
	var d *definition
	switch name := filepath.Base(file); {
	case name == "vocab.json":
		d, err = readRoBERTa(filepath.Dir(file))
	case filepath.Ext(name) == ".json":
		d, err = readTokenizerJSON(file)
	default:
		d, err = readBERT(file)
	}
	if err != nil {
		return nil, err
	}
	t, err := d.build()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// tokenizerFile finds the file that decides in a folder; a file stands for itself, merges.txt for its vocab.json.
func tokenizerFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("tokenizer %s: %w", path, errors.Unwrap(err))
	}
	if filepath.Base(path) == "merges.txt" {
		return filepath.Join(filepath.Dir(path), "vocab.json"), nil
	}
	if !info.IsDir() {
		return path, nil
	}
	for _, name := range []string{"tokenizer.json", "vocab.json", "vocab.txt"} {
		file := filepath.Join(path, name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("tokenizer %s: must hold tokenizer.json, vocab.json and merges.txt, or vocab.txt", path)
}

// config is what tokenizer_config.json says that matters here.
type config struct {
	Lower       *bool `json:"do_lower_case"`
	Strip       *bool `json:"strip_accents"`
	Chinese     *bool `json:"tokenize_chinese_chars"`
	PrefixSpace bool  `json:"add_prefix_space"`
}

func readConfig(dir string) (c config, err error) {
	err = readJSON(filepath.Join(dir, "tokenizer_config.json"), &c)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return c, err
}

func readJSON(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// or gives what p points to, or the default.
func or(p *bool, byDefault bool) bool {
	if p == nil {
		return byDefault
	}
	return *p
}

// readBERT reads vocab.txt.
func readBERT(file string) (*definition, error) {
	vocab := make(map[string]int32)
	err := readLines(file, func(line string) error {
		vocab[strings.TrimRightFunc(line, unicode.IsSpace)] = int32(len(vocab))
		return nil
	})
	if err != nil {
		return nil, err
	}
	c, err := readConfig(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	d := newBERT(vocab, or(c.Lower, true))
	d.Normalizer.StripAccents = or(c.Strip, d.Normalizer.Lowercase)
	d.Normalizer.HandleChineseChars = or(c.Chinese, true)
	return d, d.require(file, "[CLS]", "[SEP]", "[UNK]")
}

// newBERT is BERT's tokenizer over a vocabulary.
func newBERT(vocab map[string]int32, lower bool) *definition {
	d := &definition{Kind: WordPiece, Vocab: vocab, Prefix: "##", MaxChars: maxWordChars, Unknown: "[UNK]",
		Normalizer: &bertOptions{CleanText: true, HandleChineseChars: true, StripAccents: lower, Lowercase: lower}}
	d.Added = d.specialTokens()
	d.Single, d.Pair = bertTemplate(vocab["[CLS]"], vocab["[SEP]"])
	return d
}

// readRoBERTa reads vocab.json and merges.txt.
func readRoBERTa(dir string) (*definition, error) {
	d := &definition{Kind: BPE}
	if err := readJSON(filepath.Join(dir, "vocab.json"), &d.Vocab); err != nil {
		return nil, err
	}
	err := readLines(filepath.Join(dir, "merges.txt"), func(line string) error {
		return d.appendMerge(line)
	})
	if err != nil {
		return nil, err
	}
	c, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	d.PrefixSpace = c.PrefixSpace
	d.Added = d.specialTokens()
	for i := range d.Added {
		isMask := d.Added[i].Content == "<mask>"
		d.Added[i].LeftStrip, d.Added[i].Normalized = isMask, !isMask
	}
	d.Single, d.Pair = robertaTemplate(d.Vocab["<s>"], d.Vocab["</s>"])
	return d, d.require(filepath.Join(dir, "vocab.json"), "<s>", "</s>")
}

// appendMerge reads a line of merges.txt.
func (d *definition) appendMerge(line string) error {
	if strings.HasPrefix(line, "#version") {
		return nil
	}
	left, right, ok := strings.Cut(line, " ")
	if !ok || strings.Contains(right, " ") {
		return fmt.Errorf("merge %q: must be two tokens with a blank between them", line)
	}
	d.Merges = append(d.Merges, [2]string{left, right})
	return nil
}

// specialTokens are the tokens with a role that the vocabulary has.
func (d *definition) specialTokens() (added []AddedToken) {
	for _, token := range roles[d.Kind] {
		if id, ok := d.Vocab[token]; ok {
			added = append(added, AddedToken{ID: id, Content: token, Special: true})
		}
	}
	return added
}

// require checks that the vocabulary has these tokens.
func (d *definition) require(file string, tokens ...string) error {
	for _, token := range tokens {
		if _, ok := d.Vocab[token]; !ok {
			return fmt.Errorf("%s: token %q: must be in the vocabulary", file, token)
		}
	}
	return nil
}

// readLines calls f with each line of a file; errors get file:line.
func readLines(file string, f func(line string) error) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		if err := f(lines.Text()); err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", file, n+1, err)
	}
	return nil
}
