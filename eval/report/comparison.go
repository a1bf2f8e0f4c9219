package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// ComparisonTable prints a comparison as aligned text: one row for each pair of runs and split, and below it one for
// each setting with enough common seeds.
func ComparisonTable(w io.Writer, c *eval.Comparison) error {
	rows := [][]string{{"run", "task", "rows", "old", "new", "change in points", "95 % interval", "p", "p (Holm)", "p(drop, Holm)", "visible drop", "verdict"}}
	for i := range c.Pairs {
		rows = append(rows, pairRow(&c.Pairs[i]))
	}
	if err := aligned(w, rows); err != nil {
		return err
	}
	if err := seedTable(w, c.Seeds); err != nil {
		return err
	}
	if len(c.Unpaired) > 0 {
		fmt.Fprintln(w)
	}
	for _, alone := range c.Unpaired {
		fmt.Fprintf(w, "not compared: %s, in the %s report alone\n", strings.TrimSpace(alone.Run+" "+alone.Split), alone.In)
	}
	_, err := fmt.Fprintf(w, "\nMcNemar's mid-p test on the same rows; verdicts at level %g after Holm's adjustment over all pairs.\n"+
		"~ no change shown; ? lower, but a drop below the visible one cannot be seen on so few rows.\n", c.Level)
	return err
}

func pairRow(p *eval.PairedRun) []string {
	name := p.New
	if p.Old != p.New {
		name = p.Old + " → " + p.New
	}
	return []string{name, splitName(p.Task, p.Split), count(p.Rows), percent(p.OldValue.Value), percent(p.NewValue.Value),
		points(p.Difference.Value), points(p.Difference.Lower) + " to " + points(p.Difference.Upper),
		fmt.Sprintf("%.3g", p.P), fmt.Sprintf("%.3g", p.PHolm), fmt.Sprintf("%.3g", p.PDropHolm), fmt.Sprintf("%.2f", 100*p.Visible), p.Verdict}
}

func points(share float64) string { return fmt.Sprintf("%+.2f", 100*share) }

func seedTable(w io.Writer, seeds []eval.PairedSeries) error {
	if len(seeds) == 0 {
		return nil
	}
	rows := [][]string{{"setting", "task", "seeds", "change in points", "95 % interval", "p", "p (Holm)"}}
	for _, s := range seeds {
		rows = append(rows, []string{s.Label, splitName(s.Task, s.Split), count(s.Seeds), points(s.Difference.Value),
			points(s.Difference.Lower) + " to " + points(s.Difference.Upper), fmt.Sprintf("%.3g", s.P), fmt.Sprintf("%.3g", s.PHolm)})
	}
	fmt.Fprintln(w)
	return aligned(w, rows)
}
