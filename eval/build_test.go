package eval_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ewtune/ewtune/accountant"
	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
)

// build makes a report and its bytes, both of which must succeed.
func build(t *testing.T, folder fs.FS) (*eval.Report, []byte) {
	t.Helper()
	r, err := eval.Build(folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return r, text
}

func small() fstest.MapFS { return fixture.Folder(fixture.Options{Tasks: []string{"sst2"}, Rows: 60}) }

// tiny is small with a plan of one step, which is priced in microseconds.
func tiny() fstest.MapFS {
	return fixture.Folder(fixture.Options{Tasks: []string{"sst2"}, Rows: 60, Steps: 1})
}

func TestBuildIsTheSameToTheByte(t *testing.T) {
	_, first := build(t, fixture.Folder(fixture.Options{Rows: 100, Steps: 1}))
	r, second := build(t, fixture.Folder(fixture.Options{Rows: 100, Steps: 1}))
	if !bytes.Equal(first, second) {
		t.Error("two reports of the same folder differ")
	}
	again, err := eval.ReadReport(second, "report.json")
	if err != nil {
		t.Fatal(err)
	}
	third, err := again.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(second, third) {
		t.Error("a report that was read is not the one that was written")
	}
	if len(r.Runs) != 8 || len(r.Settings) != 8 {
		t.Errorf("%d runs in %d settings, want 8 in 8", len(r.Runs), len(r.Settings))
	}
}

func TestBuildPricesTheLedger(t *testing.T) {
	r, _ := build(t, small())
	p := r.Run("sst2-certified-0").Privacy
	if p == nil || !p.Guarantee || !p.ClaimHolds {
		t.Fatalf("privacy = %+v, want a guarantee within the claim", p)
	}
	if p.Steps != 101 || p.NoiseMultiplier != 0.5928 {
		t.Errorf("%d steps with noise %v, want the ledger's 101 and 0.5928", p.Steps, p.NoiseMultiplier)
	}
	if !(p.Epsilon.Lower <= p.Epsilon.Upper && p.Epsilon.Upper <= 8) {
		t.Errorf("epsilon = %v, want an interval below 8", p.Epsilon)
	}
	if b := r.Run("sst2-certified-0").Baseline; b == nil || b.Run != "sst2-plain-0" {
		t.Errorf("baseline = %v, want sst2-plain-0", b)
	}
	points := r.Run("sst2-certified-0").Curves.Points
	if last := points[len(points)-1]; last.Epsilon == nil || *last.Epsilon < p.Epsilon.Upper || *last.Epsilon > p.Epsilon.Upper+1e-5 {
		t.Errorf("epsilon after the last step = %v, want the run's %v", last.Epsilon, p.Epsilon.Upper)
	}
}

// edit decodes a JSON file of the folder, changes it and puts it back.
func edit(t *testing.T, folder fstest.MapFS, name string, change func(map[string]any)) {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(folder[name].Data, &document); err != nil {
		t.Fatal(err)
	}
	change(document)
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	folder[name] = &fstest.MapFile{Data: text}
}

func TestBuildBadFolders(t *testing.T) {
	const private = "sst2-certified-0/"
	for _, c := range []struct {
		name    string
		spoil   func(fstest.MapFS)
		message string
	}{
		{"no run", func(f fstest.MapFS) { clear(f) }, "no run.json"},
		{"missing predictions", func(f fstest.MapFS) { delete(f, private+"predictions.dev.jsonl") }, "predictions.dev.jsonl"},
		{"missing ledger", func(f fstest.MapFS) { delete(f, private+"ledger.jsonl") }, "ledger.jsonl"},
		{"newer run", func(f fstest.MapFS) {
			edit(t, f, private+"run.json", func(d map[string]any) { d["schema"] = "ewtune.run/v9" })
		}, "a newer ewtune wrote it"},
		{"other task", func(f fstest.MapFS) { edit(t, f, private+"run.json", func(d map[string]any) { d["task"] = "qqp" }) }, `task "sst2": run sst2-certified-0 is of task "qqp"`},
		{"outside path", func(f fstest.MapFS) {
			edit(t, f, private+"run.json", func(d map[string]any) { d["files"].(map[string]any)["steps"] = "../steps.jsonl" })
		}, `"../steps.jsonl": must be a clean path below run.json`},
		{"same name twice", func(f fstest.MapFS) {
			edit(t, f, private+"run.json", func(d map[string]any) { d["name"] = "sst2-plain-0"; delete(d, "baseline") })
		}, `run name "sst2-plain-0": used in both`},
		{"unknown baseline", func(f fstest.MapFS) { edit(t, f, private+"run.json", func(d map[string]any) { d["baseline"] = "x" }) }, `baseline "x": no run of that name`},
		{"private baseline", func(f fstest.MapFS) {
			edit(t, f, private+"run.json", func(d map[string]any) { d["baseline"] = "sst2-certified-0" })
		}, "must be a run without privacy"},
		{"steps not ascending", func(f fstest.MapFS) {
			f[private+"steps.jsonl"] = &fstest.MapFile{Data: []byte("{\"step\":2}\n{\"step\":2}\n")}
		}, "steps.jsonl:2: step 2: must be positive and ascending"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := tiny()
			c.spoil(folder)
			_, err := eval.Build(folder)
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %v, want one with %q", err, c.message)
			}
		})
	}
}

