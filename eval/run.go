package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"slices"

	"github.com/ewtune/ewtune/accountant"
)

// RunSchema names the format of run.json.
const RunSchema = "ewtune.run/v1"

// Run is run.json: what one training run says about itself. It states settings only; every result of the report is
// computed from the files that it names.
type Run struct {
	Schema    string    `json:"schema"`
	Name      string    `json:"name"` // unique in a report, e.g. "sst2-certified-lora-0"
	Task      string    `json:"task"`
	Seed      uint64    `json:"seed"`
	Model     Artifact  `json:"model"` // what training started from
	Data      TrainData `json:"data"`
	Method    Method    `json:"method"`
	Optimizer Optimizer `json:"optimizer"`
	Training  Training  `json:"training"`
	Privacy   *Claim    `json:"privacy,omitempty"`  // nil: trained without privacy
	Baseline  string    `json:"baseline,omitempty"` // name of the run without privacy to stand beside this one
	Files     RunFiles  `json:"files"`
}

// Artifact is a named thing and the SHA-256 of its bytes.
type Artifact struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

// TrainData is the data that training drew from.
type TrainData struct {
	Name   string `json:"name"`
	Hash   string `json:"hash"` // SHA-256 of the manifest of the prepared shards
	Rows   int64  `json:"rows"`
	Public bool   `json:"public"` // nobody's privacy depends on it: what was measured on it may be shown freely
}

// Method is how the model was adapted.
type Method struct {
	Kind        string  `json:"kind"` // full, lora, bitfit, head, rgp, adapter, ...
	Rank        int     `json:"rank,omitempty"`
	Alpha       float64 `json:"alpha,omitempty"`
	TrainLayers int     `json:"train_layers,omitempty"` // only the last so many of the encoder; 0: all that the method trains
	Released    int     `json:"released"`               // numbers a step that are clipped, summed and noised
	Trained     int     `json:"trained"`                // numbers that the optimiser steps
}

// Optimizer is the rule that steps the weights.
type Optimizer struct {
	Kind         string  `json:"kind"` // adamw, adam, sgd, ...
	LearningRate float64 `json:"learning_rate"`
	Schedule     string  `json:"schedule"` // constant, linear to 0 over 4000, ...
	WeightDecay  float64 `json:"weight_decay"`
}

// Training is the shape of the loop.
type Training struct {
	ExpectedBatchSize float64 `json:"expected_batch_size"`
	Epochs            float64 `json:"epochs"`
	MaxLength         int     `json:"max_length"` // tokens
	Precision         string  `json:"precision"`
	Device            string  `json:"device"`
	Seconds           float64 `json:"seconds"` // wall clock of training, 0 where it was not measured
}

// Claim is what was promised before training: the budget, who set the noise, and the plan that was priced.
type Claim struct {
	Accountant   string          `json:"accountant"` // certified, edgeworth, rdp, gdp, pld
	Epsilon      float64         `json:"epsilon"`
	Delta        float64         `json:"delta"`
	Plan         accountant.Plan `json:"plan"`
	ClippingNorm float64         `json:"clipping_norm"`
	ClippingMode string          `json:"clipping_mode"` // flat, automatic, per-layer
	Trials       int             `json:"trials"`        // runs on this data of which this one was chosen; 0 and 1: no tuning
}

// RunFiles are paths relative to run.json.
type RunFiles struct {
	Predictions []string `json:"predictions"`
	Ledger      string   `json:"ledger,omitempty"` // the privacy ledger
	Steps       string   `json:"steps,omitempty"`  // measurements by step
	Audits      []string `json:"audits,omitempty"` // canaries, see [ReadCanaries]
}

// ReadRun decodes run.json and checks it. name is used in errors.
func ReadRun(text []byte, name string) (*Run, error) {
	var run Run
	if err := json.Unmarshal(text, &run); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := checkSchema(run.Schema, RunSchema); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decodeStrict(text, &run); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := run.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &run, nil
}

func (r *Run) validate() error {
	switch {
	case r.Name == "":
		return fmt.Errorf("name %q: must not be empty", r.Name)
	case r.Task == "":
		return fmt.Errorf("task %q: must not be empty", r.Task)
	case r.Data.Rows < 1:
		return fmt.Errorf("data.rows %d: at least one", r.Data.Rows)
	case len(r.Files.Predictions) == 0:
		return fmt.Errorf("files.predictions: at least one file")
	case (r.Privacy == nil) != (r.Files.Ledger == ""):
		return fmt.Errorf("files.ledger %q: a private run has a privacy ledger, and only a private run", r.Files.Ledger)
	case r.Privacy != nil && !(r.Privacy.Delta > 0 && r.Privacy.Delta < 1):
		return fmt.Errorf("privacy.delta %v: must be in (0, 1)", r.Privacy.Delta)
	case r.Privacy != nil && !(r.Privacy.Epsilon > 0 && !math.IsInf(r.Privacy.Epsilon, 0)):
		return fmt.Errorf("privacy.epsilon %v: must be positive and finite", r.Privacy.Epsilon)
	}
	return r.Files.validate()
}

// validate keeps a run inside its own folder.
func (f *RunFiles) validate() error {
	for _, name := range f.all() {
		if name == "" || path.IsAbs(name) || path.Clean(name) != name || name == ".." || len(name) > 2 && name[:3] == "../" {
			return fmt.Errorf("files %q: must be a clean path below run.json", name)
		}
	}
	return nil
}

func (f *RunFiles) all() []string {
	names := slices.Concat(f.Predictions, f.Audits)
	for _, name := range []string{f.Ledger, f.Steps} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}
