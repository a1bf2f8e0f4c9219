package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/ewtune/ewtune/accountant"
	"github.com/urfave/cli/v2"
)

func curveCommand() *cli.Command {
	return &cli.Command{
		Name:  "curve",
		Usage: "epsilon over steps or noise, delta over epsilon, or the trade-off of errors over alpha",
		Description: "Example:\n   ewtune curve --over steps --sampling-rate 0.01 --noise-multiplier 1 --steps 1000 --delta 1e-5 --format svg > curve.svg\n\n" +
			"--over steps: epsilon from step 1 to --steps. --over epsilon: delta from 0 to --epsilon. --over noise-multiplier: epsilon\n" +
			"from half of --noise-multiplier to its double. --over alpha: the least Type II error of a test of Type I error alpha,\n" +
			"with the attack's true positive rate at most one minus it.",
		Flags: append(planFlags(), jsonFlag(),
			&cli.StringFlag{Name: "over", Value: "steps", Usage: "steps, epsilon, noise-multiplier or alpha"},
			&cli.StringFlag{Name: "format", Value: "csv", Usage: "csv, json or svg"},
			&cli.IntFlag{Name: "points", Value: 50, Usage: "points of the curve, 2 to 10000"}),
		Action: runCurve,
	}
}

// curve is what is drawn.
type curve struct {
	Over      string              `json:"over"`  // name of x
	Value     string              `json:"value"` // name of y
	Points    []accountant.Point  `json:"points"`
	Mu        float64             `json:"gaussian_mu,omitempty"` // of the last point of an epsilon curve at delta
	Advantage float64             `json:"advantage,omitempty"`   // alpha: TPR − FPR of any attack, at most
	Attacks   []accountant.Attack `json:"attacks,omitempty"`     // alpha: true positive rates at small false positive rates, at most
}

func runCurve(c *cli.Context) error {
	if err := flagsOnly(c); err != nil {
		return err
	}
	q, err := readQuestion(c)
	if err != nil {
		return err
	}
	format := c.String("format")
	if c.Bool("json") {
		format = "json"
	}
	n := c.Int("points")
	if n < 2 || n > 10000 {
		return fmt.Errorf("points %d: must be 2 to 10000", n)
	}
	if q.Accountant != "certified" {
		return fmt.Errorf("accountant %s: curves are drawn by the certified accountant", q.Accountant)
	}
	drawn, err := q.curve(c.String("over"), n)
	if err != nil {
		return err
	}
	switch format {
	case "csv":
		return drawn.csv(c.App.Writer)
	case "json":
		return printJSON(c.App.Writer, drawn)
	case "svg":
		_, err := io.WriteString(c.App.Writer, drawn.svg())
		return err
	}
	return fmt.Errorf("format %q: must be csv, json or svg", format)
}

func (q *question) curve(over string, n int) (*curve, error) {
	p, err := q.plan("curve")
	if err != nil {
		return nil, err
	}
	if (over == "steps" || over == "noise-multiplier") && q.Delta == nil {
		return nil, missing("delta")
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	out := &curve{Over: over, Value: "epsilon"}
	switch over {
	case "steps":
		out.Points, err = accountant.EpsilonOverSteps(p, *q.Delta, stepsUpTo(p.Steps(), n))
	case "noise-multiplier":
		sigma := p.Phases[0].NoiseMultiplier
		out.Points, err = accountant.EpsilonOverNoise(p, *q.Delta, spread(max(sigma/2, accountant.MinNoiseMultiplier), min(2*sigma, accountant.MaxNoiseMultiplier), n))
	case "epsilon":
		if q.Epsilon == nil {
			return nil, missing("epsilon")
		}
		out.Value = "delta"
		out.Points, err = accountant.Profile(p, spread(0, *q.Epsilon, n))
	case "alpha":
		out.Value = "beta"
		if out.Points, err = accountant.TradeOff(p, spread(0, 1, n)); err == nil {
			out.Attacks, err = accountant.Attacks(p, []float64{1e-4, 1e-3, 0.01, 0.1})
		}
		if err == nil {
			out.Advantage = out.Attacks[0].Advantage
		}
	default:
		return nil, fmt.Errorf("over %q: must be steps, epsilon, noise-multiplier or alpha", over)
	}
	if err == nil && out.Value == "epsilon" {
		out.Mu, err = accountant.GaussianMu(out.Points[len(out.Points)-1].Upper, *q.Delta)
	}
	return out, err
}

func spread(from, to float64, n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = from + (to-from)*float64(i)/float64(n-1)
	}
	return list
}

func stepsUpTo(steps int64, n int) []int64 {
	var list []int64
	for i := range n {
		t := 1 + int64(math.Round(float64(steps-1)*float64(i)/float64(n-1)))
		if len(list) == 0 || t > list[len(list)-1] {
			list = append(list, t)
		}
	}
	return list
}

func (d *curve) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{d.Over, d.Value + "_lower", d.Value, d.Value + "_upper"}); err != nil {
		return err
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, p := range d.Points {
		if err := out.Write([]string{number(p.X), number(p.Lower), number(p.Estimate), number(p.Upper)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
