//go:build !race

package tokenizer

import (
	"strings"
	"testing"
)

// TestSteadyStateAllocatesNothing on words in the cache, words too long for it, other scripts and pairs. Not under the
// race detector, which makes a sync.Pool forget now and then.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	long := strings.Repeat("hello", 30)
	for _, dir := range []string{writeFiles(t, "vocab.txt", tinyVocab), tinyBPE(t, `{"add_prefix_space": true}`)} {
		tok := load(t, dir)
		var e Encoding
		encode := func() {
			tok.EncodePair(&e, "Hello café "+"e\u0301\u0316", "你好 <mask> \xff [SEP]", 12)
			tok.Encode(&e, long, "", 0)
		}
		if n := testing.AllocsPerRun(100, encode); n != 0 {
			t.Errorf("%s: %g allocations a run, want none", tok.Kind(), n)
		}
	}
}
