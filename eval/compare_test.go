package eval_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
)

func side(t *testing.T, folder fstest.MapFS) eval.Side {
	t.Helper()
	r, _ := build(t, folder)
	return eval.Side{Report: r, Folder: folder}
}

func TestCompareFindsADrop(t *testing.T) {
	old := side(t, fixture.Folder(fixture.Options{Steps: 1}))
	new := side(t, fixture.Folder(fixture.Options{Shift: -0.08, Salt: 1, Steps: 1}))
	c, err := eval.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Pairs) != 10 { // four tasks, MNLI twice, private and plain
		t.Fatalf("%d pairs, want 10", len(c.Pairs))
	}
	for _, p := range c.Pairs {
		if strings.Contains(p.New, "certified") && (p.Verdict != eval.Worse || p.PDropHolm > eval.Level) {
			t.Errorf("%s %s: %+.3f, p(drop) %.3g: %s, want worse", p.New, p.Split, p.Difference.Value, p.PDropHolm, p.Verdict)
		}
		if p.PHolm < p.P || p.PDropHolm < p.PDrop {
			t.Errorf("%s: Holm lowered a p-value", p.New)
		}
		if got := p.NewValue.Value - p.OldValue.Value; math.Abs(got-p.Difference.Value) > 1e-12 {
			t.Errorf("%s: difference %v, want %v", p.New, p.Difference.Value, got)
		}
	}
}

// The same predictions show nothing, and neither do others of the same accuracy.
func TestCompareOfEquals(t *testing.T) {
	old := side(t, fixture.Folder(fixture.Options{Steps: 1}))
	c, err := eval.Compare(old, old)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Pairs {
		if p.Verdict != eval.Same || p.P != 1 || p.Lost+p.Gained != 0 {
			t.Errorf("%s against itself: %+v", p.New, p)
		}
	}
}

func TestCompareRefusesOtherData(t *testing.T) {
	old, folder := side(t, tiny()), tiny()
	for name := range folder {
		if strings.Contains(name, "predictions") {
			folder[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(folder[name].Data), `"dataset":"0`, `"dataset":"1`, 1))}
		}
	}
	if _, err := eval.Compare(old, side(t, folder)); err == nil || !strings.Contains(err.Error(), "only predictions on the same rows can be compared") {
		t.Errorf("other data: error %v", err)
	}
	if _, err := eval.Compare(old, side(t, fixture.Folder(fixture.Options{Tasks: []string{"qnli"}, Rows: 60, Steps: 1}))); err == nil {
		t.Error("reports without a common run were compared")
	}
}

// A predictions file that is not the one of the report is refused, whatever it says.
func TestCompareChecksHashes(t *testing.T) {
	folder := tiny()
	s := side(t, folder)
	const name = "sst2-plain-0/predictions.dev.jsonl"
	folder[name] = &fstest.MapFile{Data: append([]byte{}, append(folder[name].Data, '\n')...)}
	if _, err := eval.Compare(s, s); err == nil || !strings.Contains(err.Error(), "the report was computed from") {
		t.Errorf("changed predictions: error %v", err)
	}
}

// Five seeds that all fall give p(drop) = 2^-5.
func TestCompareOverSeeds(t *testing.T) {
	o := fixture.Options{Tasks: []string{"qnli"}, Seeds: 5, Rows: 400, Steps: 1}
	old := side(t, fixture.Folder(o))
	o.Shift, o.Salt = -0.2, 9
	c, err := eval.Compare(old, side(t, fixture.Folder(o)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Seeds {
		if strings.Contains(s.Label, "certified") && (s.Seeds != 5 || s.PDrop != 1.0/32) {
			t.Errorf("%s: %+v, want p(drop) = 1/32 over five seeds", s.Label, s.SeedTest)
		}
	}
	if len(c.Seeds) != 2 {
		t.Errorf("%d series, want certified and plain", len(c.Seeds))
	}
}

// Under equal accuracy the verdict "worse" or "better" comes in at most Level of the pairs: of 400 pairs, more than
// 38 would be a chance of 1e-4 (binomial tail at 0.05).
func TestFalseAlarms(t *testing.T) {
	labels, source, alarms := []string{"no", "yes"}, rand.New(rand.NewPCG(5, 6)), 0
	for range 400 {
		old := fixture.Predictions("sst2", "dev", labels, 300, 0.5, 0.8, source)
		new := fixture.Predictions("sst2", "dev", labels, 300, 0.5, 0.8, source)
		pair, err := eval.ComparePredictions(old, new)
		if err != nil {
			t.Fatal(err)
		}
		if pair.P <= eval.Level {
			alarms++
		}
	}
	if alarms > 38 {
		t.Errorf("%d alarms in 400 equal pairs at level %v", alarms, eval.Level)
	}
}

func BenchmarkCompareQQP(b *testing.B) {
	labels, source := []string{"no", "yes"}, rand.New(rand.NewPCG(5, 6))
	old := fixture.Predictions("qqp", "dev", labels, 40430, 0.63, 0.8, source)
	new := fixture.Predictions("qqp", "dev", labels, 40430, 0.63, 0.8, source)
	for b.Loop() {
		if _, err := eval.ComparePredictions(old, new); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild60000(b *testing.B) {
	folder := fixture.Folder(fixture.Options{Tasks: []string{"sst2"}, Rows: 30000})
	for b.Loop() { // two runs of 30,000 predictions
		if _, err := eval.Build(folder); err != nil {
			b.Fatal(err)
		}
	}
}
