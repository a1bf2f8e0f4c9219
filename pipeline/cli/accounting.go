package cli

import "github.com/urfave/cli/v2"

func accountingCommands() []*cli.Command { return nil }
