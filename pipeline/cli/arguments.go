package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of the called command before its arguments, which is where the library looks for them:
// "eval gate report.json --max-epsilon 8" means what it says. Everything after "--" stays an argument.
func flagsFirst(commands []*cli.Command, args []string) []string {
	var flags []cli.Flag
	at := min(1, len(args))
	for at < len(args) {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[at]) })
		if i < 0 {
			break
		}
		flags, commands = commands[i].Flags, commands[i].Subcommands
		at++
	}
	moved, rest := []string{}, []string{}
	for at < len(args) && args[at] != "--" {
		if !strings.HasPrefix(args[at], "-") || args[at] == "-" {
			rest = append(rest, args[at])
			at++
			continue
		}
		n := min(len(args)-at, 1+valuesOf(flags, args[at]))
		moved = append(moved, args[at:at+n]...)
		at += n
	}
	return slices.Concat(args[:at-len(moved)-len(rest)], moved, rest, args[at:])
}

// valuesOf is how many of the following words belong to the flag: one, but none for a switch, an unknown flag or
// --name=value.
func valuesOf(flags []cli.Flag, word string) int {
	name := strings.TrimLeft(word, "-")
	for _, flag := range flags {
		if _, isSwitch := flag.(*cli.BoolFlag); !isSwitch && slices.Contains(flag.Names(), name) {
			return 1
		}
	}
	return 0
}
