package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"
)

func evalGateCommand() *cli.Command {
	return &cli.Command{
		Name:      "gate",
		Usage:     "pass, fail or inconclusive: does a report meet the conditions?",
		ArgsUsage: "REPORT",
		Description: "REPORT is a run folder or its report.json. Conditions come from flags, or from a file with the same names\n" +
			"(--gates gates.yaml); flags win. Every private run must also have its guarantee. Exit code 3 when a gate fails,\n" +
			"4 when one is inconclusive under --strict.\n\nExample: ewtune eval gate runs/sst2 --max-epsilon 8 --min-accuracy 0.72 --above-majority",
		Flags: []cli.Flag{
			jsonFlag(),
			stepSummaryFlag(),
			&cli.StringFlag{Name: "gates", Usage: "read the conditions from `FILE`, e.g. gates.yaml"},
			&cli.Float64Flag{Name: "max-epsilon", Usage: "highest certified upper epsilon"},
			&cli.Float64Flag{Name: "max-delta", Usage: "highest delta"},
			&cli.Float64Flag{Name: "min-accuracy", Usage: "lowest accuracy, a share of rows"},
			&cli.BoolFlag{Name: "above-majority", Usage: "better than answering the most frequent label"},
			&cli.StringFlag{Name: "no-regression", Usage: "no drop against the `BASELINE` report beyond --margin"},
			&cli.Float64Flag{Name: "margin", Usage: "largest drop that is accepted, a share of rows", Value: 0.01},
			&cli.Float64Flag{Name: "max-audit", Usage: "highest audited lower bound of epsilon"},
			&cli.BoolFlag{Name: "strict", Usage: "an inconclusive gate ends with exit code 4"},
			&cli.StringFlag{Name: "junit", Usage: "write the gates as JUnit to `FILE`"},
			&cli.BoolFlag{Name: "annotations", EnvVars: []string{"GITHUB_ACTIONS"}, Usage: "print GitHub annotations to stderr"},
		},
		Action: evalGate,
	}
}

func evalGate(c *cli.Context) error {
	path, err := oneArgument(c, "the report")
	if err != nil {
		return err
	}
	gates, err := gatesOf(c)
	if err != nil {
		return err
	}
	side, err := openReport(path)
	if err != nil {
		return err
	}
	results, err := checkGates(c, path, gates, side.Report)
	if err != nil {
		return err
	}
	if err := showGates(c, side.Report, results); err != nil {
		return err
	}
	return gateError(results, c.Bool("strict"))
}

// gatesOf reads the file of conditions and lets flags win.
func gatesOf(c *cli.Context) (*eval.Gates, error) {
	gates := &eval.Gates{Margin: c.Float64("margin")}
	if file := c.String("gates"); file != "" {
		if err := readGates(file, gates); err != nil {
			return nil, err
		}
	}
	for name, value := range map[string]*float64{"max-epsilon": &gates.MaxEpsilon, "max-delta": &gates.MaxDelta,
		"min-accuracy": &gates.MinAccuracy, "margin": &gates.Margin, "max-audit": &gates.MaxAudit} {
		if c.IsSet(name) {
			*value = c.Float64(name)
		}
	}
	if c.IsSet("above-majority") {
		gates.AboveMajority = c.Bool("above-majority")
	}
	if c.IsSet("no-regression") {
		gates.NoRegression = c.String("no-regression")
	}
	return gates, gates.Validate()
}

func readGates(file string, gates *eval.Gates) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("gates: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(gates); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("gates %s: %w", file, err)
	}
	// A baseline in a checked-in file is meant from where the file lies.
	if gates.NoRegression != "" && !filepath.IsAbs(gates.NoRegression) {
		gates.NoRegression = filepath.Join(filepath.Dir(file), gates.NoRegression)
	}
	return nil
}

func checkGates(c *cli.Context, path string, gates *eval.Gates, r *eval.Report) ([]eval.GateResult, error) {
	var comparison *eval.Comparison
	if gates.NoRegression != "" {
		var err error
		if comparison, err = compareReports(gates.NoRegression, path); err != nil {
			return nil, fmt.Errorf("no-regression: %w", err)
		}
	}
	return gates.Check(r, comparison)
}

func showGates(c *cli.Context, r *eval.Report, results []eval.GateResult) error {
	if file := c.String("junit"); file != "" {
		if err := writeFile(file, report.JUnit(r, results)); err != nil {
			return fmt.Errorf("junit: %w", err)
		}
	}
	if c.Bool("annotations") {
		if _, err := c.App.ErrWriter.Write(report.Annotations(results)); err != nil {
			return err
		}
	}
	if err := stepSummary(c, report.GateMarkdown(results)); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, struct {
			State string            `json:"state"`
			Gates []eval.GateResult `json:"gates"`
		}{eval.WorstState(results), results})
	}
	return report.GateTable(c.App.Writer, results)
}

func gateError(results []eval.GateResult, strict bool) error {
	count := map[string]int{}
	for _, g := range results {
		count[g.State]++
	}
	switch {
	case count[eval.Fail] > 0:
		return failedError(fmt.Errorf("%d of %d gates failed", count[eval.Fail], len(results)))
	case count[eval.Inconclusive] > 0 && strict:
		return inconclusiveError(fmt.Errorf("%d of %d gates are inconclusive", count[eval.Inconclusive], len(results)))
	}
	return nil
}
