package cli

import (
	"fmt"
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
			r.Epsilon, r.Delta, r.Certified, r.Edgeworth, r.TrueEpsilon.Estimate, r.RDP, orDash(r.AuthorsPRV), orDash(r.AuthorsRDP), r.Time.Round(time.Second))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "\norder-1 noise: by EW-Tune's estimate, on its search grid. authors' PRV and RDP: from their logs. time: one private run, at %d tokens a row.\n", sentenceTokens)
	return err
}

func orDash(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprint(v)
}
