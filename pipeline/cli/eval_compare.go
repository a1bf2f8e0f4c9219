package cli

import (
	"fmt"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/urfave/cli/v2"
)

func evalCompareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "test a new report against an old one on the same rows",
		ArgsUsage: "OLD NEW",
		Description: "OLD and NEW are run folders, or their report.json. Runs are paired by name, else by task and seed. Each pair\n" +
			"gets McNemar's mid-p test, adjusted over all pairs by Holm's method; settings with at least five common seeds get\n" +
			"Wilcoxon's signed-rank test. Reports on other data are refused.\n\nExample: ewtune eval compare runs/main runs/branch",
		Flags:  []cli.Flag{jsonFlag()},
		Action: evalCompare,
	}
}

func evalCompare(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return fmt.Errorf("arguments %q: eval compare takes exactly two, OLD and NEW", c.Args().Slice())
	}
	comparison, err := compareReports(c.Args().Get(0), c.Args().Get(1))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, comparison)
	}
	return report.ComparisonTable(c.App.Writer, comparison)
}

func compareReports(old, new string) (*eval.Comparison, error) {
	before, err := openReport(old)
	if err != nil {
		return nil, err
	}
	after, err := openReport(new)
	if err != nil {
		return nil, err
	}
	return eval.Compare(before, after)
}
