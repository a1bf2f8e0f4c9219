package cli

import (
	"fmt"
	"math"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/pipeline"
)

// sentenceTokens is the length that a dry run assumes: between SST-2's mean of 13 and MNLI's of 40.
const sentenceTokens = 32

// dryRun prints what reproduce would do.
func dryRun(c *cli.Context, o pipeline.ReproduceOptions) error {
	measured := map[string]float64{}
	runs, err := pipeline.DryRun(o, func(method model.Method) (float64, error) {
		if measured[method.Kind] == 0 {
			rate, err := pipeline.MeasureSpeed(o, method, sentenceTokens, time.Now)
			if err != nil {
				return 0, err
			}
			measured[method.Kind] = rate
		}
		return measured[method.Kind], nil
	})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, runs)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "task\tN\tB\tq\tT\tepsilon\tdelta\tcertified noise\torder-1 noise\tits true epsilon\tRDP noise\tauthors' PRV\tauthors' RDP\ttime here")
	for _, r := range runs {
		fmt.Fprintf(w, "%s\t%d\t%d\t%.5f\t%d\t%g\t%g\t%.6f\t%.4f\t%.4f\t%.4f\t%s\t%s\t%s\n", r.Task, r.DatasetSize, r.BatchSize, r.SamplingRate, r.Steps,
			r.Epsilon, r.Delta, roundUp(r.Certified, 1e6), r.Edgeworth, r.TrueEpsilon.Estimate, roundUp(r.RDP, 1e4), orDash(r.AuthorsPRV), orDash(r.AuthorsRDP), about(r.Time))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "\norder-1 noise: by EW-Tune's estimate, on its search grid. authors' PRV and RDP: from their logs. time: one private run, at %d tokens a row.\n", sentenceTokens)
	return err
}

// roundUp rounds a noise multiplier up to 1/scale, so that the one printed is enough too.
func roundUp(noise, scale float64) float64 { return math.Ceil(noise*scale) / scale }

// about rounds a time to what the estimate of it is worth.
func about(t time.Duration) string {
	switch {
	case t >= 10*time.Hour:
		return fmt.Sprintf("%.0f h", t.Hours())
	case t >= 10*time.Minute:
		return fmt.Sprintf("%.0f min", t.Minutes())
	}
	return fmt.Sprintf("%.0f s", t.Seconds())
}

func orDash(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprint(v)
}
