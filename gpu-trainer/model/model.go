package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Tensor is a named array of float32 in row-major order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// A Model is a configuration and its weights: those of Config.Layout in that order, then what a method added (LoRA
// pairs, ...).
type Model struct {
	Config  Config
	Tensors []Tensor
	Fresh   []string // weights that the file lacked and that were drawn anew by Load
	Ignored []string // tensors of the file that this architecture does not use
}

// New draws a model: weights N(0, initializer_range²), biases 0, normalisation scales 1. Equal seeds give equal bits.
// The configuration must be valid.
func New(c Config, seed uint64) *Model {
	m := &Model{Config: c}
	for _, s := range c.Layout() {
		m.Tensors = append(m.Tensors, c.fresh(s, seed))
	}
	return m
}

func (c Config) fresh(s Spec, seed uint64) Tensor {
	t := Tensor{Name: s.Name, Shape: s.Shape, Data: make([]float32, s.Size())}
	s.fill(t.Data, seed, c.InitializerRange)
	return t
}

// nameSeed derives an independent stream for one tensor.
func nameSeed(seed uint64, name string) [32]byte {
	return sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), name...))
}

// Tensor returns the tensor of the given name, or nil.
func (m *Model) Tensor(name string) *Tensor {
	for i := range m.Tensors {
		if m.Tensors[i].Name == name {
			return &m.Tensors[i]
		}
	}
	return nil
}

// Set replaces the tensor of the same name or adds a new one at the end.
func (m *Model) Set(t Tensor) {
	if old := m.Tensor(t.Name); old != nil {
		*old = t
		return
	}
	m.Tensors = append(m.Tensors, t)
}

// Validate checks the configuration and the name and shape of every weight.
func (m *Model) Validate() error {
	if err := m.Config.Validate(); err != nil {
		return err
	}
	for _, s := range m.Config.Layout() {
		t := m.Tensor(s.Name)
		if t == nil {
			return fmt.Errorf("weight %s: missing, want shape %v", s.Name, s.Shape)
		}
		if err := t.hasShape(s.Shape); err != nil {
			return err
		}
	}
	return nil
}

func (t Tensor) hasShape(want []int) error {
	if fmt.Sprint(t.Shape) != fmt.Sprint(want) {
		return fmt.Errorf("weight %s: shape %v, want %v", t.Name, t.Shape, want)
	}
	if len(t.Data) != (Spec{Shape: want}).Size() {
		return fmt.Errorf("weight %s: %d numbers, want shape %v", t.Name, len(t.Data), want)
	}
	return nil
}

// SetLabels gives the model a head for the given number of classes. A head of that size stays as it is; another one is
// drawn anew from the seed.
func (m *Model) SetLabels(labels int, seed uint64) {
	if m.Config.NumLabels == labels {
		return
	}
	m.Config.NumLabels, m.Config.LabelNames = labels, nil
	for _, s := range m.Config.Layout() {
		if isHead(s.Name) {
			m.Set(m.Config.fresh(s, seed))
		}
	}
}

// Reseed draws the weights that Load found missing again, from the given seed.
func (m *Model) Reseed(seed uint64) {
	missing := map[string]bool{}
	for _, name := range m.Fresh {
		missing[name] = true
	}
	for _, s := range m.Config.Layout() {
		if missing[s.Name] {
			m.Set(m.Config.fresh(s, seed))
		}
	}
}

// Load reads config.json and model.safetensors from a folder in the Hugging Face layout. A file of the bare encoder
// (names without the "bert." or "roberta." prefix) is accepted; a missing pooler or head is drawn anew and listed in
// Fresh.
func Load(dir string) (*Model, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "model.safetensors")
	stored, err := ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	m, err := fromTensors(c, stored)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func fromTensors(c Config, stored []Tensor) (*Model, error) {
	found := map[string]Tensor{}
	for _, t := range stored {
		t.Name = c.canonical(t.Name)
		found[t.Name] = t
	}
	m := &Model{Config: c}
	for _, s := range c.Layout() {
		t, ok := found[s.Name]
		switch {
		case ok:
			if err := t.hasShape(s.Shape); err != nil {
				return nil, err
			}
		case isHead(s.Name) || isPooler(s.Name):
			t = c.fresh(s, 0)
			m.Fresh = append(m.Fresh, s.Name)
		default:
			return nil, fmt.Errorf("weight %s: missing, want shape %v", s.Name, s.Shape)
		}
		delete(found, s.Name)
		m.Tensors = append(m.Tensors, t)
	}
	m.takeRest(c, stored, found)
	return m, nil
}

// takeRest keeps what an adaptation method stored beside the weights and lists the rest as ignored, in the file's
// order.
func (m *Model) takeRest(c Config, stored []Tensor, left map[string]Tensor) {
	for _, s := range stored {
		t, ok := left[c.canonical(s.Name)]
		switch {
		case !ok:
		case isAdded(t.Name):
			m.Tensors = append(m.Tensors, t)
		default:
			m.Ignored = append(m.Ignored, s.Name)
		}
	}
}

// canonical maps the spellings that files use to the names of Layout.
func (c Config) canonical(name string) string {
	name = strings.Replace(name, "LayerNorm.gamma", "LayerNorm.weight", 1)
	name = strings.Replace(name, "LayerNorm.beta", "LayerNorm.bias", 1)
	for _, part := range []string{"embeddings.", "encoder.", "pooler."} {
		if strings.HasPrefix(name, part) {
			return c.ModelType + "." + name
		}
	}
	return name
}

// Save writes config.json and model.safetensors into dir, which it makes if need be. Each file is written under a
// temporary name and renamed when it is whole.
func (m *Model) Save(dir string) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m.Config, "", "  ")
	if err != nil {
		return err
	}
	if err := WriteSafetensors(filepath.Join(dir, "model.safetensors"), m.Tensors); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "config.json"), append(text, '\n'))
}

// writeFile replaces path by data in one step.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails, harmlessly, once renamed
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(0o644)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
