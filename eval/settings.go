package eval

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ewtune/ewtune/accountant"
	"gonum.org/v1/gonum/stat"
)

// Setting is one cell of a matrix of runs: everything but the seed is the same.
type Setting struct {
	Task       string         `json:"task"`
	Method     string         `json:"method"` // kind, and rank where it has one: "lora-16"
	Model      string         `json:"model"`
	Data       string         `json:"data"`
	Rows       int64          `json:"rows"`       // training rows
	Accountant string         `json:"accountant"` // that set the noise; "" without privacy
	Target     float64        `json:"target"`     // epsilon that was asked for; 0 without privacy
	Delta      float64        `json:"delta"`
	Runs       []string       `json:"runs"` // names, by seed
	Splits     []SettingSplit `json:"splits"`
	Privacy    *SettingPrice  `json:"privacy,omitempty"`
}

// SettingPrice is the cost of the run of the setting that spent most.
type SettingPrice struct {
	SamplingRate    float64             `json:"sampling_rate"`
	NoiseMultiplier float64             `json:"noise_multiplier"`
	Steps           int64               `json:"steps"`
	Epsilon         accountant.Interval `json:"epsilon"`                     // certified
	Edgeworth       *float64            `json:"edgeworth_order_1,omitempty"` // an estimate
	Guarantee       bool                `json:"guarantee"`
	ClaimHolds      bool                `json:"claim_holds"`
}

// SettingSplit sums up one split over the seeds.
type SettingSplit struct {
	Split     string    `json:"split"`
	Rows      int       `json:"rows"`
	Accuracy  Estimate  `json:"accuracy"`           // one seed: Wilson's interval over rows; more: Student's over seeds
	Deviation float64   `json:"deviation"`          // standard deviation over seeds; 0 for one seed
	F1        *float64  `json:"f1,omitempty"`       // mean over seeds
	Majority  float64   `json:"majority"`           // accuracy of the most frequent label
	Baseline  *float64  `json:"baseline,omitempty"` // mean accuracy of the same without privacy
	Values    []float64 `json:"values"`             // accuracy by seed, as Runs
}

// Contrast is a paired test over seeds between two settings that differ in the accountant alone.
type Contrast struct {
	Task   string  `json:"task"`
	Method string  `json:"method"`
	Target float64 `json:"target"`
	Split  string  `json:"split"`
	Old    string  `json:"old"` // accountant
	New    string  `json:"new"` // accountant
	SeedTest
	PHolm float64 `json:"p_holm"` // two-sided, adjusted over all contrasts of the report
}

type settingKey struct {
	task, method, model, data, accountant string
	rows                                  int64
	target, delta                         float64
}

func keyOf(r *Run) settingKey {
	k := settingKey{task: r.Task, method: r.Method.String(), model: r.Model.Name, data: r.Data.Hash, rows: r.Data.Rows}
	if r.Privacy != nil {
		k.accountant, k.target, k.delta = r.Privacy.Accountant, r.Privacy.Epsilon, r.Privacy.Delta
	}
	return k
}

// String names the method with its rank, and with the layers that it trains where that is not all.
func (m Method) String() string {
	name := m.Kind
	if m.Rank > 0 {
		name = fmt.Sprintf("%s-%d", m.Kind, m.Rank)
	}
	if m.TrainLayers > 0 {
		name += fmt.Sprintf(" last %d", m.TrainLayers)
	}
	return name
}

// settings groups runs in the order of their first names; inside a setting they stand by seed.
func settings(runs []RunReport) []Setting {
	groups, order := map[settingKey][]*RunReport{}, []settingKey{}
	for i := range runs {
		key := keyOf(&runs[i].Run)
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], &runs[i])
	}
	all := make([]Setting, 0, len(order))
	for _, key := range order {
		all = append(all, newSetting(key, groups[key]))
	}
	return all
}

func newSetting(key settingKey, runs []*RunReport) Setting {
	slices.SortStableFunc(runs, func(a, b *RunReport) int { return cmp.Compare(a.Run.Seed, b.Run.Seed) })
	s := Setting{Task: key.task, Method: key.method, Model: key.model, Data: runs[0].Run.Data.Name, Rows: key.rows,
		Accountant: key.accountant, Target: key.target, Delta: key.delta, Runs: []string{}, Splits: []SettingSplit{}}
	for _, run := range runs {
		s.Runs = append(s.Runs, run.Run.Name)
		s.Privacy = dearer(s.Privacy, run.Privacy)
	}
	for _, split := range runs[0].Splits {
		s.Splits = append(s.Splits, settingSplit(split.Split, runs))
	}
	return s
}

