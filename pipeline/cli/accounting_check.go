package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/ewtune/ewtune/accountant"
	"github.com/urfave/cli/v2"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "is a published claim true? exit 3 and the true epsilon when it is not",
		Description: "Example:\n   ewtune check --dataset-size 392702 --batch-size 2000 --steps 3920 --noise-multiplier 0.557 --delta 1e-5 --claim-epsilon 8\n" +
			"   ewtune check --paper",
		Flags: append(planFlags(), jsonFlag(),
			&cli.Float64Flag{Name: "claim-epsilon", Usage: "the epsilon that was claimed"},
			&cli.BoolFlag{Name: "paper", Usage: "print EW-Tune's noise table beside the certified values"}),
		Action: func(c *cli.Context) error {
			if err := flagsOnly(c); err != nil {
				return err
			}
			if c.Bool("paper") {
				return checkPaper(c)
			}
			return checkClaim(c)
		},
	}
}

type verdict struct {
	Verdict string  `json:"verdict"` // true, false or undecided
	Claimed float64 `json:"claimed_epsilon"`
	*answer
}

func checkClaim(c *cli.Context) error {
	q, err := readQuestion(c)
	if err != nil {
		return err
	}
	if !c.IsSet("claim-epsilon") {
		return missing("claim_epsilon")
	}
	if q.Delta == nil {
		return missing("delta")
	}
	if q.Accountant != "certified" {
		return fmt.Errorf("accountant %s: claims are checked by the certified accountant only", q.Accountant)
	}
	p, err := q.plan("check")
	if err != nil {
		return err
	}
	v, err := accountant.Check(accountant.Claim{Plan: p, Delta: *q.Delta, Epsilon: c.Float64("claim-epsilon")})
	if err != nil {
		return err
	}
	if err := printVerdict(c, p, v, *q.Delta); err != nil {
		return err
	}
	switch {
	case v.Holds:
		return nil
	case v.Fails:
		return failedError(errors.New(v.Words))
	}
	return inconclusiveError(errors.New(v.Words))
}

func printVerdict(c *cli.Context, p accountant.Plan, v accountant.Verdict, delta float64) error {
	a := newAnswer(p, v.Result)
	a.Epsilon, a.Delta = v.Result.Epsilon, delta
	if c.Bool("json") {
		word := "undecided"
		if v.Holds {
			word = "true"
		} else if v.Fails {
			word = "false"
		}
		return printJSON(c.App.Writer, verdict{word, c.Float64("claim-epsilon"), a})
	}
	if v.Holds {
		fmt.Fprintln(c.App.Writer, v.Words)
	}
	return a.print(c.App.Writer, "check")
}

func checkPaper(c *cli.Context) error {
	rows, err := accountant.PaperTable()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, rows)
	}
	return printPaper(c.App.Writer, rows)
}

func printPaper(w io.Writer, rows []accountant.PaperRow) error {
	fmt.Fprintln(w, "EW-Tune's noise multipliers for epsilon 8 (lots of 2000), and what they spend")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "task\tdelta\tsteps\tEW noise\tits estimate\ttrue epsilon\tPRV noise\tRDP noise\tcertified noise\tshort by")
	for _, r := range rows {
		prv := "-"
		if r.PRV > 0 {
			prv = fmt.Sprint(r.PRV)
		}
		fmt.Fprintf(t, "%s\t%g\t%d\t%g\t%.4f\t%.6f\t%s\t%g\t%.6f\t%.2f %%\n", r.Task, r.Delta, r.Steps, r.Edgeworth, r.Estimate,
			r.Epsilon.Upper, prv, r.RDP, r.Certified, 100*(1-r.Edgeworth/r.Certified))
	}
	return t.Flush()
}
