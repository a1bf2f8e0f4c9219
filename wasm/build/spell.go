package main

import (
	"cmp"
	"slices"
	"strings"
)

// spell writes bytes as text that a JavaScript file may hold between double quotes: one character for each byte value, the
// frequent ones in ASCII. A compressor sees the bytes' own patterns in it, which base64 hides: the core takes as much room
// in a compressed index.js as by itself.
func spell(code []byte) (alphabet, text string) {
	var count [256]int
	for _, b := range code {
		count[b]++
	}
	order := make([]int, 256)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(count[b], count[a]) })
	var letters [256]rune
	next := ' '
	for _, b := range order {
		for strings.ContainsRune("\"\\<`$\x7f\u00ad", next) {
			next++
		}
		letters[b] = next
		if next++; next == '\u007f' {
			next = '\u00a1'
		}
	}
	var spelled strings.Builder
	for _, b := range code {
		spelled.WriteRune(letters[b])
	}
	return string(letters[:]), spelled.String()
}
