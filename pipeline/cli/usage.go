package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// tersely makes the commands answer bad usage with one sentence. The library would print the whole help to stdout, where a
// script expects the result.
func tersely(commands []*cli.Command) []*cli.Command {
	for _, command := range commands {
		command.OnUsageError = usageError
		command.Before = requires(takeRequired(command.Flags), command.Before)
		tersely(command.Subcommands)
	}
	return commands
}

func usageError(c *cli.Context, err error, _ bool) error {
	return fmt.Errorf("%w; see %s --help", err, commandPath(c))
}

// commandPath is the program and the words of the called command.
func commandPath(c *cli.Context) string {
	if c.Command == nil || c.Command.HelpName == "" {
		return c.App.Name
	}
	return c.Command.HelpName
}

// takeRequired unmarks the flags that must be given and returns their names.
func takeRequired(flags []cli.Flag) []string {
	var names []string
	for _, flag := range flags {
		if required, ok := flag.(cli.RequiredFlag); !ok || !required.IsRequired() {
			continue
		}
		names = append(names, flag.Names()[0])
		switch f := flag.(type) {
		case *cli.StringFlag:
			f.Required = false
		case *cli.StringSliceFlag:
			f.Required = false
		case *cli.Float64Flag:
			f.Required = false
		case *cli.IntFlag:
			f.Required = false
		case *cli.Int64Flag:
			f.Required = false
		default:
			panic(fmt.Sprintf("flag --%s: no rule for a required %T", flag.Names()[0], flag))
		}
	}
	return names
}

// requires checks that flags were given before it calls next.
func requires(names []string, next cli.BeforeFunc) cli.BeforeFunc {
	return func(c *cli.Context) error {
		for _, name := range names {
			if !c.IsSet(name) {
				return fmt.Errorf("--%s: must be given; see %s --help", name, commandPath(c))
			}
		}
		if next == nil {
			return nil
		}
		return next(c)
	}
}
