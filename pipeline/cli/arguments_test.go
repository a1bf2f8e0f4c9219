package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestFlagsFirst(t *testing.T) {
	commands := []*cli.Command{{Name: "eval", Subcommands: []*cli.Command{{Name: "gate", Flags: []cli.Flag{
		&cli.Float64Flag{Name: "max", Aliases: []string{"m"}}, &cli.BoolFlag{Name: "json"},
	}}}}}
	for _, c := range []struct{ in, want string }{
		{"x eval gate r.json --max 8 --json", "x eval gate --max 8 --json r.json"},
		{"x eval gate --json r.json -m 8 s.json", "x eval gate --json -m 8 r.json s.json"},
		{"x eval gate r.json --max=8", "x eval gate --max=8 r.json"},
		{"x eval gate r.json --max -1", "x eval gate --max -1 r.json"},
		{"x eval gate r.json -- --json", "x eval gate r.json -- --json"},
		{"x eval gate - --json", "x eval gate --json -"},
		{"x eval gate r.json --max", "x eval gate --max r.json"},
		{"x eval", "x eval"},
		{"x", "x"},
	} {
		if got := strings.Join(flagsFirst(commands, strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
	if got := flagsFirst(commands, nil); !slices.Equal(got, nil) {
		t.Errorf("no words became %q", got)
	}
}
