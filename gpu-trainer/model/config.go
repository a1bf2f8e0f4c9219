package model

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Model types of Config.
const (
	BERT    = "bert"
	RoBERTa = "roberta"
)

// Ways of turning the hidden states of an example into one vector.
const (
	PoolCLS  = "cls"  // the hidden state of the first token
	PoolMean = "mean" // the mean over the tokens of the example
)

// Config is a Hugging Face config.json of a BERT or RoBERTa encoder. The key "pooling" is ours: sequence classifiers of
// Hugging Face always read the first token.
type Config struct {
	ModelType        string            `json:"model_type"`
	Architectures    []string          `json:"architectures,omitempty"`
	VocabSize        int               `json:"vocab_size"`
	HiddenSize       int               `json:"hidden_size"`
	Layers           int               `json:"num_hidden_layers"`
	Heads            int               `json:"num_attention_heads"`
	IntermediateSize int               `json:"intermediate_size"`
	MaxPositions     int               `json:"max_position_embeddings"`
	TypeVocabSize    int               `json:"type_vocab_size"`
	LayerNormEps     float64           `json:"layer_norm_eps"`
	HiddenAct        string            `json:"hidden_act"`
	HiddenDropout    float64           `json:"hidden_dropout_prob"`
	AttentionDropout float64           `json:"attention_probs_dropout_prob"`
	InitializerRange float64           `json:"initializer_range"`
	PadTokenID       int               `json:"pad_token_id"`
	NumLabels        int               `json:"num_labels"`
	LabelNames       map[string]string `json:"id2label,omitempty"` // "0" -> name
	PositionType     string            `json:"position_embedding_type,omitempty"`
	Pooling          string            `json:"pooling,omitempty"` // "" is PoolCLS
}

// DefaultConfig is a small encoder of the given type: what New needs beyond it is the vocabulary's size.
func DefaultConfig(modelType string) Config {
	c := Config{
		ModelType: modelType, HiddenSize: 128, Layers: 2, Heads: 2, IntermediateSize: 512, MaxPositions: 512, TypeVocabSize: 2,
		LayerNormEps: 1e-12, HiddenAct: "gelu", HiddenDropout: 0.1, AttentionDropout: 0.1, InitializerRange: 0.02, NumLabels: 2,
		PositionType: "absolute", Architectures: []string{"BertForSequenceClassification"},
	}
	if modelType == RoBERTa {
		c.MaxPositions, c.TypeVocabSize, c.LayerNormEps, c.PadTokenID = 514, 1, 1e-5, 1
		c.Architectures = []string{"RobertaForSequenceClassification"}
	}
	return c
}

// ReadConfig reads DIR/config.json; keys that the file leaves out have the values of DefaultConfig.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("model configuration: %w", err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func parseConfig(data []byte) (Config, error) {
	var probe struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(data, &probe); err != nil {
		return Config{}, err
	}
	c := DefaultConfig(probe.ModelType)
	c.NumLabels = 0
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, err
	}
	if c.NumLabels == 0 {
		c.NumLabels = max(2, len(c.LabelNames))
	}
	return c, c.Validate()
}

// Validate tells which field breaks its rule.
func (c Config) Validate() error {
	if c.ModelType != BERT && c.ModelType != RoBERTa {
		return fmt.Errorf("model_type %q: must be %s or %s", c.ModelType, BERT, RoBERTa)
	}
	sizes := []struct {
		name  string
		value int
	}{
		{"vocab_size", c.VocabSize}, {"hidden_size", c.HiddenSize}, {"num_hidden_layers", c.Layers},
		{"num_attention_heads", c.Heads}, {"intermediate_size", c.IntermediateSize},
		{"max_position_embeddings", c.MaxPositions}, {"type_vocab_size", c.TypeVocabSize},
	}
	for _, s := range sizes {
		if s.value < 1 || s.value > 1<<30 {
			return fmt.Errorf("%s %d: must be in [1, 2^30]", s.name, s.value)
		}
	}
	return c.validateRest()
}

func (c Config) validateRest() error {
	switch {
	case c.HiddenSize%c.Heads != 0:
		return fmt.Errorf("hidden_size %d: must be a multiple of num_attention_heads %d", c.HiddenSize, c.Heads)
	case c.HiddenAct != "gelu":
		return fmt.Errorf("hidden_act %q: must be gelu (the exact form)", c.HiddenAct)
	case c.PositionType != "" && c.PositionType != "absolute":
		return fmt.Errorf("position_embedding_type %q: must be absolute", c.PositionType)
	case !(c.LayerNormEps > 0 && c.LayerNormEps < 1):
		return fmt.Errorf("layer_norm_eps %v: must be in (0, 1)", c.LayerNormEps)
	case c.NumLabels < 2:
		return fmt.Errorf("num_labels %d: must be at least 2", c.NumLabels)
	case c.Pooling != "" && c.Pooling != PoolCLS && c.Pooling != PoolMean:
		return fmt.Errorf("pooling %q: must be %s or %s", c.Pooling, PoolCLS, PoolMean)
	case !(c.HiddenDropout >= 0 && c.HiddenDropout < 1):
		return fmt.Errorf("hidden_dropout_prob %v: must be in [0, 1)", c.HiddenDropout)
	case !(c.AttentionDropout >= 0 && c.AttentionDropout < 1):
		return fmt.Errorf("attention_probs_dropout_prob %v: must be in [0, 1)", c.AttentionDropout)
	}
	return nil
}

// MaxTokens is the longest example that the position embeddings can hold. RoBERTa counts from pad_token_id + 1.
func (c Config) MaxTokens() int {
	if c.ModelType == RoBERTa {
		return c.MaxPositions - c.PadTokenID - 1
	}
	return c.MaxPositions
}
