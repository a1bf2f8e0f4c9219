package cli

import (
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every command that docs/PAPER.md gives for a number runs; the one that tests the claim finds it false.
func TestPaperCommands(t *testing.T) {
	text, err := os.ReadFile("../../docs/PAPER.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^ +go run \. (.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(commands) < 7 {
		t.Fatalf("%d commands, want at least 7", len(commands))
	}
	for _, command := range commands {
		want := ExitSuccess
		if strings.Contains(command[1], "--claim-epsilon") {
			want = ExitFailed
		}
		args := append([]string{"ewtune"}, strings.Fields(command[1])...)
		if got := ExitCode(Run(context.Background(), args, strings.NewReader(""), io.Discard, io.Discard)); got != want {
			t.Errorf("%s: exit code %d, want %d", command[1], got, want)
		}
	}
}
