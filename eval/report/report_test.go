package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
	"github.com/ewtune/ewtune/eval/report"
)

func TestPreview(t *testing.T) {
	dir := os.Getenv("PREVIEW")
	for name, o := range map[string]fixture.Options{"four": {}, "matrix": {Seeds: 5, Accountants: []string{"certified", "edgeworth", "rdp"}}, "one": {Tasks: []string{"sst2"}}} {
		r, err := eval.Build(fixture.Folder(o))
		if err != nil {
			t.Fatal(err)
		}
		files, err := report.Render(r, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			os.MkdirAll(filepath.Join(dir, name), 0o755)
			os.WriteFile(filepath.Join(dir, name, f.Name), f.Data, 0o644)
			t.Log(name, f.Name, len(f.Data))
		}
		report.Table(os.Stdout, r)
	}
}
