package cli

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ewtune/ewtune/accountant"
	"github.com/urfave/cli/v2"
)

// answer is the JSON object of an accounting command. Epsilon and delta are an interval where they were asked for and a
// number where they were given.
type answer struct {
	Epsilon         any                  `json:"epsilon"`
	Delta           any                  `json:"delta"`
	Method          string               `json:"method"`
	Guarantee       bool                 `json:"guarantee"`
	Adjacency       string               `json:"adjacency"`
	Sampler         string               `json:"sampler"`
	SamplingRate    float64              `json:"sampling_rate,omitempty"`
	NoiseMultiplier float64              `json:"noise_multiplier,omitempty"`
	Steps           int64                `json:"steps,omitempty"`
	Phases          []accountant.Phase   `json:"phases,omitempty"`
	GroupSize       int                  `json:"group_size,omitempty"`
	Order           float64              `json:"order,omitempty"`
	Directions      directions           `json:"directions"`
	NotValid        *accountant.Interval `json:"not_valid_for_sampler,omitempty"`
	Warnings        []string             `json:"warnings"`
}

type directions struct {
	Remove accountant.Interval `json:"remove"`
	Add    accountant.Interval `json:"add"`
}

// askCommand is a command that answers one question, or with --batch one a line.
func askCommand(asked, usage, example string) *cli.Command {
	flags := append(planFlags(), jsonFlag(), &cli.BoolFlag{Name: "batch", Usage: "read JSON lines on stdin, write one JSON line for each"})
	if asked == "epsilon" || asked == "delta" {
		flags = append(flags, ledgerFlag())
	}
	return &cli.Command{
		Name:        asked,
		Usage:       usage,
		Description: "Example:\n   " + example + "\n\nA certified result encloses the exact value. Edgeworth and GDP are estimates, not guarantees.",
		Flags:       flags,
		Action: func(c *cli.Context) error {
			if err := flagsOnly(c); err != nil {
				return err
			}
			if c.Bool("batch") {
				return answerBatch(c.App.Reader, c.App.Writer, asked)
			}
			q, err := readQuestion(c)
			if err != nil {
				return err
			}
			a, err := q.answer(asked)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, a)
			}
			return a.print(c.App.Writer, asked)
		},
	}
}

// answerBatch answers JSON lines in order. A bad line gives {"error":…}, the others are answered all the same, and the
// end is an error.
func answerBatch(r io.Reader, w io.Writer, asked string) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	bad := 0
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		var value any
		var q question
		err := decodeStrict([]byte(text), &q)
		if err == nil {
			value, err = q.answer(asked)
		}
		if err != nil {
			bad++
			value = map[string]string{"error": err.Error()}
		}
		if err := out.Encode(value); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("batch: %d lines could not be answered", bad)
	}
	return nil
}

// answer prices, or solves and then prices what was found.
func (q *question) answer(asked string) (*answer, error) {
	p, err := q.plan(asked)
	if err != nil {
		return nil, err
	}
	if asked == "epsilon" {
		return q.priced(p)
	}
	if q.Epsilon == nil {
		return nil, missing("epsilon")
	}
	if asked == "delta" {
		return q.deltaOf(p)
	}
	if q.Delta == nil {
		return nil, missing("delta")
	}
	if err := q.solve(asked, &p); err != nil {
		return nil, err
	}
	a, err := q.priced(p)
	if err != nil {
		return nil, err
	}
	switch asked { // all phases have it
	case "noise":
		a.NoiseMultiplier = p.Phases[0].NoiseMultiplier
	case "rate":
		a.SamplingRate = p.Phases[0].SamplingRate
	}
	return a, nil
}

// solve replaces what is asked for in the plan. An estimate sets nothing.
func (q *question) solve(asked string, p *accountant.Plan) error {
	switch {
	case q.Accountant == "rdp" && asked == "noise" && len(p.Phases) == 1 && (q.Sampler == "" || q.Sampler == "poisson") && p.GroupSize <= 1:
		x, err := accountant.RDPNoiseMultiplier(p.Phases[0].SamplingRate, p.Phases[0].Steps, *q.Epsilon, *q.Delta)
		p.Phases[0].NoiseMultiplier = x
		return err
	case q.Accountant == "edgeworth" || q.Accountant == "edgeworth-interval" || q.Accountant == "gdp":
		return fmt.Errorf("accountant %s: is an estimate, so it does not solve for %s; use certified", q.Accountant, asked)
	case q.Accountant != "" && q.Accountant != "certified":
		return fmt.Errorf("accountant %s: does not solve for %s; use certified", q.Accountant, asked)
	}
	switch asked {
	case "noise":
		x, err := accountant.SolveNoise(*p, *q.Epsilon, *q.Delta)
		setPhases(p, func(ph *accountant.Phase) { ph.NoiseMultiplier = x })
		return err
	case "rate":
		x, err := accountant.SolveRate(*p, *q.Epsilon, *q.Delta)
		setPhases(p, func(ph *accountant.Phase) { ph.SamplingRate = x })
		return err
	}
	x, err := accountant.SolveSteps(*p, *q.Epsilon, *q.Delta)
	setPhases(p, func(ph *accountant.Phase) { ph.Steps = x })
	return err
}

func setPhases(p *accountant.Plan, change func(*accountant.Phase)) {
	for i := range p.Phases {
		change(&p.Phases[i])
	}
}

