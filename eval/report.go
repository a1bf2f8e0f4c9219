package eval

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ewtune/ewtune/accountant"
)

// ReportSchema names the format of report.json; schema/report.schema.json describes it.
const ReportSchema = "ewtune.eval/v1"

// Report is report.json: every figure of a run folder, each computed from the files that it lists.
type Report struct {
	Schema   string      `json:"schema"`
	Settings []Setting   `json:"settings"` // runs that differ in the seed alone, together
	Tests    []Contrast  `json:"tests"`    // paired tests between settings over the same seeds
	Runs     []RunReport `json:"runs"`     // by name
	Files    []FileHash  `json:"files"`    // every file that the figures were computed from, by path
}

// FileHash identifies a file by its bytes.
type FileHash struct {
	Path   string `json:"path"` // relative to report.json
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// RunReport holds the figures of one run.
type RunReport struct {
	Run      Run           `json:"run"`
	Folder   string        `json:"folder"` // of run.json, relative to report.json
	Splits   []SplitReport `json:"splits"`
	Privacy  *Privacy      `json:"privacy,omitempty"`  // nil: trained without privacy
	Baseline *Baseline     `json:"baseline,omitempty"` // the same without privacy
	Curves   *Curves       `json:"curves,omitempty"`
	Audits   []AuditResult `json:"audits,omitempty"`
	Warnings []string      `json:"warnings"`
}

// SplitReport holds the figures of one split of one run.
type SplitReport struct {
	Split   string   `json:"split"`
	File    string   `json:"file"`    // predictions, relative to report.json
	Dataset string   `json:"dataset"` // SHA-256 of the split's data
	Model   string   `json:"model"`   // SHA-256 of the weights that predicted
	Metrics *Metrics `json:"metrics"`
}

// Baseline is a run without privacy on the same splits.
type Baseline struct {
	Run    string          `json:"run"`
	Splits []BaselineSplit `json:"splits"`
}

// BaselineSplit is the baseline's accuracy on one split.
type BaselineSplit struct {
	Split    string   `json:"split"`
	Accuracy Estimate `json:"accuracy"`
}

// Split gives the figures of the named split, or nil.
func (r *RunReport) Split(name string) *SplitReport {
	for i := range r.Splits {
		if r.Splits[i].Split == name {
			return &r.Splits[i]
		}
	}
	return nil
}

// Run gives the run of that name, or nil.
func (r *Report) Run(name string) *RunReport {
	for i := range r.Runs {
		if r.Runs[i].Run.Name == name {
			return &r.Runs[i]
		}
	}
	return nil
}

// JSON encodes the report: the same report gives the same bytes.
func (r *Report) JSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return out.Bytes(), nil
}

// ReadReport decodes a report.json. name is used in errors.
func ReadReport(text []byte, name string) (*Report, error) {
	var named struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(text, &named); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := checkSchema(named.Schema, ReportSchema); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var r Report
	if err := decodeStrict(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &r, nil
}

// Privacy is what the ledger proves about one run, and beside it what other accountants say.
type Privacy struct {
	Epsilon         accountant.Interval  `json:"epsilon"` // certified, the worse of both directions
	Remove          accountant.Interval  `json:"remove"`
	Add             accountant.Interval  `json:"add"`
	Delta           float64              `json:"delta"`
	Adjacency       string               `json:"adjacency"`
	Sampler         string               `json:"sampler"`
	SamplingRate    float64              `json:"sampling_rate"`               // of the first phase
	NoiseMultiplier float64              `json:"noise_multiplier"`            // of the first phase
	Steps           int64                `json:"steps"`                       // executed, of all phases
	Phases          []accountant.Phase   `json:"phases"`                      // executed
	ClippingNorms   *[2]float64          `json:"clipping_norms,omitempty"`    // least and most of the steps, where the clip moved
	Edgeworth       *float64             `json:"edgeworth_order_1,omitempty"` // what the paper's accountant would have printed: an estimate
	RDP             *float64             `json:"rdp,omitempty"`               // upper bound by Rényi DP
	PLD             *accountant.Interval `json:"pld,omitempty"`               // a second certified accountant
	TradeOff        []TradeOffPoint      `json:"trade_off"`
	Mu              *float64             `json:"mu,omitempty"`         // of the Gaussian mechanism that has this epsilon at this delta
	AllTrials       *accountant.Interval `json:"all_trials,omitempty"` // epsilon of releasing every trial of the tuning
	SeedDisclosed   bool                 `json:"seed_disclosed"`       // the noise can be computed and subtracted: no guarantee
	Guarantee       bool                 `json:"guarantee"`            // the epsilon above holds for what was executed
	ClaimHolds      bool                 `json:"claim_holds"`          // and its upper end is within what was claimed
	Assumptions     []Assumption         `json:"assumptions"`

	plan     accountant.Plan // what was executed
	proven   bool            // Epsilon.Upper is a proven bound for the ledger's sampler
	warnings []string        // of the certified accountant
}

// TradeOffPoint bounds any attack: at false positive rate Alpha it misses at least Beta of the members.
type TradeOffPoint struct {
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`
}

// States of an assumption.
const (
	Holds      = "holds"
	Weak       = "is weak"       // the guarantee stands, and is worth less than it looks
	Broken     = "does not hold" // there is no guarantee
	NotCovered = "not covered"
)

// Assumption is something that the guarantee rests on, and whether the run's files bear it out.
type Assumption struct {
	Name  string `json:"name"`
	State string `json:"state"` // Holds, Weak, Broken or NotCovered
	Why   string `json:"why"`
}
