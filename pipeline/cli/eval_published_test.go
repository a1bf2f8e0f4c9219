package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What docs/RESULTS.md says is what the files beside it give: they verify, and the page made of them again is the page. An
// accountant that gives other digits needs both made again: tools/docs.sh.
func TestPublishedResults(t *testing.T) {
	run := func(args ...string) {
		t.Helper()
		var stderr bytes.Buffer
		args = append([]string{"ewtune", "eval"}, args...)
		if err := Run(context.Background(), args, strings.NewReader(""), io.Discard, &stderr); err != nil {
			t.Fatalf("%v: %v; tools/docs.sh makes docs/results again\n%s", args, err, stderr.String())
		}
	}
	const docs = "../../docs"
	results := filepath.Join(docs, "results")
	run("verify", results)
	out := t.TempDir()
	run("publish", "--about", filepath.Join(docs, "results-about.md"), "--peers", filepath.Join(results, peersFile), "--out", out, results)
	want, err := os.ReadFile(filepath.Join(docs, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(out, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/RESULTS.md is not what docs/results gives:\n%s", got)
	}
}
