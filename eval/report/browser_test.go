package report_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ewtune/ewtune/eval/fixture"
)

// TestBrowser opens report.html in Chromium, light, dark, narrow and with forced colours, everything unfolded, and
// asks axe-core. EWTUNE_NODE_PEERS holds node_modules with playwright-core and axe-core, EWTUNE_CHROMIUM is the browser;
// EWTUNE_SCREENSHOTS names a folder for pictures to look at.
func TestBrowser(t *testing.T) {
	for _, name := range []string{"EWTUNE_NODE_PEERS", "EWTUNE_CHROMIUM"} {
		if os.Getenv(name) == "" {
			t.Skipf("%s is not set", name)
		}
	}
	_, files := render(t, fixture.Options{Rows: 200, Seeds: 5, Accountants: []string{"certified", "edgeworth"}, Tasks: []string{"sst2", "mnli"}, Shift: 0.17})
	page := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(page, []byte(files["report.html"]), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", "browser/report.test.mjs", page, os.Getenv("EWTUNE_SCREENSHOTS"))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var result struct {
		Looks map[string]struct {
			Violations []struct{ ID, Help, First, Why string }
			Errors     []string
			Overflow   int
			Pictures   int
			Tables     int
		}
		Requests []string
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Looks) != 4 || len(result.Requests) > 0 {
		t.Errorf("%d looks, requests %v: want four looks and no request", len(result.Looks), result.Requests)
	}
	for name, look := range result.Looks {
		if len(look.Violations) > 0 || len(look.Errors) > 0 {
			t.Errorf("%s: violations %+v, errors %v", name, look.Violations, look.Errors)
		}
		if look.Overflow > 0 || look.Pictures == 0 || look.Pictures != look.Tables {
			t.Errorf("%s: the page is %d px too wide, %d pictures, %d data tables", name, look.Overflow, look.Pictures, look.Tables)
		}
	}
}
