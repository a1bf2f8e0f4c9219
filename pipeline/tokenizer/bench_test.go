package tokenizer

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realTexts reads the sentences of SST-2's training split, and of MNLI's training sample as pairs.
func realTexts(b *testing.B) (texts [][2]string) {
	b.Helper()
	root := folder(b, "EWTUNE_DATA")
	for _, source := range []struct {
		file          string
		first, second int
	}{{"SST-2/train.tsv", 0, -1}, {"MNLI/train.sample.tsv", 8, 9}} {
		in, err := os.Open(filepath.Join(root, source.file))
		if err != nil {
			b.Fatal(err)
		}
		defer in.Close()
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, 1<<20)
		lines.Scan() // column names
		for lines.Scan() {
			columns := strings.Split(lines.Text(), "\t")
			text := [2]string{columns[source.first]}
			if source.second >= 0 {
				text[1] = columns[source.second]
			}
			texts = append(texts, text)
		}
	}
	return texts
}

// BenchmarkEncode measures tokens/s on real text, in one goroutine and in one for each processor.
func BenchmarkEncode(b *testing.B) {
	texts := realTexts(b)
	for name := range files {
		tok := load(b, filepath.Join(folder(b, "EWTUNE_TOKENIZERS"), name))
		b.Run(name, func(b *testing.B) {
			var e Encoding
			tokens := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				text := texts[i%len(texts)]
				tok.Encode(&e, text[0], text[1], 128)
				tokens += len(e.IDs)
			}
			b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkWord measures the models alone, on words that no cache holds.
func BenchmarkWord(b *testing.B) {
	for name := range files {
		tok := load(b, filepath.Join(folder(b, "EWTUNE_TOKENIZERS"), name))
		b.Run(name, func(b *testing.B) {
			words := [][]byte{[]byte("unquestionably"), []byte("film"), []byte("sheerness"), []byte("neorealism")}
			var ids []int32
			e := &encoder{t: tok}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ids = tok.model.appendWord(ids[:0], words[i%len(words)], e)
			}
		})
	}
}
