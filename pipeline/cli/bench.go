package cli

import "github.com/urfave/cli/v2"

func benchCommands() []*cli.Command {
	return []*cli.Command{{
		Name:        "bench",
		Usage:       "measure this machine",
		Subcommands: []*cli.Command{benchTrainCommand(), benchTokenizeCommand(), benchEpsilonCommand(), benchDevicesCommand()},
	}}
}
