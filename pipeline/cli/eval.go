package cli

import (
	"github.com/urfave/cli/v2"
)

// evalCommands are the commands over run folders and reports: what they compute is package eval's.
func evalCommands() []*cli.Command {
	return []*cli.Command{{
		Name:  "eval",
		Usage: "report, compare, gate, verify, audit and publish runs",
		Subcommands: []*cli.Command{
			evalReportCommand(),
			evalCompareCommand(),
			evalGateCommand(),
			evalVerifyCommand(),
			evalAuditCommand(),
			evalPublishCommand(),
		},
	}}
}
