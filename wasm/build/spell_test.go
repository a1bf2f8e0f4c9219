package main

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestSpell reads back what was spelled and looks for characters that JavaScript, HTML or an editor would change.
func TestSpell(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	code := make([]byte, 10_000)
	for i := range code {
		code[i] = byte(random.IntN(256) & random.IntN(256))
	}
	alphabet, text := spell(code)
	letters := []rune(alphabet)
	if len(letters) != 256 {
		t.Fatalf("alphabet of %d letters", len(letters))
	}
	if strings.ContainsAny(alphabet, "\"\\<`$\x00\r\n\u2028\u2029\u00ad") {
		t.Error("alphabet holds a character with a meaning")
	}
	var back []byte
	for _, letter := range text {
		back = append(back, byte(slices.Index(letters, letter)))
	}
	if !bytes.Equal(back, code) {
		t.Error("the text does not read back as the code")
	}
}
