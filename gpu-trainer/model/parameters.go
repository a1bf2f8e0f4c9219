package model

import (
	"fmt"
	"strings"
)

// Parameters lists every weight that a method needs, those of Layout and what the method adds, in the order of
// Hugging Face: what is added to a module stands behind it.
func (c Config) Parameters(m Method) []Spec {
	m = m.WithDefaults()
	var specs []Spec
	for _, s := range c.Layout() {
		if m.Kind == Prompt && isHead(s.Name) && !isHead(lastName(specs)) {
			specs = append(specs, Spec{Name: c.prompt(), Shape: []int{m.Rank, c.HiddenSize}, Init: InitNormal})
		}
		specs = append(specs, s)
		if module, ok := strings.CutSuffix(s.Name, ".bias"); ok {
			specs = append(specs, c.added(m, module)...)
		}
	}
	return specs
}

func lastName(specs []Spec) string {
	if len(specs) == 0 {
		return ""
	}
	return specs[len(specs)-1].Name
}

func (c Config) prompt() string { return c.ModelType + ".prompt_embeddings.weight" }

// added lists what a method puts behind one linear module.
func (c Config) added(m Method, module string) []Spec {
	out, in := c.moduleShape(module)
	switch {
	case m.targets(c, module):
		return []Spec{
			{Name: module + ".lora_A.weight", Shape: []int{m.Rank, in}, Init: InitUniform},
			{Name: module + ".lora_B.weight", Shape: []int{out, m.Rank}, Init: InitZero},
		}
	case m.Kind == Adapter && !m.frozen(c, module) && strings.Contains(module, ".layer.") && strings.HasSuffix(module, ".output.dense"):
		return []Spec{
			{Name: module + ".adapter_down.weight", Shape: []int{m.Rank, out}, Init: InitUniform},
			{Name: module + ".adapter_down.bias", Shape: []int{m.Rank}, Init: InitZero},
			{Name: module + ".adapter_up.weight", Shape: []int{out, m.Rank}, Init: InitZero},
			{Name: module + ".adapter_up.bias", Shape: []int{out}, Init: InitZero},
		}
	}
	return nil
}

// moduleShape is the [out, in] of a linear module of a layer.
func (c Config) moduleShape(module string) (out, in int) {
	switch {
	case strings.HasSuffix(module, ".intermediate.dense"):
		return c.IntermediateSize, c.HiddenSize
	case strings.HasSuffix(module, ".output.dense") && !strings.HasSuffix(module, ".attention.output.dense"):
		return c.HiddenSize, c.IntermediateSize
	}
	return c.HiddenSize, c.HiddenSize
}

// Trains tells whether a method steps the weight of the given name in a model of the given configuration.
func (m Method) Trains(c Config, name string) bool {
	return m.releases(c, name) || m.Kind == RGP && isMatrix(name) && !m.frozen(c, name)
}

// releases tells whether a method forms the gradient of a weight as it stands. RGP does so for the head only: the
// encoder's matrices get theirs from carriers.
func (m Method) releases(c Config, name string) bool {
	switch {
	case m.frozen(c, name):
		return false
	case m.LinearHead && strings.HasPrefix(name, "classifier.dense."):
		return false
	case m.Kind == Full || m.Kind == "" || isHead(name) || isAdded(name):
		return true
	case m.TrainPooler && isPooler(name):
		return !m.LinearHead
	case m.Kind == BitFit:
		return strings.HasSuffix(name, ".bias")
	}
	return false
}

// isMatrix tells whether a weight is one of the six matrices of an encoder layer.
func isMatrix(name string) bool {
	return strings.Contains(name, ".encoder.layer.") && strings.HasSuffix(name, ".weight") && !strings.Contains(name, "LayerNorm") && !isAdded(name)
}

// Complete returns the weights of Parameters in order: those of the model, and fresh ones, drawn from m.Seed, for
// what the method adds. What another method added to the model must not be lost in silence: it is an error.
func (mod *Model) Complete(m Method) ([]Tensor, error) {
	var tensors []Tensor
	taken := map[string]bool{}
	for _, s := range mod.Config.Parameters(m) {
		taken[s.Name] = true
		t := mod.Tensor(s.Name)
		if t == nil {
			fresh := mod.Config.fresh(s, m.Seed)
			t = &fresh
		}
		if err := t.hasShape(s.Shape); err != nil {
			return nil, err
		}
		tensors = append(tensors, *t)
	}
	for _, t := range mod.Tensors {
		if !taken[t.Name] {
			return nil, fmt.Errorf("weight %s of shape %v: method %s (rank %d) does not use it", t.Name, t.Shape, m.WithDefaults().Kind, m.WithDefaults().Rank)
		}
	}
	return tensors, nil
}
