package model

import (
	"fmt"
	"slices"
	"strings"
)

// Merge returns a model without LoRA pairs that computes the same: each adapted matrix becomes W + (alpha/rank) B A.
// The method is the one that the pairs were trained by. The sums are rounded to float32.
func (m *Model) Merge(method Method) (*Model, error) {
	method = method.WithDefaults()
	if method.Kind != LoRA {
		return nil, fmt.Errorf("method %s: only lora can be merged", method.Kind)
	}
	merged := &Model{Config: m.Config}
	for _, s := range m.Config.Layout() {
		t := m.Tensor(s.Name)
		if t == nil {
			return nil, fmt.Errorf("weight %s: missing, want shape %v", s.Name, s.Shape)
		}
		merged.Tensors = append(merged.Tensors, Tensor{Name: t.Name, Shape: t.Shape, Data: slices.Clone(t.Data)})
	}
	for _, a := range m.Tensors {
		if module, ok := strings.CutSuffix(a.Name, ".lora_A.weight"); ok {
			if err := merged.addPair(module, a, m.Tensor(module+".lora_B.weight"), method); err != nil {
				return nil, err
			}
		}
	}
	return merged, nil
}

// addPair adds (alpha/rank) B A to the matrix of a module.
func (m *Model) addPair(module string, a Tensor, b *Tensor, method Method) error {
	w := m.Tensor(module + ".weight")
	if w == nil || b == nil || a.Shape[0] != method.Rank || b.Shape[1] != method.Rank || w.Shape[0] != b.Shape[0] || w.Shape[1] != a.Shape[1] {
		return fmt.Errorf("pair of %s: does not fit rank %d and the module's matrix", module, method.Rank)
	}
	scale, in := method.Alpha/float64(method.Rank), w.Shape[1]
	for i := range w.Data {
		sum := 0.0
		for r := range method.Rank {
			sum += float64(b.Data[i/in*method.Rank+r]) * float64(a.Data[r*in+i%in])
		}
		w.Data[i] = float32(float64(w.Data[i]) + scale*sum)
	}
	return nil
}
