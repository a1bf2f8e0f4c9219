package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/ewtune/ewtune/eval/fixture"
	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"
)

// evalScriptCommands has "fixture FOLDER [KEY=VALUE]...", which makes a run folder of made-up predictions, and "steps
// CODE FILE", which runs the commands of a file of docs/ci until one fails, and checks the exit code of the last.
var evalScriptCommands = map[string]func(*testscript.TestScript, bool, []string){"fixture": scriptFixture, "steps": scriptSteps}

func scriptSteps(ts *testscript.TestScript, _ bool, args []string) {
	gates, err := os.ReadFile("../../docs/ci/gates.yaml")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("gates.yaml"), gates, 0o644))
	text, err := os.ReadFile(filepath.Join("../../docs/ci", args[1]))
	ts.Check(err)
	commands, err := workflowCommands(text)
	ts.Check(err)
	ts.Setenv("GITHUB_ACTIONS", strconv.FormatBool(args[1] == "github.yml"))
	ts.Setenv("GITHUB_STEP_SUMMARY", ts.MkAbs("summary.md"))
	for _, command := range commands {
		var exit *exec.ExitError
		switch err := ts.Exec("bash", "-e", "-c", command); {
		case errors.As(err, &exit) && strconv.Itoa(exit.ExitCode()) == args[0]:
			return
		default:
			ts.Check(err)
		}
	}
	if args[0] != "0" {
		ts.Fatalf("no command of %s ended with %s", args[1], args[0])
	}
}

// workflowCommands gives the commands of a GitHub workflow or a GitLab job, in order.
func workflowCommands(text []byte) ([]string, error) {
	type job struct {
		Steps  []struct{ Run string }
		Script []string
	}
	var workflow struct {
		Jobs map[string]job
		Job  job `yaml:"privacy and accuracy"`
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		return nil, err
	}
	commands := workflow.Job.Script
	for _, step := range workflow.Jobs["gate"].Steps {
		if step.Run != "" {
			commands = append(commands, step.Run)
		}
	}
	if len(commands) < 5 {
		return nil, fmt.Errorf("%d commands: too few", len(commands))
	}
	return commands, nil
}

func scriptFixture(ts *testscript.TestScript, _ bool, args []string) {
	o := fixture.Options{Tasks: []string{"sst2"}, Rows: 300}
	for _, arg := range args[1:] {
		ts.Check(setFixture(&o, arg))
	}
	for name, file := range fixture.Folder(o) {
		ts.Check(writeFixture(filepath.Join(ts.MkAbs(args[0]), name), file))
	}
}

func setFixture(o *fixture.Options, arg string) (err error) {
	switch key, value, _ := strings.Cut(arg, "="); key {
	case "accountants":
		o.Accountants = strings.Split(value, ",")
	case "rows":
		o.Rows, err = strconv.Atoi(value)
	default: // shift
		o.Shift, err = strconv.ParseFloat(value, 64)
		o.Salt = 1
	}
	return err
}

func writeFixture(path string, file *fstest.MapFile) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, file.Data, 0o644)
}