// What the ledger says against the claim decides the guarantee.
func TestGuaranteeFollowsTheLedger(t *testing.T) {
	for _, c := range []struct {
		name       string
		spoil      func(run map[string]any)
		assumption string
		holds      bool // the claim
	}{
		{"more steps than priced", func(run map[string]any) { phase(run)["steps"] = 100.0 }, "executed as priced", false},
		{"fewer steps than priced", func(run map[string]any) { phase(run)["steps"] = 102.0 }, "", true},
		{"less noise than priced", func(run map[string]any) { phase(run)["noise_multiplier"] = 0.6 }, "executed as priced", false},
		{"another clip", func(run map[string]any) { run["privacy"].(map[string]any)["clipping_norm"] = 1.0 }, "executed as priced", false},
		{"a smaller claim", func(run map[string]any) { run["privacy"].(map[string]any)["epsilon"] = 2.0 }, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := small()
			edit(t, folder, "sst2-certified-0/run.json", c.spoil)
			r, _ := build(t, folder)
			p := r.Run("sst2-certified-0").Privacy
			if p.ClaimHolds != c.holds {
				t.Errorf("claim holds = %v, want %v", p.ClaimHolds, c.holds)
			}
			for _, a := range p.Assumptions {
				if (a.State == eval.Broken) != (a.Name == c.assumption) {
					t.Errorf("%s %s: %s", a.Name, a.State, a.Why)
				}
			}
		})
	}
}

func phase(run map[string]any) map[string]any {
	plan := run["privacy"].(map[string]any)["plan"].(map[string]any)
	return plan["phases"].([]any)[0].(map[string]any)
}

func TestSettingsAndContrasts(t *testing.T) {
	r, _ := build(t, fixture.Folder(fixture.Options{Tasks: []string{"sst2"}, Seeds: 5, Accountants: []string{"certified", "rdp"}, Rows: 200, Steps: 1}))
	if len(r.Settings) != 3 {
		t.Fatalf("%d settings, want certified, rdp and plain", len(r.Settings))
	}
	for _, s := range r.Settings {
		if len(s.Runs) != 5 || len(s.Splits) != 1 || len(s.Splits[0].Values) != 5 {
			t.Errorf("setting %s %s: %d runs, splits %v", s.Task, s.Accountant, len(s.Runs), s.Splits)
		}
	}
	if len(r.Tests) != 1 || r.Tests[0].Seeds != 5 || r.Tests[0].P < 0.0625 {
		t.Errorf("tests = %+v, want one over five seeds with p at least 2/32", r.Tests)
	}
}