func (q *question) priced(p accountant.Plan) (*answer, error) {
	if q.Delta == nil {
		return nil, missing("delta")
	}
	r, err := q.price(p, *q.Delta)
	if err != nil {
		return nil, err
	}
	r.Warnings = append(r.Warnings, q.warnings...)
	a := newAnswer(p, r)
	a.Epsilon, a.Delta = r.Epsilon, *q.Delta
	return a, nil
}

// accountantNames lists what --accountant takes.
const accountantNames = "certified, certified-edgeworth, edgeworth, edgeworth-interval, rdp, gdp or pld"

func (q *question) price(p accountant.Plan, delta float64) (accountant.Result, error) {
	switch q.Accountant {
	case "", "certified":
		return accountant.Epsilon(p, delta)
	case "certified-edgeworth":
		return accountant.CertifiedEdgeworth(p, delta, q.order())
	case "edgeworth":
		return accountant.Edgeworth(p, delta, q.order())
	case "edgeworth-interval":
		bound := accountant.EdgeworthBound(q.EdgeworthBound)
		return accountant.EdgeworthInterval(p, delta, cmp.Or(bound, accountant.PublishedBound))
	case "rdp":
		return accountant.RDP(p, delta)
	case "gdp":
		return accountant.GDP(p, delta)
	case "pld":
		return accountant.PLD(p, delta)
	}
	return accountant.Result{}, fmt.Errorf("accountant %q: must be %s", q.Accountant, accountantNames)
}

func (q *question) priceDelta(p accountant.Plan, epsilon float64) (accountant.Result, error) {
	switch q.Accountant {
	case "", "certified":
		return accountant.Delta(p, epsilon)
	case "certified-edgeworth":
		return accountant.CertifiedEdgeworthDelta(p, epsilon, q.order())
	case "edgeworth":
		return accountant.EdgeworthDelta(p, epsilon, q.order())
	case "edgeworth-interval":
		return accountant.Result{}, errors.New("accountant edgeworth-interval: gives epsilon only")
	case "rdp":
		return accountant.RDPDelta(p, epsilon)
	case "gdp":
		return accountant.GDPDelta(p, epsilon)
	case "pld":
		return accountant.PLDDelta(p, epsilon)
	}
	return accountant.Result{}, fmt.Errorf("accountant %q: must be %s", q.Accountant, accountantNames)
}

func (q *question) order() int {
	if q.Order == nil {
		return 1
	}
	return *q.Order
}

func (q *question) deltaOf(p accountant.Plan) (*answer, error) {
	r, err := q.priceDelta(p, *q.Epsilon)
	if err != nil {
		return nil, err
	}
	r.Warnings = append(r.Warnings, q.warnings...)
	a := newAnswer(p, r)
	a.Epsilon, a.Delta = *q.Epsilon, r.Delta
	return a, nil
}

func newAnswer(p accountant.Plan, r accountant.Result) *answer {
	a := &answer{Method: r.Method, Guarantee: r.Guarantee, Adjacency: r.Adjacency, Sampler: r.Sampler, Order: r.Order,
		Directions: directions{r.Remove, r.Add}, NotValid: r.NotValid, Warnings: r.Warnings}
	if p.GroupSize > 1 {
		a.GroupSize = p.GroupSize
	}
	if a.Warnings == nil {
		a.Warnings = []string{}
	}
	if len(p.Phases) == 1 {
		a.SamplingRate, a.NoiseMultiplier, a.Steps = p.Phases[0].SamplingRate, p.Phases[0].NoiseMultiplier, p.Phases[0].Steps
	} else {
		a.Phases = p.Phases
	}
	return a
}

// print writes the answer for people.
func (a *answer) print(w io.Writer, asked string) error {
	var err error
	line := func(format string, args ...any) {
		_, failed := fmt.Fprintf(w, format+"\n", args...)
		err = errors.Join(err, failed)
	}
	switch asked {
	case "noise":
		line("noise multiplier %.10g", a.NoiseMultiplier)
	case "steps":
		line("steps %d", a.Steps)
	case "rate":
		line("sampling rate %.10g", a.SamplingRate)
	}
	line("epsilon %s", words(a.Epsilon))
	line("delta   %s", words(a.Delta))
	line("remove  %s", words(a.Directions.Remove))
	line("add     %s", words(a.Directions.Add))
	kind := "guarantee"
	if !a.Guarantee {
		kind = "estimate, not a guarantee"
	}
	line("method  %s (%s), %s sampling, %s adjacency", a.Method, kind, a.Sampler, a.Adjacency)
	if a.NotValid != nil {
		line("poisson %s (not valid for %s)", words(*a.NotValid), a.Sampler)
	}
	for _, warning := range a.Warnings {
		line("warning: %s", warning)
	}
	return err
}

// words writes a number, or an interval with its estimate.
func words(v any) string {
	if i, ok := v.(accountant.Interval); ok && i.Upper == math.MaxFloat64 {
		return fmt.Sprintf("%.10g  in [%.13g, unbounded]", i.Estimate, i.Lower)
	} else if ok {
		return fmt.Sprintf("%.10g  in [%.13g, %.13g]", i.Estimate, i.Lower, i.Upper)
	}
	return fmt.Sprintf("%g", v)
}
