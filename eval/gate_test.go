package eval_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
)

// states maps "gate subject" to the state.
func states(t *testing.T, g eval.Gates, r *eval.Report, c *eval.Comparison) map[string]string {
	t.Helper()
	results, err := g.Check(r, c)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, result := range results {
		all[result.Gate+" "+result.Subject] = result.State
		if result.Why == "" {
			t.Errorf("%s: no reason given", result.Gate)
		}
	}
	return all
}

func TestGates(t *testing.T) {
	r, _ := build(t, fixture.Folder(fixture.Options{Tasks: []string{"sst2"}, Steps: 1}))
	p, m := r.Run("sst2-certified-0").Privacy, r.Run("sst2-certified-0").Split("dev").Metrics
	for _, c := range []struct {
		name  string
		gates eval.Gates
		gate  string
		want  string
	}{
		{"budget met", eval.Gates{MaxEpsilon: 8}, "max epsilon sst2-certified-0", eval.Pass},
		{"the upper end is compared", eval.Gates{MaxEpsilon: (p.Epsilon.Lower + p.Epsilon.Upper) / 2}, "max epsilon sst2-certified-0", eval.Fail},
		{"upper end itself", eval.Gates{MaxEpsilon: p.Epsilon.Upper}, "max epsilon sst2-certified-0", eval.Pass},
		{"delta met", eval.Gates{MaxDelta: 1e-5}, "max delta sst2-certified-0", eval.Pass},
		{"delta missed", eval.Gates{MaxDelta: 1e-6}, "max delta sst2-certified-0", eval.Fail},
		{"accuracy shown", eval.Gates{MinAccuracy: m.Accuracy.Lower}, "min accuracy sst2-certified-0 dev", eval.Pass},
		{"accuracy unclear", eval.Gates{MinAccuracy: m.Accuracy.Value}, "min accuracy sst2-certified-0 dev", eval.Inconclusive},
		{"accuracy missed", eval.Gates{MinAccuracy: m.Accuracy.Upper + 1e-9}, "min accuracy sst2-certified-0 dev", eval.Fail},
		{"task before all", eval.Gates{MinAccuracy: 0.99, Tasks: map[string]eval.TaskGate{"sst2": {MinAccuracy: 0.5}}}, "min accuracy sst2-certified-0 dev", eval.Pass},
		{"above majority", eval.Gates{AboveMajority: true}, "above majority sst2-certified-0 dev", eval.Pass},
		{"not audited", eval.Gates{MaxAudit: 3}, "max audit sst2-certified-0", eval.Inconclusive},
		{"always asked", eval.Gates{}, "secret noise sst2-certified-0", eval.Pass},
		{"always asked too", eval.Gates{}, "delta below 1/N sst2-certified-0", eval.Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := states(t, c.gates, r, nil)[c.gate]; got != c.want {
				t.Errorf("%s: %q, want %q", c.gate, got, c.want)
			}
		})
	}
}

func TestRegressionGate(t *testing.T) {
	old := side(t, fixture.Folder(fixture.Options{Tasks: []string{"qnli"}, Rows: 2000, Steps: 1}))
	for _, c := range []struct {
		name   string
		shift  float64
		margin float64
		want   string
	}{
		{"the same", 0, 0, eval.Pass},
		{"a large drop", -0.15, 0.01, eval.Fail},
		{"a large drop within a larger margin", -0.15, 0.3, eval.Pass},
		{"a small change, no margin", 0.0001, 0, eval.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := fixture.Options{Tasks: []string{"qnli"}, Rows: 2000, Shift: c.shift, Steps: 1}
			if c.shift != 0 {
				o.Salt = 3
			}
			new := side(t, fixture.Folder(o))
			comparison, err := eval.Compare(old, new)
			if err != nil {
				t.Fatal(err)
			}
			g := eval.Gates{NoRegression: "old", Margin: c.margin}
			if got := states(t, g, new.Report, comparison)["no regression qnli-certified-0 dev"]; got != c.want {
				t.Errorf("state %q, want %q", got, c.want)
			}
		})
	}
	if _, err := (&eval.Gates{NoRegression: "old"}).Check(old.Report, nil); err == nil {
		t.Error("no regression was decided without a baseline")
	}
}

// A run under another name is compared with the one of its task, seed and privacy, also beside runs that kept their names; one that
// is left out, or has nothing beside it, does not pass.
func TestRegressionGateOfRenamedRuns(t *testing.T) {
	old := side(t, fixture.Folder(fixture.Options{Tasks: []string{"qnli", "sst2"}, Rows: 800, Steps: 1}))
	new := side(t, fixture.Folder(fixture.Options{Tasks: []string{"qnli", "mnli"}, Accountants: []string{"rdp"}, Rows: 800, Steps: 1, Shift: -0.2, Salt: 3}))
	comparison, err := eval.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	all := states(t, eval.Gates{NoRegression: "old"}, new.Report, comparison)
	for gate, want := range map[string]string{
		"no regression qnli-rdp-0 dev":   eval.Fail,
		"no regression mnli-rdp-0":       eval.Inconclusive,
		"no regression mnli-plain-0":     eval.Inconclusive,
		"no regression sst2-certified-0": eval.Inconclusive,
		"no regression sst2-plain-0":     eval.Inconclusive,
	} {
		if all[gate] != want {
			t.Errorf("%s: %q, want %q", gate, all[gate], want)
		}
	}
}

// An audit that finds more than the certified epsilon allows fails, asked or not.
func TestAuditGate(t *testing.T) {
	folder := tiny()
	const private = "sst2-certified-0/"
	edit(t, folder, private+"run.json", func(d map[string]any) { d["files"].(map[string]any)["audits"] = []any{"audit.jsonl"} })
	var text strings.Builder
	text.WriteString(`{"schema":"ewtune.audit/v1","kind":"gradient","canaries":20000,"guesses":20000,"delta":1e-5}` + "\n")
	for i := range 20000 {
		line := "{\"id\":%d,\"included\":true,\"score\":1}\n"
		if i%2 == 0 {
			line = "{\"id\":%d,\"included\":false,\"score\":0}\n"
		}
		text.WriteString(strings.Replace(line, "%d", strconv.Itoa(i), 1))
	}
	folder[private+"audit.jsonl"] = &fstest.MapFile{Data: []byte(text.String())}
	r, _ := build(t, folder)
	if lower := r.Run("sst2-certified-0").Audits[0].Lower; lower < 8 {
		t.Fatalf("audit of a model that betrays every canary gives %v, want more than 8", lower)
	}
	all := states(t, eval.Gates{MaxAudit: 100}, r, nil)
	if all["audit agrees sst2-certified-0"] != eval.Fail || all["max audit sst2-certified-0"] != eval.Pass {
		t.Errorf("states %v", all)
	}
}

func TestGatesValidate(t *testing.T) {
	for _, g := range []eval.Gates{{MinAccuracy: 82}, {Margin: -0.1}, {MaxEpsilon: math.Inf(1)}, {MaxDelta: math.NaN()}, {Tasks: map[string]eval.TaskGate{"sst2": {MinF1: 2}}}} {
		if err := g.Validate(); err == nil {
			t.Errorf("gates %+v were accepted", g)
		}
	}
}
