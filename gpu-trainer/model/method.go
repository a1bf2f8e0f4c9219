package model

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds of Method.
const (
	Full    = "full"    // every weight, embeddings included
	LoRA    = "lora"    // low-rank pairs on chosen matrices (Hu et al. 2022) and the head
	BitFit  = "bitfit"  // every bias (Ben Zaken et al. 2022) and the head
	Head    = "head"    // the classification head
	RGP     = "rgp"     // reparametrised gradient perturbation (Yu et al. 2021): low-rank carriers of every encoder matrix, and the head
	Adapter = "adapter" // bottlenecks behind both halves of each layer (Houlsby et al. 2019) and the head
	Prompt  = "prompt"  // vectors before the tokens (Lester et al. 2021) and the head
)

// Matrices that LoRA can adapt, by their names in a layer.
var loraTargets = map[string]string{
	"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
	"attention.output": "attention.output.dense", "intermediate": "intermediate.dense", "output": "output.dense",
}

// A Method says what is trained and how. Zero fields take the values in brackets.
type Method struct {
	Kind        string   `json:"kind"`                   // [full]
	Rank        int      `json:"rank,omitempty"`         // lora [16], rgp [1], adapter: bottleneck [16], prompt: vectors [8]
	Alpha       float64  `json:"alpha,omitempty"`        // lora: the pair is scaled by Alpha/Rank [Rank]
	Targets     []string `json:"targets,omitempty"`      // lora: of query, key, value, attention.output, intermediate, output [query, value]
	TrainLayers int      `json:"train_layers,omitempty"` // only the last so many layers, and the head; not head, prompt [0: all, embeddings included]
	TrainPooler bool     `json:"train_pooler,omitempty"` // BERT, methods that freeze the pooler: train it too
	LinearHead  bool     `json:"linear_head,omitempty"`  // one linear layer on the pooled state (RGP as its authors run it), no inner layer
	CoreMinus   bool     `json:"core_minus,omitempty"`   // rgp: rebuild by the orthogonal projection, not with the authors' sign
	Seed        uint64   `json:"seed,omitempty"`         // draws what the method adds to the model
}

// WithDefaults fills in the zero fields.
func (m Method) WithDefaults() Method {
	if m.Kind == "" {
		m.Kind = Full
	}
	if m.Rank == 0 {
		m.Rank = map[string]int{LoRA: 16, RGP: 1, Adapter: 16, Prompt: 8}[m.Kind]
	}
	if m.Kind == LoRA {
		if m.Alpha == 0 {
			m.Alpha = float64(m.Rank)
		}
		if len(m.Targets) == 0 {
			m.Targets = []string{"query", "value"}
		}
	}
	return m
}

// Validate tells which field breaks its rule for a model of the given configuration.
func (m Method) Validate(c Config) error {
	m = m.WithDefaults()
	if err := m.validateLayers(c); err != nil {
		return err
	}
	switch m.Kind {
	case Full, BitFit, Head:
		return nil
	case LoRA, RGP:
		if m.Rank < 1 || m.Rank > c.HiddenSize {
			return fmt.Errorf("rank %d: must be in [1, hidden_size %d]", m.Rank, c.HiddenSize)
		}
	case Adapter, Prompt:
		if m.Rank < 1 {
			return fmt.Errorf("rank %d: must be at least 1", m.Rank)
		}
	default:
		return fmt.Errorf("method %q: must be full, lora, bitfit, head, rgp, adapter or prompt", m.Kind)
	}
	for _, t := range m.Targets {
		if _, ok := loraTargets[t]; !ok {
			return fmt.Errorf("lora target %q: must be query, key, value, attention.output, intermediate or output", t)
		}
	}
	return nil
}

// targets tells whether LoRA adapts the matrix of the given module, such as bert.encoder.layer.0.attention.self.query.
func (m Method) targets(c Config, module string) bool {
	if m.Kind != LoRA || m.frozen(c, module) {
		return false
	}
	return slices.ContainsFunc(m.Targets, func(t string) bool {
		path := loraTargets[t]
		// "output.dense" must not match "attention.output.dense".
		return strings.HasSuffix(module, "."+path) && (t != "output" || !strings.HasSuffix(module, ".attention.output.dense"))
	})
}

// isAdded tells whether a tensor's name is one that a method adds to a model.
func isAdded(name string) bool {
	for _, part := range []string{".lora_A.", ".lora_B.", ".adapter_", ".prompt_embeddings."} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