// Editing any leaf of report.json, any file, or removing either, is found and named.
func TestVerifyFindsEveryEdit(t *testing.T) {
	folder := tiny()
	_, text := build(t, folder)
	if v, err := eval.Verify(folder, text); err != nil || len(v.Problems) > 0 || v.Files != 7 || v.Figures < 200 {
		t.Fatalf("an untouched report: %+v, %v", v, err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	leaves := 0
	mutate(document, "", func(where string) {
		leaves++
		if leaves%7 != 0 { // every seventh leaf keeps the test within seconds
			return
		}
		changed, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		v, err := eval.Verify(folder, changed)
		if err == nil && len(v.Problems) == 0 {
			t.Errorf("edit of %s was not found", where)
		}
	})
	if leaves < 200 {
		t.Errorf("only %d leaves were edited", leaves)
	}
}

// mutate changes each leaf of a document in turn, calls found, and changes it back.
func mutate(node any, where string, found func(where string)) {
	switch n := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(n)) {
			mutateEntry(n[key], where+"."+key, func(v any) { n[key] = v }, found)
		}
	case []any:
		for i := range n {
			mutateEntry(n[i], fmt.Sprintf("%s[%d]", where, i), func(v any) { n[i] = v }, found)
		}
	}
}

func mutateEntry(value any, where string, set func(any), found func(string)) {
	switch v := value.(type) {
	case float64:
		set(v + 1)
	case string:
		set(v + "x")
	case bool:
		set(!v)
	default:
		mutate(value, where, found)
		return
	}
	found(where)
	set(value)
}

// What an accountant computed may differ in the last digits, as it does from version to version and from processor to processor,
// and in no digit that anyone reads: one more in the sixth is found. No other figure may differ at all.
func TestVerifyLetsLastDigitsOfAccountantsPass(t *testing.T) {
	accountants := regexp.MustCompile(`\.privacy\.((epsilon|remove|add|pld)\.|edgeworth|rdp$|mu$|trade_off.*beta$)|\.curves.*epsilon$`)
	folder := tiny()
	_, text := build(t, folder)
	// tried changes every number by a share of it, all at once, and tells which changes were found.
	tried := func(change float64) map[string]bool {
		var document any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		numbers(document, "", func(where string, value float64) float64 {
			if value == math.Trunc(value) { // counts, which no report holds with decimals
				return value
			}
			found[where] = false
			return value * (1 + change)
		})
		changed, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		v, err := eval.Verify(folder, changed)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range v.Problems {
			found[p.Where] = true
		}
		return found
	}
	for _, sign := range []float64{1, -1} {
		passed := 0
		for where, found := range tried(sign * 1e-12) {
			if found == accountants.MatchString(where) {
				t.Errorf("a change of %v of %s: found %v", sign*1e-12, where, found)
			} else if !found {
				passed++
			}
		}
		if passed < 30 {
			t.Errorf("%d figures of accountants changed by 1e-12 passed, want 30 or more", passed)
		}
		for where, found := range tried(sign * 1e-6) {
			if !found {
				t.Errorf("one more in the sixth digit of %s was not found", where)
			}
		}
	}
}

// numbers puts change(where, x) in the place of each number of a document.
func numbers(node any, where string, change func(where string, value float64) float64) any {
	switch n := node.(type) {
	case map[string]any:
		for key := range n {
			n[key] = numbers(n[key], where+"."+key, change)
		}
	case []any:
		for i := range n {
			n[i] = numbers(n[i], fmt.Sprintf("%s[%d]", where, i), change)
		}
	case float64:
		return change(where, n)
	}
	return node
}

func TestVerifyFindsFiles(t *testing.T) {
	for name := range tiny() {
		folder := tiny()
		_, text := build(t, folder)
		kept := folder[name].Data
		delete(folder, name)
		expectProblem(t, "without "+name, folder, text, name)
		changed := bytes.Replace(kept, []byte("1"), []byte("2"), 1)
		folder[name] = &fstest.MapFile{Data: changed}
		expectProblem(t, "with another "+name, folder, text, name)
	}
}

func expectProblem(t *testing.T, what string, folder fs.FS, text []byte, where string) {
	t.Helper()
	v, err := eval.Verify(folder, text)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !slices.ContainsFunc(v.Problems, func(p eval.Problem) bool { return p.Where == where }) {
		t.Errorf("%s: problems %v do not name it", what, v.Problems)
	}
}

