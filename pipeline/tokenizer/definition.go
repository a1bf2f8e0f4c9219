package tokenizer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// definition is all that decides which ids a text gets. Every source of a tokenizer is read into one, and its JSON form
// is what the hash is taken of.
type definition struct {
	Schema      string           `json:"schema"`
	Kind        string           `json:"kind"`
	Vocab       map[string]int32 `json:"vocab"`
	Merges      [][2]string      `json:"merges"`
	Normalizer  *bertOptions     `json:"normalizer"`
	PrefixSpace bool             `json:"prefix_space"` // BPE
	Prefix      string           `json:"prefix"`       // WordPiece: of pieces that go on with a word
	MaxChars    int              `json:"max_chars"`    // WordPiece: of a word that is looked at
	Unknown     string           `json:"unknown"`      // WordPiece
	Added       []AddedToken     `json:"added"`
	Single      template         `json:"single"`
	Pair        template         `json:"pair"`
}

// definitionSchema names the rules that the hash stands for; it changes with them.
const definitionSchema = "ewtune.tokenizer/v1"

// roles are the tokens with a role, as each kind of model names them, in the order of the fields of [Special].
var roles = map[string][5]string{
	WordPiece: {"[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"},
	BPE:       {"<s>", "</s>", "<pad>", "<unk>", "<mask>"},
}

// build makes the tokenizer that a definition describes.
func (d *definition) build() (*Tokenizer, error) {
	if err := d.addToVocab(); err != nil {
		return nil, err
	}
	t := &Tokenizer{kind: d.Kind, vocab: d.Vocab, single: d.Single, pair: d.Pair, special: d.special()}
	for _, id := range d.Vocab {
		t.size = max(t.size, int(id)+1)
	}
	if d.Normalizer != nil {
		t.normalizer = newBERTNormalizer(*d.Normalizer)
	}
	t.added, t.addedNormalized = d.splitAdded(t.normalizer)
	var err error
	if t.model, err = d.buildModel(); err != nil {
		return nil, err
	}
	t.hash, err = d.hash()
	return t, err
}

// addToVocab checks the ids and gives the added tokens theirs.
func (d *definition) addToVocab() error {
	for _, a := range d.Added {
		if id, ok := d.Vocab[a.Content]; ok && id != a.ID {
			return fmt.Errorf("added token %q: id %d, but %d in the vocabulary", a.Content, a.ID, id)
		}
		if a.SingleWord {
			return fmt.Errorf("added token %q: single_word is not supported", a.Content)
		}
		d.Vocab[a.Content] = a.ID
	}
	for token, id := range d.Vocab {
		if id < 0 {
			return fmt.Errorf("token %q: id %d must not be negative", token, id)
		}
	}
	return nil
}

func (d *definition) buildModel() (model, error) {
	if d.Kind == BPE {
		return newBytePair(d.Vocab, d.Merges, d.PrefixSpace)
	}
	unknown, ok := d.Vocab[d.Unknown]
	if !ok {
		return nil, fmt.Errorf("unknown token %q: must be in the vocabulary", d.Unknown)
	}
	return newWordPiece(d.Vocab, d.Prefix, d.MaxChars, unknown), nil
}

// splitAdded parts the added tokens into those that are looked for before and after normalisation. The text of the
// latter is normalised too.
func (d *definition) splitAdded(n *bertNormalizer) (asGiven, normalized *addedTokens) {
	var early, late []AddedToken
	for _, a := range d.Added {
		switch {
		case !a.Normalized:
			early = append(early, a)
		case n != nil:
			a.Content = string(n.append(nil, []byte(a.Content), new(normalizerScratch)))
			late = append(late, a)
		default:
			late = append(late, a)
		}
	}
	return newAddedTokens(early), newAddedTokens(late)
}

func (d *definition) special() Special {
	var ids [5]int32
	for i, token := range roles[d.Kind] {
		id, ok := d.Vocab[token]
		if !ok {
			id = -1
		}
		ids[i] = id
	}
	return Special{CLS: ids[0], SEP: ids[1], PAD: ids[2], UNK: ids[3], MASK: ids[4]}
}

func (d *definition) hash() (string, error) {
	d.Schema = definitionSchema
	slices.SortFunc(d.Added, func(a, b AddedToken) int { return cmp.Compare(a.ID, b.ID) })
	canonical, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// bertTemplate is [CLS] A [SEP] and [CLS] A [SEP] B [SEP].
func bertTemplate(cls, sep int32) (single, pair template) {
	single = template{{ID: cls}, {Text: 1}, {ID: sep}}
	pair = append(slices.Clone(single), piece{Text: 2, Type: 1}, piece{ID: sep, Type: 1})
	return single, pair
}

// robertaTemplate is <s> A </s> and <s> A </s></s> B </s>; all of type 0.
func robertaTemplate(cls, sep int32) (single, pair template) {
	single = template{{ID: cls}, {Text: 1}, {ID: sep}}
	pair = append(slices.Clone(single), piece{ID: sep}, piece{Text: 2}, piece{ID: sep})
	return single, pair
}
