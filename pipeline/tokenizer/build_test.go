package tokenizer

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var tinyCorpus = []string{
	"low low low low low", "lower lower", "newest newest newest newest newest newest", "widest widest widest", "Café, NEW!",
}

// TestBuildWordPieceMerges follows the first merges by hand: "es" and "est" stand 9 times; "ew", "ow", "low" and "new" 7
// times, in byte order; "newest" 6 times.
func TestBuildWordPieceMerges(t *testing.T) {
	got, err := BuildWordPiece(slices.Values(tinyCorpus), 1000)
	if err != nil {
		t.Fatal(err)
	}
	alphabet := []string{"!", "##a", "##d", "##e", "##f", "##i", "##o", "##r", "##s", "##t", "##w", ",", "c", "l", "n", "w"}
	want := append(slices.Clone(buildSpecials), alphabet...)
	want = append(want, "##es", "##est", "##ew", "##ow", "low", "new", "newest")
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got  %q\nwant %q and more", got, want)
	}
	for _, word := range []string{"low", "lower", "newest", "widest", "cafe", "new"} {
		if !slices.Contains(got, word) {
			t.Errorf("%q is no piece, although there was room for every word", word)
		}
	}
}

func TestBuildWordPieceIgnoresOrder(t *testing.T) {
	back := slices.Clone(tinyCorpus)
	slices.Reverse(back)
	one, err := BuildWordPiece(slices.Values(tinyCorpus), 30)
	if err != nil {
		t.Fatal(err)
	}
	two, err := BuildWordPiece(slices.Values(back), 30)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(one, two) || len(one) != 30 {
		t.Errorf("got %q and, in reverse, %q; want the same 30 pieces", one, two)
	}
}

func TestBuildWordPieceRefusesSmallSize(t *testing.T) {
	if _, err := BuildWordPiece(slices.Values(tinyCorpus), 5); err == nil || !strings.Contains(err.Error(), "size 5: must be above 5") {
		t.Errorf("got error %v", err)
	}
}

func TestBuiltVocabularyGoesRound(t *testing.T) {
	pieces, err := BuildWordPiece(slices.Values(tinyCorpus), 1000)
	if err != nil {
		t.Fatal(err)
	}
	made, err := NewWordPiece(pieces)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "vocab.txt")
	writeFile(t, file, strings.Join(pieces, "\n")+"\n")
	read := load(t, file)
	if made.Hash() != read.Hash() || read.VocabSize() != len(pieces) {
		t.Errorf("hash %s and size %d after reading, want %s and %d", read.Hash(), read.VocabSize(), made.Hash(), len(pieces))
	}
	var e Encoding
	read.Encode(&e, "Lowest cafe!", "", 0)
	if slices.Contains(e.IDs, read.Special().UNK) {
		t.Errorf("ids %v: unknown words in a text of known characters", e.IDs)
	}
}
