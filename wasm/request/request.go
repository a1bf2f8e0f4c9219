// Package request answers accounting questions given as JSON, in the field names of the ewtune command line: the way into
// the whole accountant from JavaScript.
//
// A request is one object: command (epsilon, delta or noise), the plan as phases or as sampling_rate, noise_multiplier and
// steps, delta, epsilon, and optionally accountant (certified, edgeworth, edgeworth-interval, rdp, gdp, pld), order, adjacency and sampler. The
// answer is what `ewtune COMMAND --json` prints, or {"error": …}.
package request

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant"
)

// question is what a request holds.
type question struct {
	Command         string  `json:"command"`
	SamplingRate    float64 `json:"sampling_rate"`
	NoiseMultiplier float64 `json:"noise_multiplier"`
	Steps           int64   `json:"steps"`
	Delta           float64 `json:"delta"`
	Epsilon         float64 `json:"epsilon"`
	Accountant      string  `json:"accountant"`
	Order           int     `json:"order"`
	accountant.Plan         // phases, sampler, adjacency, …
}

// interval prints infinite ends as null, which JSON has no number for.
type interval struct{ Lower, Estimate, Upper *float64 }

func (i interval) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]*float64{"lower": i.Lower, "estimate": i.Estimate, "upper": i.Upper})
}

func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

func printed(x accountant.Interval) interval {
	return interval{finite(x.Lower), finite(x.Estimate), finite(x.Upper)}
}

// Answer answers one request. It never fails: a bad request gives {"error": …}.
func Answer(request []byte) []byte {
	var q question
	err := json.Unmarshal(request, &q)
	var answer map[string]any
	if err == nil {
		answer, err = q.answer()
	}
	if err != nil {
		answer = map[string]any{"error": err.Error()}
	}
	out, err := json.Marshal(answer)
	if err != nil {
		return []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	return out
}

func (q *question) answer() (map[string]any, error) {
	switch q.Command {
	case "epsilon":
		r, err := q.epsilon()
		return q.report(r, "epsilon", r.Epsilon), err
	case "delta":
		r, err := accountant.Delta(q.plan(), q.Epsilon)
		return q.report(r, "delta", r.Delta), err
	case "noise":
		sigma, err := accountant.NoiseMultiplier(q.SamplingRate, q.Steps, q.Epsilon, q.Delta)
		if err != nil {
			return nil, err
		}
		q.NoiseMultiplier = sigma
		r, err := q.epsilon()
		answer := q.report(r, "epsilon", r.Epsilon)
		answer["noise_multiplier"] = sigma
		return answer, err
	}
	return nil, fmt.Errorf("command %q: must be epsilon, delta or noise", q.Command)
}

// plan is the request's own list of phases, or the one that its fields describe.
func (q *question) plan() accountant.Plan {
	p := q.Plan
	if p.Phases == nil {
		p.Phases = accountant.Homogeneous(q.SamplingRate, q.NoiseMultiplier, q.Steps).Phases
	}
	return p
}

func (q *question) epsilon() (accountant.Result, error) {
	switch q.Accountant {
	case "", "certified":
		return accountant.Epsilon(q.plan(), q.Delta)
	case "edgeworth":
		return accountant.Edgeworth(q.plan(), q.Delta, max(1, q.Order))
	case "rdp":
		return accountant.RDP(q.plan(), q.Delta)
	case "gdp":
		return accountant.GDP(q.plan(), q.Delta)
	case "edgeworth-interval":
		return accountant.EdgeworthInterval(q.plan(), q.Delta, accountant.PublishedBound)
	case "pld":
		return accountant.PLD(q.plan(), q.Delta)
	}
	return accountant.Result{}, fmt.Errorf("accountant %q: must be certified, edgeworth, edgeworth-interval, rdp, gdp or pld", q.Accountant)
}

func (q *question) report(r accountant.Result, name string, worst accountant.Interval) map[string]any {
	answer := map[string]any{
		name: printed(worst), "method": r.Method, "adjacency": r.Adjacency, "sampler": r.Sampler,
		"directions": map[string]interval{"remove": printed(r.Remove), "add": printed(r.Add)}, "warnings": r.Warnings,
	}
	if name == "epsilon" {
		answer["delta"] = q.Delta
	}
	return answer
}
