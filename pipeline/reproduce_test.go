package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// small is a matrix of two runs that takes a second or two: 300 rows, known seeds.
func small() ReproduceOptions {
	return ReproduceOptions{
		Tasks: []string{"mnli"}, Rows: 300, SeedAll: true, Jobs: 1,
		Private: Recipe{BatchSize: 60, Epochs: 3}, Public: Recipe{BatchSize: 60, Epochs: 1},
	}
}

func ignore(Stage) {}

// TestReproduce runs a small matrix end to end: what the report says must be what was asked for, a second call must change nothing,
// and other options must be refused.
func TestReproduce(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	var stages []Stage
	result, err := Reproduce(t.Context(), out, small(), func(s Stage) { stages = append(stages, s) })
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Runs) != 2 {
		t.Fatalf("%d runs, want one without privacy and one with", len(result.Runs))
	}
	private := result.Runs[0].Privacy
	if private == nil || result.Runs[1].Privacy != nil {
		t.Fatal("want the private run first, in the order of the names")
	}
	if e := private.Epsilon; !(e.Lower <= e.Upper && e.Upper <= 8 && e.Lower > 7.9) {
		t.Errorf("certified epsilon [%v, %v]: want just below 8", e.Lower, e.Upper)
	}
	if private.Steps != 15 || private.SamplingRate != 0.2 {
		t.Errorf("T = %d, q = %v: want 3*floor(300/60) = 15 and 60/300", private.Steps, private.SamplingRate)
	}
	if last := stages[len(stages)-1]; last.Run != 2 || last.Runs != 2 || last.Step != 15 || !last.Private || last.Epsilon <= 0 {
		t.Errorf("last progress %+v: want step 15 of the second of two runs, with its epsilon", last)
	}

	first := reportBytes(t, out)
	if _, err := Reproduce(t.Context(), out, small(), func(s Stage) {
		if s.Step > 0 {
			t.Errorf("a finished run was trained again: %+v", s)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, reportBytes(t, out)) {
		t.Error("the second call changed report.json")
	}
	other := small()
	other.Epsilons = []float64{3}
	if _, err := Reproduce(t.Context(), out, other, ignore); err == nil || !strings.Contains(err.Error(), "other options") {
		t.Errorf("other options: %v, want a refusal", err)
	}
}

// TestReproduceGoesOn stops a matrix in the middle of its private run; going on must give the predictions and the ledger of an
// uninterrupted matrix whose runs went side by side, to the byte.
func TestReproduceGoesOn(t *testing.T) {
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	together := small()
	together.Jobs = 2
	if _, err := Reproduce(t.Context(), whole, together, ignore); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err := Reproduce(ctx, parts, small(), func(s Stage) {
		if s.Run == 2 && s.Step == 7 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	if _, err := Reproduce(t.Context(), parts, small(), ignore); err != nil {
		t.Fatal(err)
	}
	const run = "runs/mnli-eps8-certified-lora-s0/"
	for _, name := range []string{"ledger.jsonl", "steps.jsonl", "predictions.dev.jsonl", "predictions.dev_mismatched.jsonl", "model/model.safetensors"} {
		want, err := os.ReadFile(filepath.Join(whole, run+name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(parts, run+name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from the uninterrupted run's (%v)", name, err)
		}
	}
}

// TestReproduceAfterAKill gives a call the folders that calls leave which are killed while they begin: at each the same command
// goes on.
func TestReproduceAfterAKill(t *testing.T) {
	options := small()
	options.Limit = 1
	for name, left := range map[string][]string{
		"folder":  nil,
		"lock":    {".lock"},
		"options": {".lock", "." + matrixFile + "-123"},
		"corpus":  {".lock", "corpus/MNLI/train.tsv"},
		"journal": {"shards/mnli/train/." + journalFile + "-123"},
	} {
		out := filepath.Join(t.TempDir(), "out")
		if err := os.Mkdir(out, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, file := range left {
			path := filepath.Join(out, file)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte("cut"), 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		if name == "corpus" || name == "journal" { // these come after the options
			complete, err := options.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			if err := complete.claim(filepath.Join(out, matrixFile)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Reproduce(t.Context(), out, options, ignore); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFolderIsLocked starts a second matrix in a folder in which one is running.
func TestFolderIsLocked(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	ctx, stop := context.WithCancel(t.Context())
	var second error
	Reproduce(ctx, out, small(), func(s Stage) {
		if s.Step == 1 {
			_, second = Reproduce(t.Context(), out, small(), ignore)
			stop()
		}
	})
	if second == nil || !strings.Contains(second.Error(), "another process") {
		t.Errorf("second matrix: %v, want a refusal", second)
	}
}

// TestReproduceRefuses wants one clear sentence for each bad input, and no step of training before it: what is wrong may belong to the
// matrix's last run.
func TestReproduceRefuses(t *testing.T) {
	dir := t.TempDir()
	existing := filepath.Join(dir, "existing")
	if err := errors.Join(os.Mkdir(existing, 0o777), os.WriteFile(filepath.Join(existing, "mine"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*ReproduceOptions)) ReproduceOptions {
		o := small()
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		out  string
		o    ReproduceOptions
		want string
	}{
		"existing folder": {existing, small(), "exists already"},
		"unknown task":    {"task", with(func(o *ReproduceOptions) { o.Tasks = []string{"cola"} }), "cola"},
		"large batch":     {"batch", with(func(o *ReproduceOptions) { o.Public.BatchSize = 500 }), "batch size 500"},
		"no tokenizer":    {"tokenizer", with(func(o *ReproduceOptions) { o.Data = dir }), "tokenizer"},
		"no data":         {"data", with(func(o *ReproduceOptions) { o.Data = filepath.Join(dir, "absent"); o.Tokenizer = dir }), "absent"},
		"last method":     {"method", with(func(o *ReproduceOptions) { o.Methods = []string{"lora", "lorra"} }), `method "lorra"`},
		"last budget":     {"last", with(func(o *ReproduceOptions) { o.Epsilons = []float64{8, -1} }), "epsilon -1"},
		"last delta":      {"delta", with(func(o *ReproduceOptions) { o.Deltas = []float64{1e-5, 2} }), "delta 2"},
		"no model":        {"model", with(func(o *ReproduceOptions) { o.Model = filepath.Join(dir, "absent") }), "absent"},
		"pooling":         {"pooling", with(func(o *ReproduceOptions) { o.Pooling = "max" }), `pooling "max"`},
		"negative jobs":   {"jobs", with(func(o *ReproduceOptions) { o.Jobs = -2 }), "jobs -2"},
		"negative budget": {"epsilon", with(func(o *ReproduceOptions) { o.Epsilons = []float64{-1} }), "epsilon -1"},
	} {
		out := c.out
		if !filepath.IsAbs(out) {
			out = filepath.Join(dir, "out-"+out)
		}
		_, err := Reproduce(t.Context(), out, c.o, func(s Stage) {
			if s.Step > 0 {
				t.Errorf("%s: trained %s before it was refused", name, s.Name)
			}
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one sentence with %q", name, err, c.want)
		}
	}
}

func reportBytes(t *testing.T, out string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
