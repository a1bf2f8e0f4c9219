package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/ewtune/ewtune/eval/fixture"
	"github.com/rogpeppe/go-internal/testscript"
)

// evalScriptCommands has "fixture FOLDER [KEY=VALUE]...", which makes a run folder of made-up predictions.
var evalScriptCommands = map[string]func(*testscript.TestScript, bool, []string){"fixture": scriptFixture}

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
