package pipeline

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// InitOptions says what encoder InitModel makes. Zero fields take the values in brackets.
type InitOptions struct {
	Vocabulary string  // folder that holds the WordPiece vocabulary, vocab.txt
	Vectors    string  // folder with words.txt, a word a line, and one safetensors file [words, width]; empty: random embeddings
	Out        string  // new folder, in the Hugging Face layout
	Layers     int     // [2]
	Hidden     int     // [128]
	Heads      int     // [Hidden/64]
	Scale      float64 // [0.05] standard deviation of the embeddings that start from vectors
	Seed       uint64
}

// InitSummary tells what InitModel wrote.
type InitSummary struct {
	Parameters int `json:"parameters"`
	Vocabulary int `json:"vocabulary"`
	Covered    int `json:"covered"` // words of the vocabulary that have a vector
}

// InitModel makes an untrained BERT encoder for sequence classification whose word embeddings start from public word
// vectors, and writes it to a new folder with its vocabulary.
//
// The vectors are centred, scaled to Scale and padded with zeros to the hidden size; words without one are drawn from
// N(0, 0.02²) like positions and segments. Encoder and pooler matrices are drawn from N(0, 1/Hidden), which keeps the
// size of what passes through them: with BERT's 0.02 the first token of an untrained encoder carries nothing of its sentence.
func InitModel(o InitOptions) (InitSummary, error) {
	o = o.withDefaults()
	if err := refuseExisting(o.Out); err != nil {
		return InitSummary{}, err
	}
	words, err := readLines(filepath.Join(o.Vocabulary, "vocab.txt"))
	if err != nil {
		return InitSummary{}, fmt.Errorf("vocabulary: %w", err)
	}
	config := model.DefaultConfig(model.BERT)
	config.VocabSize = len(words)
	config.Layers, config.HiddenSize, config.Heads, config.IntermediateSize = o.Layers, o.Hidden, o.Heads, 4*o.Hidden
	config.MaxPositions, config.TypeVocabSize = 512, 2
	config.InitializerRange, config.LayerNormEps, config.NumLabels = 0.02, 1e-12, 2
	config.HiddenDropout, config.AttentionDropout = 0, 0
	if err := config.Validate(); err != nil {
		return InitSummary{}, err
	}
	encoder := model.New(config, o.Seed)
	widenMatrices(encoder)
	summary := InitSummary{Vocabulary: len(words)}
	for _, t := range encoder.Tensors {
		summary.Parameters += len(t.Data)
	}
	if o.Vectors != "" {
		vectors, err := readWordVectors(o.Vectors, o.Hidden)
		if err != nil {
			return InitSummary{}, err
		}
		summary.Covered = vectors.place(words, encoder.Tensor("bert.embeddings.word_embeddings.weight"), o.Scale)
	}
	return summary, writeModel(encoder, filepath.Join(o.Vocabulary, "vocab.txt"), o.Out)
}

func (o InitOptions) withDefaults() InitOptions {
	if o.Layers == 0 {
		o.Layers = 2
	}
	if o.Hidden == 0 {
		o.Hidden = 128
	}
	if o.Heads == 0 {
		o.Heads = max(1, o.Hidden/64)
	}
	if o.Scale == 0 {
		o.Scale = 0.05
	}
	return o
}

// widenMatrices scales the encoder's and the pooler's matrices from N(0, initializer_range²) to N(0, 1/H).
func widenMatrices(m *model.Model) {
	factor := float32(1 / (math.Sqrt(float64(m.Config.HiddenSize)) * m.Config.InitializerRange))
	for _, t := range m.Tensors {
		if len(t.Shape) == 2 && (strings.HasPrefix(t.Name, "bert.encoder.") || strings.HasPrefix(t.Name, "bert.pooler.")) {
			for i := range t.Data {
				t.Data[i] *= factor
			}
		}
	}
}

// wordVectors are rows of one table, found by word.
type wordVectors struct {
	row   map[string]int
	width int
	data  []float32
}

func readWordVectors(dir string, hidden int) (*wordVectors, error) {
	words, err := readLines(filepath.Join(dir, "words.txt"))
	if err != nil {
		return nil, fmt.Errorf("word vectors: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("word vectors %s: want one safetensors file, found %d", dir, len(files))
	}
	tensors, err := model.ReadSafetensors(files[0])
	if err != nil {
		return nil, err
	}
	if len(tensors) != 1 || len(tensors[0].Shape) != 2 || tensors[0].Shape[0] != len(words) || tensors[0].Shape[1] > hidden {
		return nil, fmt.Errorf("%s: want one tensor [%d, at most %d], a row for each line of words.txt and no wider than the hidden size",
			files[0], len(words), hidden)
	}
	v := &wordVectors{row: make(map[string]int, len(words)), width: tensors[0].Shape[1], data: tensors[0].Data}
	for i, word := range words {
		v.row[word] = i
	}
	return v, nil
}

// place centres and scales the vectors of the vocabulary's words, writes them into the embedding table [words, hidden]
// and returns how many words have one.
func (v *wordVectors) place(words []string, table *model.Tensor, scale float64) int {
	hidden := table.Shape[1]
	mean, covered := make([]float64, v.width), 0
	v.each(words, func(_ int, vector []float32) {
		covered++
		for j, x := range vector {
			mean[j] += float64(x)
		}
	})
	for j := range mean {
		mean[j] /= float64(max(covered, 1))
	}
	var square float64
	v.each(words, func(_ int, vector []float32) {
		for j, x := range vector {
			square += (float64(x) - mean[j]) * (float64(x) - mean[j])
		}
	})
	factor := scale / math.Sqrt(square/float64(max(covered*v.width, 1)))
	v.each(words, func(word int, vector []float32) {
		row := table.Data[word*hidden : (word+1)*hidden]
		clear(row)
		for j, x := range vector {
			row[j] = float32(factor * (float64(x) - mean[j]))
		}
	})
	return covered
}

// each calls f with the index and the vector of every word that has one.
func (v *wordVectors) each(words []string, f func(word int, vector []float32)) {
	for i, word := range words {
		if row, ok := v.row[word]; ok {
			f(i, v.data[row*v.width:(row+1)*v.width])
		}
	}
}

// writeModel writes a model and a copy of its vocabulary to a new folder.
func writeModel(m *model.Model, vocabulary, out string) error {
	if err := m.Save(out); err != nil {
		return err
	}
	text, err := os.ReadFile(vocabulary)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(out, "vocab.txt"), text)
}

// refuseExisting is the rule for every output folder: nothing is overwritten.
func refuseExisting(dir string) error {
	switch _, err := os.Lstat(dir); {
	case dir == "":
		return errors.New("output folder: must be named")
	case err == nil:
		return fmt.Errorf("output folder %s: exists already; name a new one", dir)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// writeFile writes a whole file under a temporary name and renames it.
func writeFile(path string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}

// readLines reads a text file's lines, without their ends.
func readLines(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines []string
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s: empty: want a word a line", path)
	}
	return lines, nil
}
