package pipeline

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestInitModel makes an encoder from four words, three of which have vectors.
func TestInitModel(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("vocab.txt", "[PAD]\ngood\nbad\n##ly\nplain\n")
	write("words.txt", "plain\ngood\nbad\nunused\n")
	vectors := []float32{1, 2, 5, 6, 3, 4, 9, 9} // plain, good, bad, unused
	if err := model.WriteSafetensors(filepath.Join(dir, "vectors.safetensors"), []model.Tensor{{Name: "v", Shape: []int{4, 2}, Data: vectors}}); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "model")
	options := InitOptions{Vocabulary: dir, Vectors: dir, Out: out, Hidden: 64, Scale: 0.5}
	summary, err := InitModel(options)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Covered != 3 || summary.Vocabulary != 5 {
		t.Errorf("summary %+v: want 3 of 5 words covered", summary)
	}
	got, err := model.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	table := got.Tensor("bert.embeddings.word_embeddings.weight").Data
	// The mean of the three vectors is (3, 4); good, bad, plain are then (2,2), (0,0), (-2,-2), of mean square 8/3.
	unit := 0.5 / math.Sqrt(8.0/3.0)
	for word, want := range map[int]float64{1: 2 * unit, 2: 0, 4: -2 * unit} {
		row := table[word*64 : (word+1)*64]
		if math.Abs(float64(row[0])-want) > 1e-6 || math.Abs(float64(row[1])-want) > 1e-6 || row[2] != 0 {
			t.Errorf("word %d starts at %v, want (%v, %v, 0, ...)", word, row[:3], want, want)
		}
	}
	if spread := standardDeviation(got.Tensor("bert.encoder.layer.1.attention.self.query.weight").Data); math.Abs(spread*8-1) > 0.1 {
		t.Errorf("query weights have standard deviation %v, want 1/√64", spread)
	}
	if _, err := InitModel(options); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("second time: %v, want a refusal", err)
	}
}

// TestInitModelRefuses wants one clear sentence for each bad input and nothing written.
func TestInitModelRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte("[PAD]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	for name, o := range map[string]InitOptions{
		"no vocabulary": {Vocabulary: filepath.Join(dir, "absent"), Out: out},
		"no vectors":    {Vocabulary: dir, Vectors: dir, Out: out},
		"odd heads":     {Vocabulary: dir, Hidden: 100, Heads: 3, Out: out},
		"no output":     {Vocabulary: dir},
	} {
		if _, err := InitModel(o); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one sentence", name, err)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an output folder was left behind")
	}
}

func standardDeviation(values []float32) float64 {
	var square float64
	for _, v := range values {
		square += float64(v) * float64(v)
	}
	return math.Sqrt(square / float64(len(values)))
}
