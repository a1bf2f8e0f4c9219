package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// byteLevelDecoder turns ids of RoBERTa's vocabulary back into text. Byte-level BPE (Radford et al. 2019) writes each byte
// of the text as one printable character; the mapping is inverted here.
type byteLevelDecoder struct {
	tokens map[int64]string
	bytes  map[rune]byte
}

// newByteLevelDecoder reads a vocab.json.
func newByteLevelDecoder(path string) (*byteLevelDecoder, error) {
	if path == "" {
		return nil, errors.New("vocabulary: the vocab.json of its RoBERTa tokenizer must be named to read it")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var ids map[string]int64
	if err := json.Unmarshal(data, &ids); err != nil {
		return nil, fmt.Errorf("%s: not a vocabulary: %w", path, err)
	}
	d := &byteLevelDecoder{tokens: make(map[int64]string, len(ids)), bytes: printableBytes()}
	for token, id := range ids {
		d.tokens[id] = token
	}
	return d, nil
}

// printableBytes maps each character that stands for a byte to that byte: printable Latin-1 stands for itself, the other
// bytes, in order, are the characters from U+0100.
func printableBytes() map[rune]byte {
	m := make(map[rune]byte, 256)
	next := rune(256)
	for b := range 256 {
		switch {
		case b >= '!' && b <= '~', b >= 0xa1 && b <= 0xac, b >= 0xae:
			m[rune(b)] = byte(b)
		default:
			m[next] = byte(b)
			next++
		}
	}
	return m
}

// text decodes a row of ids.
func (d *byteLevelDecoder) text(ids []int64) (string, error) {
	var text []byte
	for _, id := range ids {
		token, ok := d.tokens[id]
		if !ok || id < fairseqOffset {
			return "", fmt.Errorf("id %d: is not a token of text", id)
		}
		for _, r := range token {
			b, ok := d.bytes[r]
			if !ok {
				return "", fmt.Errorf("id %d: token %q is not byte-level", id, token)
			}
			text = append(text, b)
		}
	}
	return string(text), nil
}
