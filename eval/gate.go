package eval

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// States of a gate.
const (
	Pass         = "pass"
	Fail         = "fail"
	Inconclusive = "inconclusive" // the data cannot tell
)

// Gates are the conditions that a report must meet; the keys of gates.yaml. A zero value asks for nothing, except
// that the privacy of every private run must stand: see [Gates.Check].
type Gates struct {
	MaxEpsilon    float64             `yaml:"max_epsilon" json:"max_epsilon,omitempty"` // of the certified upper end
	MaxDelta      float64             `yaml:"max_delta" json:"max_delta,omitempty"`
	MinAccuracy   float64             `yaml:"min_accuracy" json:"min_accuracy,omitempty"`     // share of rows, every task
	Tasks         map[string]TaskGate `yaml:"tasks" json:"tasks,omitempty"`                   // by task, before MinAccuracy
	AboveMajority bool                `yaml:"above_majority" json:"above_majority,omitempty"` // better than the most frequent label
	NoRegression  string              `yaml:"no_regression" json:"no_regression,omitempty"`   // path of the baseline report; "" asks for no comparison
	Margin        float64             `yaml:"margin" json:"margin,omitempty"`                 // largest drop that is accepted, share of rows
	MaxAudit      float64             `yaml:"max_audit" json:"max_audit,omitempty"`           // of the audited lower bound
}

// TaskGate are the conditions of one task.
type TaskGate struct {
	MinAccuracy float64 `yaml:"min_accuracy" json:"min_accuracy,omitempty"`
	MinF1       float64 `yaml:"min_f1" json:"min_f1,omitempty"`
}

// GateResult is one decision with its reason in a sentence.
type GateResult struct {
	Gate    string `json:"gate"`
	Subject string `json:"subject"` // run, and split where one is meant
	State   string `json:"state"`   // Pass, Fail or Inconclusive
	Why     string `json:"why"`
}

// Validate refuses conditions that no report could meet or miss.
func (g *Gates) Validate() error {
	for name, share := range map[string]float64{"min_accuracy": g.MinAccuracy, "margin": g.Margin} {
		if !(share >= 0 && share < 1) {
			return fmt.Errorf("%s %v: a share of rows, in [0, 1); 82 %% is 0.82", name, share)
		}
	}
	for name, value := range map[string]float64{"max_epsilon": g.MaxEpsilon, "max_delta": g.MaxDelta, "max_audit": g.MaxAudit} {
		if !(value >= 0) || math.IsInf(value, 0) {
			return fmt.Errorf("%s %v: must be positive and finite", name, value)
		}
	}
	for _, task := range slices.Sorted(maps.Keys(g.Tasks)) {
		gate := g.Tasks[task]
		if !(gate.MinAccuracy >= 0 && gate.MinAccuracy < 1 && gate.MinF1 >= 0 && gate.MinF1 < 1) {
			return fmt.Errorf("tasks.%s: min_accuracy and min_f1 are shares in [0, 1)", task)
		}
	}
	return nil
}

// Check decides every gate. baseline is the comparison of an earlier report with this one; it is needed for
// NoRegression alone and may else be nil.
//
// Whatever is asked, each private run must have its guarantee: what was executed equals what was priced, the noise
// cannot be computed by others, delta is below 1/N, a second accountant agrees, and no audit contradicts it.
func (g *Gates) Check(report *Report, baseline *Comparison) ([]GateResult, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if g.NoRegression != "" && baseline == nil {
		return nil, errors.New("no_regression: needs a baseline report to compare with")
	}
	var results []GateResult
	for i := range report.Runs {
		run := &report.Runs[i]
		results = append(results, g.privacy(run)...)
		results = append(results, g.utility(run)...)
	}
	if g.NoRegression != "" {
		results = append(results, g.regression(baseline)...)
	}
	return results, nil
}

// WorstState is Fail if any gate failed, else Inconclusive if any is, else Pass.
func WorstState(results []GateResult) string {
	worst := Pass
	for _, r := range results {
		if r.State == Fail {
			return Fail
		}
		if r.State == Inconclusive {
			worst = Inconclusive
		}
	}
	return worst
}

