package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// A Spec is the name and shape of one weight and how a fresh one starts.
type Spec struct {
	Name  string
	Shape []int
	Init  Init
}

// Init is how a fresh tensor starts.
type Init int

const (
	InitZero    Init = iota // biases
	InitOne                 // scales of layer normalisation
	InitNormal              // N(0, initializer_range²)
	InitUniform             // uniform in ±1/√in: the matrices that LoRA and adapters multiply the input by
)

// Size is the number of numbers in the tensor.
func (s Spec) Size() int {
	size := 1
	for _, d := range s.Shape {
		size *= d
	}
	return size
}

// layout collects the weights of a model in the order of Hugging Face.
type layout struct {
	specs []Spec
}

func (l *layout) add(init Init, name string, shape ...int) {
	l.specs = append(l.specs, Spec{Name: name, Shape: shape, Init: init})
}

func (l *layout) linear(name string, out, in int) {
	l.add(InitNormal, name+".weight", out, in)
	l.add(InitZero, name+".bias", out)
}

func (l *layout) norm(name string, width int) {
	l.add(InitOne, name+".weight", width)
	l.add(InitZero, name+".bias", width)
}

// Layout lists the weights of a sequence classifier in the order of Hugging Face: embeddings, layers, pooler (BERT),
// head.
func (c Config) Layout() []Spec {
	var l layout
	h := c.HiddenSize
	l.add(InitNormal, c.WordTable(), c.VocabSize, h)
	l.add(InitNormal, c.embedding("position_embeddings.weight"), c.MaxPositions, h)
	l.add(InitNormal, c.embedding("token_type_embeddings.weight"), c.TypeVocabSize, h)
	l.norm(c.embedding("LayerNorm"), h)
	for i := range c.Layers {
		c.layerLayout(&l, i)
	}
	c.headLayout(&l)
	return l.specs
}

func (c Config) layerLayout(l *layout, i int) {
	h, f := c.HiddenSize, c.IntermediateSize
	for _, name := range []string{"query", "key", "value"} {
		l.linear(c.layer(i, "attention.self."+name), h, h)
	}
	l.linear(c.layer(i, "attention.output.dense"), h, h)
	l.norm(c.layer(i, "attention.output.LayerNorm"), h)
	l.linear(c.layer(i, "intermediate.dense"), f, h)
	l.linear(c.layer(i, "output.dense"), h, f)
	l.norm(c.layer(i, "output.LayerNorm"), h)
}

func (c Config) headLayout(l *layout) {
	h := c.HiddenSize
	if c.ModelType == BERT {
		l.linear("bert.pooler.dense", h, h)
		l.linear("classifier", c.NumLabels, h)
		return
	}
	l.linear("classifier.dense", h, h)
	l.linear("classifier.out_proj", c.NumLabels, h)
}

// WordTable names the embeddings of the vocabulary.
func (c Config) WordTable() string { return c.embedding("word_embeddings.weight") }

func (c Config) embedding(name string) string { return c.ModelType + ".embeddings." + name }

func (c Config) layer(i int, name string) string {
	return fmt.Sprintf("%s.encoder.layer.%d.%s", c.ModelType, i, name)
}

// isHead tells whether a weight belongs to the classification head, which every method trains.
func isHead(name string) bool { return strings.HasPrefix(name, "classifier.") }

// isPooler tells whether a weight belongs to BERT's pooler.
func isPooler(name string) bool { return strings.Contains(name, ".pooler.") }

// fill gives data its fresh values; the numbers depend on the seed and the name alone.
func (s Spec) fill(data []float32, seed uint64, std float64) {
	switch s.Init {
	case InitOne:
		for i := range data {
			data[i] = 1
		}
	case InitNormal:
		r := rand.New(rand.NewChaCha8(nameSeed(seed, s.Name)))
		for i := range data {
			data[i] = float32(std * r.NormFloat64())
		}
	case InitUniform:
		r := rand.New(rand.NewChaCha8(nameSeed(seed, s.Name)))
		bound := 1 / math.Sqrt(float64(s.Shape[len(s.Shape)-1]))
		for i := range data {
			data[i] = float32(bound * (2*r.Float64() - 1))
		}
	default:
		clear(data)
	}
}
