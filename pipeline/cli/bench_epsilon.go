package cli

import (
	"fmt"
	"sort"
	"text/tabwriter"
	"time"

	"github.com/ewtune/ewtune/accountant"
	"github.com/urfave/cli/v2"
)

// epsilonSetting is one of five plans that accountants are compared on, with what peers need for it: seconds of CPU, and
// how far they are off (dp-accounting 0.6.0 PLD with its defaults, prv-accountant 0.2.0 at eps_error 0.01), as
// tools/peers/epsilon.py measured them.
type epsilonSetting struct {
	Name         string  `json:"name"`
	SamplingRate float64 `json:"sampling_rate"`
	Noise        float64 `json:"noise_multiplier"`
	Steps        int64   `json:"steps"`
	Delta        float64 `json:"delta"`
	PLDSeconds   float64 `json:"dp_accounting_s"`
	PLDOff       float64 `json:"dp_accounting_off"`
	PRVSeconds   float64 `json:"prv_accountant_s"`
}

var epsilonSettings = []epsilonSetting{
	{"1", 0.0297, 0.65, 606, 1e-5, 1.12, 1.1e-6, 1.52},
	{"2", 2000.0 / 392702, 0.6, 3534, 1e-6, 1.09, 8.9e-6, 3.20},
	{"3", 0.01, 1, 1000, 1e-5, 0.48, 7.0e-6, 0.48},
	{"4", 0.001, 0.8, 100000, 1e-7, 0.56, 7.1e-4, 7.49},
	{"5", 1e-4, 0.5, 1000000, 1e-10, 1.21, 0.198, 34.7},
}

type epsilonTiming struct {
	epsilonSetting
	Epsilon  accountant.Interval `json:"epsilon"`
	Best     float64             `json:"ms_best"`
	Median   float64             `json:"ms_median"`
	NoiseFor float64             `json:"noise_for_8_ms_best"`
}

// benchEpsilonCommand times certified epsilons, both directions, on the five settings.
func benchEpsilonCommand() *cli.Command {
	return &cli.Command{
		Name:        "epsilon",
		Usage:       "time certified epsilons on five settings beside the peers' figures",
		Description: "Example:\n   ewtune bench epsilon --runs 200\n\nThe peers' figures were measured on another machine: CPU seconds of one call.",
		Flags:       []cli.Flag{jsonFlag(), &cli.IntFlag{Name: "runs", Value: 100, Usage: "calls of each setting"}},
		Action: func(c *cli.Context) error {
			runs := c.Int("runs")
			if runs < 1 {
				return fmt.Errorf("runs %d: must be at least 1", runs)
			}
			var rows []epsilonTiming
			for _, s := range epsilonSettings {
				row, err := s.time(runs)
				if err != nil {
					return internalError(err)
				}
				rows = append(rows, row)
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, rows)
			}
			t := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "setting\tepsilon\twidth\tms best\tms median\tnoise for 8, ms\tdp_accounting s (off)\tprv_accountant s")
			for _, r := range rows {
				fmt.Fprintf(t, "%s\t%.10f\t%.1e\t%.3f\t%.3f\t%.2f\t%.2f (+%.1e)\t%.2f\n", r.Name, r.Epsilon.Estimate, r.Epsilon.Upper-r.Epsilon.Lower,
					r.Best, r.Median, r.NoiseFor, r.PLDSeconds, r.PLDOff, r.PRVSeconds)
			}
			return t.Flush()
		},
	}
}

func (s epsilonSetting) time(runs int) (epsilonTiming, error) {
	row := epsilonTiming{epsilonSetting: s}
	plan := accountant.Homogeneous(s.SamplingRate, s.Noise, s.Steps)
	times := make([]float64, runs)
	for i := range times {
		start := time.Now()
		r, err := accountant.Epsilon(plan, s.Delta)
		if err != nil {
			return row, err
		}
		times[i] = 1e3 * time.Since(start).Seconds()
		row.Epsilon = r.Epsilon
	}
	sort.Float64s(times)
	row.Best, row.Median = times[0], times[runs/2]
	for range min(runs, 10) {
		start := time.Now()
		if _, err := accountant.NoiseMultiplier(s.SamplingRate, s.Steps, 8, 1e-5); err != nil {
			return row, err
		}
		if took := 1e3 * time.Since(start).Seconds(); row.NoiseFor == 0 || took < row.NoiseFor {
			row.NoiseFor = took
		}
	}
	return row, nil
}
