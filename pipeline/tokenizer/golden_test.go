package tokenizer

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// folder gives the folder that a variable of the environment names, and skips the test without one.
func folder(t testing.TB, variable string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		t.Skipf("%s is not set", variable)
	}
	return dir
}

func load(t testing.TB, path string) *Tokenizer {
	t.Helper()
	tok, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// golden is one line of the golden files: what the official library gives for a text.
type golden struct {
	Tokenizer string
	Text      string
	Pair      *string
	MaxLength int `json:"max_length"`
	IDs       []int32
	TypeIDs   []int8 `json:"type_ids"`
}

func readGoldens(t *testing.T, file string) (all []golden) {
	t.Helper()
	in, err := os.Open(filepath.Join(folder(t, "EWTUNE_GOLDENS"), "tokenizer", file))
	if errors.Is(err, fs.ErrNotExist) && file != "goldens.jsonl" {
		t.Skipf("EWTUNE_GOLDENS: no tokenizer/%s", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var g golden
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (g *golden) check(t *testing.T, tok *Tokenizer) {
	t.Helper()
	var got Encoding
	if g.Pair != nil {
		tok.EncodePair(&got, g.Text, *g.Pair, g.MaxLength)
	} else {
		tok.Encode(&got, g.Text, "", g.MaxLength)
	}
	if !slices.Equal(got.IDs, g.IDs) {
		t.Errorf("%q, %v: ids\n%v, want\n%v", g.Text, g.Pair, got.IDs, g.IDs)
	}
	if g.TypeIDs != nil && !slices.Equal(got.TypeIDs, g.TypeIDs) {
		t.Errorf("%q, %v: types\n%v, want\n%v", g.Text, g.Pair, got.TypeIDs, g.TypeIDs)
	}
}

// files names every way to load the two tokenizers.
var files = map[string][]string{
	"bert-base-uncased": {"", "vocab.txt", "tokenizer.json"},
	"roberta-base":      {"", "vocab.json", "merges.txt", "tokenizer.json"},
}

func TestGoldenOfficialLibrary(t *testing.T) {
	goldens := readGoldens(t, "goldens.jsonl")
	if len(goldens) == 0 {
		t.Fatal("no goldens")
	}
	root := folder(t, "EWTUNE_TOKENIZERS")
	for name, list := range files {
		for _, file := range list {
			tok := load(t, filepath.Join(root, name, file))
			for _, g := range goldens {
				if g.Tokenizer == name {
					g.check(t, tok)
				}
			}
		}
	}
}

func TestGoldenFairseqBinarised(t *testing.T) {
	tok := load(t, filepath.Join(folder(t, "EWTUNE_TOKENIZERS"), "roberta-base"))
	goldens := readGoldens(t, "roberta_fairseq_goldens.jsonl")
	if len(goldens) == 0 {
		t.Fatal("no goldens")
	}
	for _, g := range goldens {
		g.check(t, tok)
	}
}

// TestSameHashFromEveryFile: the hash stands for what a tokenizer does, not for the file it came from.
func TestSameHashFromEveryFile(t *testing.T) {
	root := folder(t, "EWTUNE_TOKENIZERS")
	for name, list := range files {
		want := load(t, filepath.Join(root, name)).Hash()
		for _, file := range list {
			if got := load(t, filepath.Join(root, name, file)).Hash(); got != want {
				t.Errorf("%s/%s: hash %s, want %s", name, file, got, want)
			}
		}
	}
}
