package cli

import (
	"fmt"
	"os"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/ewtune/ewtune/pipeline"
	"github.com/urfave/cli/v2"
)

func evalAuditCommand() *cli.Command {
	return &cli.Command{
		Name:      "audit",
		Usage:     "bound epsilon from below by what attacks on one trained model found",
		ArgsUsage: "RUN or CANARIES.jsonl",
		Description: "Of a run folder, all canaries are audited that were planted, and with --membership rows that were trained on are told\n" +
			"from rows that were held out, by their loss and by the likelihood ratio to the starting weights.\n\n" +
			"The first line of a canaries file is {\"schema\":\"ewtune.audit/v1\",\"kind\":\"input\",\"canaries\":M,\"guesses\":R,\"delta\":D}, then one\n" +
			"canary a line: {\"id\":0,\"included\":true,\"score\":1.5}. Each canary was put into training by a fair coin; a higher\n" +
			"score says in. Gives the lower bound of Steinke, Nasr and Jagielski (2023) at 95 % confidence, membership\n" +
			"inference at fixed false positive rates, and exposure for kind \"secret\".\n\nExample: ewtune eval audit --membership 1000 runs/sst2",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "membership", DefaultText: "none", Usage: "rows of either side of membership inference"},
			&cli.StringFlag{Name: "held-out", DefaultText: "the first split that the run was scored on", Usage: "split of the rows that were held out"},
			jsonFlag(),
		},
		Action: evalAudit,
	}
}

func evalAudit(c *cli.Context) error {
	name, err := oneArgument(c, "the run folder or canaries file")
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("canaries: %w", err)
	}
	if info.IsDir() {
		return auditRun(c, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("canaries: %w", err)
	}
	canaries, err := eval.ReadCanaries(text, name)
	if err != nil {
		return err
	}
	result, err := eval.Audit(canaries)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, result)
	}
	return report.AuditText(c.App.Writer, result)
}

func auditRun(c *cli.Context, dir string) error {
	if err := checkRows(c, "membership"); err != nil {
		return err
	}
	results, err := pipeline.AuditRun(c.Context, dir, c.String("held-out"), c.Int("membership"))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, results)
	}
	for _, result := range results {
		if err := report.AuditText(c.App.Writer, result); err != nil {
			return err
		}
	}
	return nil
}
