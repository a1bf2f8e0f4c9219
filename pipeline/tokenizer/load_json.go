package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// tokenizerJSON is a tokenizer.json. Truncation, padding and decoder are not read: lengths are the caller's.
type tokenizerJSON struct {
	Added         []AddedToken       `json:"added_tokens"`
	Normalizer    *normalizerJSON    `json:"normalizer"`
	PreTokenizer  *preTokenizerJSON  `json:"pre_tokenizer"`
	PostProcessor *postProcessorJSON `json:"post_processor"`
	Model         modelJSON          `json:"model"`
}

type normalizerJSON struct {
	Type         string `json:"type"`
	CleanText    bool   `json:"clean_text"`
	Chinese      bool   `json:"handle_chinese_chars"`
	StripAccents *bool  `json:"strip_accents"`
	Lowercase    bool   `json:"lowercase"`
}

type preTokenizerJSON struct {
	Type        string `json:"type"`
	PrefixSpace bool   `json:"add_prefix_space"`
	UseRegex    *bool  `json:"use_regex"`
}

type modelJSON struct {
	Type         string           `json:"type"`
	Vocab        map[string]int32 `json:"vocab"`
	Merges       []mergeJSON      `json:"merges"`
	Unknown      *string          `json:"unk_token"`
	Prefix       *string          `json:"continuing_subword_prefix"`
	Suffix       *string          `json:"end_of_word_suffix"`
	MaxChars     int              `json:"max_input_chars_per_word"`
	Dropout      *float64         `json:"dropout"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
}

// mergeJSON is "left right" or, in newer files, ["left", "right"].
type mergeJSON [2]string

// UnmarshalJSON reads either form.
func (m *mergeJSON) UnmarshalJSON(data []byte) error {
	var line string
	if json.Unmarshal(data, &line) != nil {
		return json.Unmarshal(data, (*[2]string)(m))
	}
	left, right, ok := strings.Cut(line, " ")
	if !ok || strings.Contains(right, " ") {
		return fmt.Errorf("merge %q: must be two tokens with a blank between them", line)
	}
	*m = mergeJSON{left, right}
	return nil
}

func readTokenizerJSON(file string) (*definition, error) {
	var j tokenizerJSON
	if err := readJSON(file, &j); err != nil {
		return nil, err
	}
	d, err := j.definition()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

// definition translates the parts; one that BERT and RoBERTa do not use is refused by name.
func (j *tokenizerJSON) definition() (*definition, error) {
	d := &definition{Vocab: j.Model.Vocab, Added: j.Added}
	if d.Vocab == nil {
		return nil, fmt.Errorf("model.vocab: must be an object of tokens and ids")
	}
	for _, read := range []func(*definition) error{j.readModel, j.readNormalizer, j.readPreTokenizer, j.readPostProcessor} {
		if err := read(d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (j *tokenizerJSON) readModel(d *definition) error {
	m := &j.Model
	switch {
	case m.Type == "WordPiece" || m.Type == "" && m.MaxChars > 0:
		d.Kind, d.MaxChars = WordPiece, m.MaxChars
		d.Prefix, d.Unknown = orString(m.Prefix, "##"), orString(m.Unknown, "[UNK]")
		return nil
	case m.Type != "BPE":
		return fmt.Errorf("model.type %q: must be WordPiece or BPE", m.Type)
	case m.Dropout != nil && *m.Dropout != 0, m.ByteFallback, m.IgnoreMerges, orString(m.Prefix, "") != "", orString(m.Suffix, "") != "":
		return fmt.Errorf("model: a BPE with dropout, byte_fallback, ignore_merges, a prefix or a suffix is not supported")
	}
	d.Kind = BPE
	for _, merge := range m.Merges {
		d.Merges = append(d.Merges, merge)
	}
	return nil
}

func orString(p *string, byDefault string) string {
	if p == nil {
		return byDefault
	}
	return *p
}

func (j *tokenizerJSON) readNormalizer(d *definition) error {
	n := j.Normalizer
	if n == nil {
		return nil
	}
	if n.Type != "BertNormalizer" {
		return fmt.Errorf("normalizer.type %q: must be BertNormalizer or null", n.Type)
	}
	d.Normalizer = &bertOptions{n.CleanText, n.Chinese, or(n.StripAccents, n.Lowercase), n.Lowercase}
	return nil
}

func (j *tokenizerJSON) readPreTokenizer(d *definition) error {
	p := j.PreTokenizer
	if p == nil {
		p = new(preTokenizerJSON)
	}
	want := map[string]string{WordPiece: "BertPreTokenizer", BPE: "ByteLevel"}[d.Kind]
	if p.Type != want || !or(p.UseRegex, true) {
		return fmt.Errorf("pre_tokenizer.type %q: must be %s, with its pattern, for a %s model", p.Type, want, j.Model.Type)
	}
	d.PrefixSpace = p.PrefixSpace
	return nil
}

// postProcessorJSON is a TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel.
type postProcessorJSON struct {
	Type    string          `json:"type"`
	Single  []templateJSON  `json:"single"`
	Pair    []templateJSON  `json:"pair"`
	Special specialMapJSON  `json:"special_tokens"`
	SEP     json.RawMessage `json:"sep"`
	CLS     json.RawMessage `json:"cls"`
}

type specialMapJSON map[string]struct {
	IDs []int32 `json:"ids"`
}

// templateJSON is {"SpecialToken": ...} or {"Sequence": ...}.
type templateJSON struct {
	Special  *templatePartJSON `json:"SpecialToken"`
	Sequence *templatePartJSON `json:"Sequence"`
}

type templatePartJSON struct {
	ID   string `json:"id"`
	Type int8   `json:"type_id"`
}

func (j *tokenizerJSON) readPostProcessor(d *definition) (err error) {
	p := j.PostProcessor
	if p == nil {
		p = &postProcessorJSON{Type: "ByteLevel"}
	}
	switch p.Type {
	case "ByteLevel":
		d.Single, d.Pair = template{{Text: 1}}, template{{Text: 1}, {Text: 2, Type: 1}}
		return nil
	case "BertProcessing", "RobertaProcessing":
		return p.readFixed(d)
	case "TemplateProcessing":
		if d.Single, err = p.template(p.Single); err == nil {
			d.Pair, err = p.template(p.Pair)
		}
		return err
	}
	return fmt.Errorf("post_processor.type %q: must be TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or null", p.Type)
}

// readFixed reads the ids of the processors that have their template built in.
func (p *postProcessorJSON) readFixed(d *definition) error {
	var ids [2]int32
	for i, raw := range []json.RawMessage{p.CLS, p.SEP} {
		var name string
		if err := json.Unmarshal(raw, &[]any{&name, &ids[i]}); err != nil {
			return fmt.Errorf("post_processor.%s: must be [token, id]: %w", []string{"cls", "sep"}[i], err)
		}
	}
	build := bertTemplate
	if p.Type == "RobertaProcessing" {
		build = robertaTemplate
	}
	d.Single, d.Pair = build(ids[0], ids[1])
	return nil
}

func (p *postProcessorJSON) template(parts []templateJSON) (t template, err error) {
	for _, part := range parts {
		switch {
		case part.Special != nil:
			ids := p.Special[part.Special.ID].IDs
			if len(ids) == 0 {
				return nil, fmt.Errorf("post_processor.special_tokens: must hold ids for %q", part.Special.ID)
			}
			for _, id := range ids {
				t = append(t, piece{ID: id, Type: part.Special.Type})
			}
		case part.Sequence != nil && (part.Sequence.ID == "A" || part.Sequence.ID == "B"):
			t = append(t, piece{Text: int8(part.Sequence.ID[0]-'A') + 1, Type: part.Sequence.Type})
		default:
			return nil, fmt.Errorf("post_processor: a template's parts must be SpecialToken, or Sequence A or B")
		}
	}
	return t, nil
}