func (g *Gates) privacy(run *RunReport) []GateResult {
	p := run.Privacy
	if p == nil {
		return nil
	}
	name := run.Run.Name
	var results []GateResult
	for _, a := range p.Assumptions {
		if a.State != NotCovered {
			results = append(results, GateResult{a.Name, name, passIf(a.State == Holds), a.Why})
		}
	}
	if g.MaxEpsilon > 0 {
		why := fmt.Sprintf("certified epsilon %s at delta %g, budget %g", FormatInterval(p.Epsilon), p.Delta, g.MaxEpsilon)
		results = append(results, GateResult{"max epsilon", name, passIf(p.Epsilon.Upper <= g.MaxEpsilon && p.Guarantee), why})
	}
	if g.MaxDelta > 0 {
		results = append(results, GateResult{"max delta", name, passIf(p.Delta <= g.MaxDelta), fmt.Sprintf("delta %g, at most %g", p.Delta, g.MaxDelta)})
	}
	return append(results, g.audited(run)...)
}

func (g *Gates) audited(run *RunReport) []GateResult {
	name := run.Run.Name
	if len(run.Audits) == 0 && g.MaxAudit > 0 {
		return []GateResult{{"max audit", name, Inconclusive, "the run was not audited"}}
	}
	var results []GateResult
	for i := range run.Audits {
		audit := &run.Audits[i]
		results = append(results, GateResult{"audit agrees", name, passIf(!audit.refutes(run.Privacy)),
			fmt.Sprintf("%s canaries: audited lower bound %.3f at delta %g, certified upper epsilon %s", audit.Kind, audit.Lower, audit.Delta, FormatUpper(run.Privacy.Epsilon.Upper))})
		if g.MaxAudit > 0 {
			why := fmt.Sprintf("%s canaries: audited lower bound %.3f (%d of %d guesses right), at most %g", audit.Kind, audit.Lower, audit.Correct, audit.Guesses, g.MaxAudit)
			results = append(results, GateResult{"max audit", name, passIf(audit.Lower <= g.MaxAudit), why})
		}
	}
	return results
}

func (g *Gates) utility(run *RunReport) []GateResult {
	var results []GateResult
	task := g.Tasks[run.Run.Task]
	least := task.MinAccuracy
	if least == 0 {
		least = g.MinAccuracy
	}
	for _, split := range run.Splits {
		subject, m := run.Run.Name+" "+split.Split, split.Metrics
		if least > 0 {
			results = append(results, above("min accuracy", subject, "accuracy", m.Accuracy, least))
		}
		if task.MinF1 > 0 && m.F1 != nil {
			results = append(results, above("min F1", subject, "F1", *m.F1, task.MinF1))
		}
		if g.AboveMajority {
			results = append(results, above("above majority", subject, "accuracy", m.Accuracy, m.Majority.Accuracy))
		}
	}
	return results
}

// above passes when the whole interval reaches the least value, fails when none of it does.
func above(gate, subject, what string, e Estimate, least float64) GateResult {
	state := Inconclusive
	switch {
	case e.Lower >= least:
		state = Pass
	case e.Upper < least:
		state = Fail
	}
	why := fmt.Sprintf("%s %.4f, 95 %% interval [%.4f, %.4f], at least %.4f", what, e.Value, e.Lower, e.Upper, least)
	return GateResult{gate, subject, state, why}
}

// regression fails where McNemar's test shows a drop and the drop exceeds the margin; it passes where the interval of
// the difference excludes a drop beyond the margin, or no row was lost. What one report has alone is inconclusive: a run that was
// renamed or left out must not pass unseen.
func (g *Gates) regression(c *Comparison) []GateResult {
	var results []GateResult
	for _, pair := range c.Pairs {
		state := Inconclusive
		switch {
		case pair.Lost == 0 || pair.Difference.Lower >= -g.Margin:
			state = Pass
		case pair.PDropHolm <= Level && pair.Difference.Value < -g.Margin:
			state = Fail
		}
		why := fmt.Sprintf("accuracy changed by %+.2f points, 95 %% interval [%+.2f, %+.2f], p(drop) %.3g, margin %.2f; a drop under %.2f points cannot be seen on %d rows",
			100*pair.Difference.Value, 100*pair.Difference.Lower, 100*pair.Difference.Upper, pair.PDropHolm, 100*g.Margin, 100*pair.Visible, pair.Rows)
		results = append(results, GateResult{"no regression", pair.New + " " + pair.Split, state, why})
	}
	for _, alone := range c.Unpaired {
		why := "not in the baseline: there is nothing to compare it with"
		if alone.In == "old" {
			why = "in the baseline, and not in this report"
		}
		results = append(results, GateResult{"no regression", strings.TrimSpace(alone.Run + " " + alone.Split), Inconclusive, why})
	}
	return results
}

func passIf(condition bool) string {
	if condition {
		return Pass
	}
	return Fail
}