// A figure that was taken out of one of our own reports is missed.
func TestVerifyFindsRemovedFigures(t *testing.T) {
	folder := tiny()
	_, text := build(t, folder)
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	delete(document["runs"].([]any)[0].(map[string]any)["privacy"].(map[string]any), "rdp")
	changed, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	expectProblem(t, "without rdp", folder, changed, ".runs[0].privacy.rdp")
}

// A report made elsewhere has predictions and states a few figures; those are verified.
func TestVerifyElsewhere(t *testing.T) {
	folder := fstest.MapFS{"p.jsonl": tiny()["sst2-plain-0/predictions.dev.jsonl"]}
	const text = `{"schema":"ewtune.eval/v1","runs":[{"folder":".","run":{"schema":"ewtune.run/v1","name":"theirs","task":"sst2","data":{"name":"d","rows":10},"files":{"predictions":["p.jsonl"]}},
"splits":[{"split":"dev","file":"p.jsonl","metrics":{"rows":60,"accuracy":{"value":%s}}}]}]}`
	r, _ := build(t, tiny())
	accuracy := fmt.Sprint(r.Run("sst2-plain-0").Split("dev").Metrics.Accuracy.Value)
	v, err := eval.Verify(folder, fmt.Appendf(nil, text, accuracy))
	if err != nil || len(v.Problems) > 0 {
		t.Errorf("a true report from elsewhere: %v, %v", v, err)
	}
	expectProblem(t, "a false accuracy", folder, fmt.Appendf(nil, text, "0.99"), ".runs[0].splits[0].metrics.accuracy.value")
}

// A ledger of two phases is priced as both, and a tuning event as the choice among trials.
func TestPhasesAndTuning(t *testing.T) {
	plan := accountant.Plan{Phases: []accountant.Phase{{SamplingRate: 0.03, NoiseMultiplier: 1, Steps: 100}, {SamplingRate: 0.03, NoiseMultiplier: 2, Steps: 50}}}
	folder := small()
	folder["sst2-certified-0/ledger.jsonl"] = &fstest.MapFile{Data: fixture.Ledger(plan, 1e-5, 5, false)}
	edit(t, folder, "sst2-certified-0/run.json", func(run map[string]any) {
		claim := run["privacy"].(map[string]any)
		claim["plan"] = plan
		claim["trials"] = 3.0
	})
	r, _ := build(t, folder)
	p := r.Run("sst2-certified-0").Privacy
	if p.Steps != 150 || len(p.Phases) != 2 || !p.Guarantee {
		t.Errorf("%d steps in %d phases, guarantee %v: want 150 in 2", p.Steps, len(p.Phases), p.Guarantee)
	}
	if p.AllTrials == nil || p.AllTrials.Lower <= p.Epsilon.Upper {
		t.Errorf("all three trials cost %v, one costs %v", p.AllTrials, p.Epsilon)
	}
	plan.Tuning = &accountant.Tuning{Distribution: accountant.PoissonTrials, Mean: 3}
	folder["sst2-certified-0/ledger.jsonl"] = &fstest.MapFile{Data: fixture.Ledger(plan, 1e-5, 5, false)}
	tuned, _ := build(t, folder)
	if q := tuned.Run("sst2-certified-0").Privacy; q.Epsilon.Upper <= p.Epsilon.Upper || q.AllTrials != nil {
		t.Errorf("epsilon with tuning %v, without %v: want more, and no price of all trials", q.Epsilon, p.Epsilon)
	}
}

// A ledger whose noise seed is known voids the guarantee.
func TestSeedDisclosed(t *testing.T) {
	plan := accountant.Homogeneous(2000.0/67349, 0.5928, 1)
	folder := tiny()
	folder["sst2-certified-0/ledger.jsonl"] = &fstest.MapFile{Data: fixture.Ledger(plan, 1e-5, 5, true)}
	r, _ := build(t, folder)
	if p := r.Run("sst2-certified-0").Privacy; p.Guarantee || p.ClaimHolds || !p.SeedDisclosed {
		t.Errorf("guarantee %v, claim %v with a disclosed seed", p.Guarantee, p.ClaimHolds)
	}
}
