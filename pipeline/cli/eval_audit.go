package cli

import (
	"fmt"
	"os"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/urfave/cli/v2"
)

func evalAuditCommand() *cli.Command {
	return &cli.Command{
		Name:      "audit",
		Usage:     "bound epsilon from below by what an attack on one trained model found",
		ArgsUsage: "CANARIES.jsonl",
		Description: "The file's first line is {\"schema\":\"ewtune.audit/v1\",\"kind\":\"input\",\"canaries\":M,\"guesses\":R,\"delta\":D}, then one\n" +
			"canary a line: {\"id\":0,\"included\":true,\"score\":1.5}. Each canary was put into training by a fair coin; a higher\n" +
			"score says in. Gives the lower bound of Steinke, Nasr and Jagielski (2023) at 95 % confidence, membership\n" +
			"inference at fixed false positive rates, and exposure for kind \"secret\".\n\nExample: ewtune eval audit runs/sst2/audit.jsonl",
		Flags:  []cli.Flag{jsonFlag()},
		Action: evalAudit,
	}
}

func evalAudit(c *cli.Context) error {
	file, err := oneArgument(c, "the canaries file")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("canaries: %w", err)
	}
	canaries, err := eval.ReadCanaries(text, file)
	if err != nil {
		return err
	}
	result, err := eval.Audit(canaries)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, result)
	}
	return report.AuditText(c.App.Writer, result)
}
