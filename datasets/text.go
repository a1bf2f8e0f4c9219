package datasets

import "strings"

// words splits a list of words.
func words(list string) []string { return strings.Fields(list) }

// join puts one space between the parts that are not empty.
func join(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}

func startsWithVowel(word string) bool { return strings.ContainsRune("aeiou", rune(word[0])) }

// sentence writes a phrase with a capital letter and its end mark; commas stand close.
func sentence(end string, parts ...string) string {
	s := strings.ReplaceAll(join(parts...), " ,", ",")
	return strings.ToUpper(s[:1]) + s[1:] + end
}
