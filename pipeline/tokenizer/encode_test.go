package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestInvalidUTF8 holds the examples of the Unicode Standard, tables 3-8 to 3-11, and Rust's own.
func TestInvalidUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                             "plain",
		"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82A": "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA",
		"\xed\xa0\x80\xed\xbf\xbf\xed\xafA": "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA",
		"\xf4\x91\x92\x93\xff\x41\x80\xbfB": "\ufffd\ufffd\ufffd\ufffd\ufffdA\ufffd\ufffdB",
		"\xe1\x80\xe2\xf0\x91\x92\xf1\xbfA": "\ufffd\ufffd\ufffd\ufffdA",
		"Hello \xf0\x90\x80World":           "Hello \ufffdWorld",
		"\ufffd\xc3":                        "\ufffd\ufffd",
	} {
		if got := string(appendValid(nil, in)); got != want {
			t.Errorf("%q: got %+q, want %+q", in, got, want)
		}
	}
}

// TestByteLevelSplit follows GPT-2's pattern, alternative by alternative.
func TestByteLevelSplit(t *testing.T) {
	split := newByteLevel(false)
	for text, want := range map[string][]string{
		"don't we'll 'S":     {"don", "'t", " we", "'ll", " '", "S"},
		"'s's x's":           {"'s", "'s", " x", "'s"},
		" 's":                {" '", "s"},
		"a  b":               {"a", " ", " b"},
		"a \n b":             {"a", " \n", " b"},
		"a\nb\n\nc":          {"a", "\n", "b", "\n", "\n", "c"},
		"a   ":               {"a", "   "},
		"\t x":               {"\t", " x"},
		" \tx":               {" ", "\t", "x"},
		"é12½Ⅷ٣x":            {"é", "12½Ⅷ٣", "x"},
		"x!?'...":            {"x", "!?'..."},
		"日本 語\u3000x":        {"日本", " 語", "\u3000", "x"},
		" \u00a0\u2003 text": {" \u00a0\u2003", " text"},
		"e\u0301a":           {"e", "\u0301", "a"},
		"":                   nil,
		" ":                  {" "},
		"'":                  {"'"},
		"'r":                 {"'", "r"},
	} {
		var got []string
		for i := 0; i < len(text); {
			end := split.wordEnd([]byte(text), i)
			got = append(got, text[i:end])
			i = end
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestLongestFirst(t *testing.T) {
	for _, c := range [][5]int{ // two lengths, limit, two lengths kept
		{3, 4, 7, 3, 4}, {3, 9, 10, 3, 7}, {9, 3, 10, 7, 3}, {8, 9, 11, 5, 6}, {9, 8, 11, 6, 5}, {9, 9, 11, 5, 6}, {0, 9, 4, 0, 4}, {5, 5, 0, 0, 0},
	} {
		if n1, n2 := longestFirst(c[0], c[1], c[2]); n1 != c[3] || n2 != c[4] {
			t.Errorf("%d and %d of at most %d: got %d and %d, want %d and %d", c[0], c[1], c[2], n1, n2, c[3], c[4])
		}
	}
}

// TestSmallMaxLength: below the special tokens there is nothing left to cut.
func TestSmallMaxLength(t *testing.T) {
	tok := load(t, writeFiles(t, "vocab.txt", tinyVocab))
	var e Encoding
	for limit, want := range map[int]int{-1: 4, 0: 4, 1: 2, 2: 2, 3: 3, 4: 4, 5: 4} {
		tok.Encode(&e, "hello hello", "", limit)
		if len(e.IDs) != want || len(e.TypeIDs) != want {
			t.Errorf("at most %d: %d tokens and %d types, want %d", limit, len(e.IDs), len(e.TypeIDs), want)
		}
	}
}

// TestConcurrentUse: goroutines that share a tokenizer get what one alone gets.
func TestConcurrentUse(t *testing.T) {
	tok := load(t, tinyBPE(t, `{}`))
	texts := make([]string, 500)
	want := make([]Encoding, len(texts))
	m := newTextMaker(3, tok)
	for i := range texts {
		texts[i] = m.text(8)
		tok.Encode(&want[i], texts[i], "", 0)
	}
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			var e Encoding
			for i, text := range texts {
				if tok.Encode(&e, text, "", 0); !slices.Equal(e.IDs, want[i].IDs) {
					t.Errorf("%q: ids %v, want %v", text, e.IDs, want[i].IDs)
				}
			}
		})
	}
	running.Wait()
}

// TestVeryLongWords: the work for a word grows hardly faster than its length.
func TestVeryLongWords(t *testing.T) {
	tok := load(t, tinyBPE(t, `{}`))
	var e Encoding
	tok.Encode(&e, strings.Repeat("hell", 100000), "", 0)
	if len(e.IDs) != 100002 {
		t.Errorf("%d tokens, want 100002", len(e.IDs))
	}
}

func ExampleTokenizer_Encode() {
	tok, err := NewWordPiece([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "##s", "good"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var e Encoding
	tok.Encode(&e, "Good films", "a [MASK] film", 128)
	fmt.Println(e.IDs)
	fmt.Println(e.TypeIDs)
	// Output:
	// [2 8 6 7 3 5 4 6 3]
	// [0 0 0 0 0 1 1 1 1]
}

// TestCacheTellsWordsApart that share a place.
func TestCacheTellsWordsApart(t *testing.T) {
	c := newWordCache()
	entry := c.entry([]byte("film"))
	entry.keep([]byte("film"), []int32{1, 2})
	for word, want := range map[string]bool{"film": true, "filn": false, "fil": false, "films": false, "": false} {
		if got := entry.holds([]byte(word)); got != want {
			t.Errorf("%q: found %v, want %v", word, got, want)
		}
	}
	entry.keep([]byte("other"), make([]int32, cacheWordIDs+1))
	if !entry.holds([]byte("film")) {
		t.Error("a word of too many ids took the place of one that fits")
	}
}
