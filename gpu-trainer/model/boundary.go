package model

import (
	"fmt"
	"slices"
	"strings"
)

// Boundaries behind the whole encoder.
const (
	BoundaryPooled = "pooled" // what PoolCLS or PoolMean yields
	BoundaryPooler = "pooler" // what BERT's frozen pooler makes of that
)

// A Boundary is the place behind which a method's trained weights begin. What a model yields there is a function of
// one example and of weights that stay as they are, so it can be computed once and kept.
type Boundary struct {
	Name   string // layer.N (behind N layers), BoundaryPooled or BoundaryPooler
	Layers int    // layers before it; in a model without one, or with none that is worth it, -1
}

// Pooled tells whether the prefix yields one vector for each example, [examples, hidden], and not one for each token,
// [tokens, hidden].
func (b Boundary) Pooled() bool { return b.Name == BoundaryPooled || b.Name == BoundaryPooler }

// Boundary is where the frozen prefix of a model ends under a method. ok is false unless whole layers are frozen from
// the embeddings on: method Head, or Method.TrainLayers below the number of layers.
func (c Config) Boundary(m Method) (b Boundary, ok bool) {
	m = m.WithDefaults()
	switch {
	case m.Kind == Head && c.ModelType == BERT && !m.TrainPooler && !m.LinearHead:
		return Boundary{BoundaryPooler, c.Layers}, true
	case m.Kind == Head:
		return Boundary{BoundaryPooled, c.Layers}, true
	case m.firstLayer(c) > 0:
		return Boundary{fmt.Sprintf("layer.%d", m.firstLayer(c)), m.firstLayer(c)}, true
	}
	return Boundary{Layers: -1}, false
}

// Prefix lists the tensors of a model that lie before a boundary.
func (m *Model) Prefix(b Boundary) []Tensor {
	var list []Tensor
	for _, t := range m.Tensors {
		number, inside := layerNumber(t.Name)
		switch {
		case inside && number < b.Layers, strings.Contains(t.Name, ".embeddings."), isPooler(t.Name) && b.Name == BoundaryPooler:
			list = append(list, t)
		}
	}
	return list
}

// firstLayer is the number of the first layer that is not frozen by TrainLayers.
func (m Method) firstLayer(c Config) int {
	if m.TrainLayers == 0 {
		return 0
	}
	return c.Layers - m.TrainLayers
}

// frozen tells whether TrainLayers keeps the weight or module of the given name as it is.
func (m Method) frozen(c Config, name string) bool {
	if m.TrainLayers == 0 {
		return false
	}
	number, inside := layerNumber(name)
	return inside && number < m.firstLayer(c) || strings.Contains(name, ".embeddings.")
}

// layerNumber is the N of a name with ".layer.N." in it.
func layerNumber(name string) (number int, inside bool) {
	_, rest, found := strings.Cut(name, ".encoder.layer.")
	if !found {
		return 0, false
	}
	n, _ := fmt.Sscanf(rest, "%d.", &number)
	return number, n == 1
}

func (m Method) validateLayers(c Config) error {
	switch {
	case m.TrainLayers < 0 || m.TrainLayers > c.Layers:
		return fmt.Errorf("train layers %d: must be in [0, the model's %d layers]", m.TrainLayers, c.Layers)
	case m.TrainLayers > 0 && slices.Contains([]string{Head, Prompt}, m.Kind):
		return fmt.Errorf("train layers %d: method %s trains no layer", m.TrainLayers, m.Kind)
	}
	return nil
}