// dearer keeps the price of the run with the higher certified epsilon; a broken guarantee in one run breaks the
// setting's.
func dearer(price *SettingPrice, p *Privacy) *SettingPrice {
	if p == nil {
		return price
	}
	next := &SettingPrice{p.SamplingRate, p.NoiseMultiplier, p.Steps, p.Epsilon, p.Edgeworth, p.Guarantee, p.ClaimHolds}
	if price == nil {
		return next
	}
	if price.Epsilon.Upper >= next.Epsilon.Upper {
		price, next = next, price
	}
	next.Guarantee = next.Guarantee && price.Guarantee
	next.ClaimHolds = next.ClaimHolds && price.ClaimHolds
	return next
}

func settingSplit(name string, runs []*RunReport) SettingSplit {
	s := SettingSplit{Split: name}
	var f1, baseline []float64
	for _, run := range runs {
		split := run.Split(name)
		if split == nil {
			continue
		}
		m := split.Metrics
		s.Rows, s.Majority, s.Accuracy = m.Rows, m.Majority.Accuracy, m.Accuracy
		s.Values = append(s.Values, m.Accuracy.Value)
		if m.F1 != nil {
			f1 = append(f1, m.F1.Value)
		}
		if b := run.baseline(name); b != nil {
			baseline = append(baseline, b.Accuracy.Value)
		}
	}
	if len(s.Values) > 1 {
		s.Accuracy, s.Deviation = MeanEstimate(s.Values), stat.StdDev(s.Values, nil)
	}
	s.F1, s.Baseline = mean(f1), mean(baseline)
	return s
}

func (r *RunReport) baseline(split string) *BaselineSplit {
	if r.Baseline == nil {
		return nil
	}
	for i := range r.Baseline.Splits {
		if r.Baseline.Splits[i].Split == split {
			return &r.Baseline.Splits[i]
		}
	}
	return nil
}

// mean gives nil of no values.
func mean(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	m := stat.Mean(values, nil)
	return &m
}

// contrasts tests every two private settings that differ in the accountant alone, where they share enough seeds.
func contrasts(r *Report) []Contrast {
	all := []Contrast{}
	for i := range r.Settings {
		for j := i + 1; j < len(r.Settings); j++ {
			if differInAccountant(&r.Settings[i], &r.Settings[j]) {
				all = append(all, r.contrast(&r.Settings[i], &r.Settings[j])...)
			}
		}
	}
	p := make([]float64, len(all))
	for i := range all {
		p[i] = all[i].P
	}
	for i, adjusted := range Holm(p) {
		all[i].PHolm = adjusted
	}
	return all
}

func differInAccountant(a, b *Setting) bool {
	return a.Privacy != nil && b.Privacy != nil && a.Accountant != b.Accountant &&
		a.Task == b.Task && a.Method == b.Method && a.Model == b.Model && a.Data == b.Data && a.Rows == b.Rows &&
		a.Target == b.Target && a.Delta == b.Delta
}

func (r *Report) contrast(old, new *Setting) []Contrast {
	var all []Contrast
	for _, split := range old.Splits {
		before, after := r.pairs(old, new, split.Split)
		test, err := TestSeeds(before, after)
		if err != nil {
			continue // too few common seeds: no test, and none is shown
		}
		all = append(all, Contrast{Task: old.Task, Method: old.Method, Target: old.Target, Split: split.Split,
			Old: old.Accountant, New: new.Accountant, SeedTest: test})
	}
	return all
}

// pairs gives the accuracies of the seeds that both settings ran.
func (r *Report) pairs(old, new *Setting, split string) (before, after []float64) {
	for _, a := range old.Runs {
		for _, b := range new.Runs {
			x, y := r.Run(a), r.Run(b)
			if x.Run.Seed != y.Run.Seed || x.Split(split) == nil || y.Split(split) == nil {
				continue
			}
			before = append(before, x.Split(split).Metrics.Accuracy.Value)
			after = append(after, y.Split(split).Metrics.Accuracy.Value)
		}
	}
	return before, after
}
