package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the command that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ewtune": func() {
		os.Exit(Main(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
	}})
}

// TestScripts runs testdata/*.txtar. "exits CODE ewtune ARGS..." runs the command and checks its exit code; "edit FILE
// OLD NEW" replaces text in a file; rooms add commands of their own.
func TestScripts(t *testing.T) {
	commands := map[string]func(*testscript.TestScript, bool, []string){"exits": scriptExits, "edit": scriptEdit}
	maps.Copy(commands, evalScriptCommands)
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: commands, Condition: scriptCondition})
}

// scriptCondition knows [opencl]: there is a device.
func scriptCondition(name string) (bool, error) {
	if name != "opencl" {
		return false, fmt.Errorf("condition %q: must be opencl", name)
	}
	_, err := opencl.Devices()
	return err == nil, nil
}

func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func scriptEdit(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	if !strings.Contains(string(text), args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(strings.Replace(string(text), args[1], args[2], 1)), 0o644))
}
