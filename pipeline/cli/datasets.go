package cli

import "github.com/urfave/cli/v2"

func datasetsCommands() []*cli.Command { return nil }
