package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "prism") }

// corpus makes a small generated corpus with its vocabulary.
func corpus(t *testing.T, task string, rows int) string {
	t.Helper()
	dir := t.TempDir()
	o := datasets.GenerateOptions{Dir: dir, Tasks: []string{task}, TrainRows: rows, EvalRows: 20}
	if err := datasets.Generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := pipeline.BuildVocabulary(t.Context(), dir, 500); err != nil {
		t.Fatal(err)
	}
	return dir
}

func testOptions(t *testing.T, task, data string) options {
	return options{Task: task, Split: "train", Data: data, Tokenizer: data, Out: filepath.Join(t.TempDir(), "out"), ShardRows: 1024}
}

// TestSameFilesAsLocal: every file of the folder equals the local path's.
func TestSameFilesAsLocal(t *testing.T) {
	for _, task := range []string{"sst2", "mnli"} {
		for _, compression := range []string{"none", "zstd"} {
			t.Run(task+"/"+compression, func(t *testing.T) {
				o := testOptions(t, task, corpus(t, task, 2500))
				o.Compression = compression
				if err := run(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				sameAsLocal(t, o)
			})
		}
	}
}

// TestOwnData: a table with columns of one's own, text that is not UTF-8 included.
func TestOwnData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.tsv")
	rows := strings.Repeat("good \xff film\tyes\nbad film\tno\n", 600)
	if err := os.WriteFile(file, []byte("review\tliked\n"+rows), 0o666); err != nil {
		t.Fatal(err)
	}
	o := testOptions(t, "", file)
	o.Tokenizer = corpus(t, "sst2", 200)
	o.Text, o.Label, o.Labels = "review", "liked", "no,yes"
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	sameAsLocal(t, o)
}

// TestSkippedRowsAreCounted: malformed rows are left out of both paths alike.
func TestSkippedRowsAreCounted(t *testing.T) {
	data := corpus(t, "sst2", 1500)
	path := filepath.Join(data, "SST-2", "train.tsv")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[700] = "a row without a label\n"
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o666); err != nil {
		t.Fatal(err)
	}
	o := testOptions(t, "sst2", data)
	o.SkipMalformed = true
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	m, err := pipeline.ReadManifest(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows != 1499 || m.Source.Skipped != 1 {
		t.Errorf("%d rows and %d skipped, want 1499 and 1", m.Rows, m.Source.Skipped)
	}
	sameAsLocal(t, o)
}

// TestBadInput: what is wrong is said before a job starts, and nothing is overwritten.
func TestBadInput(t *testing.T) {
	data := corpus(t, "sst2", 100)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "kept"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*options)
		want   string
	}{
		"no out":       {func(o *options) { o.Out = "" }, "must all be named"},
		"out is full":  {func(o *options) { o.Out = full }, "is not empty; nothing is overwritten"},
		"no tokenizer": {func(o *options) { o.Tokenizer = full }, "must hold tokenizer.json"},
		"no task":      {func(o *options) { o.Task = "cola" }, "cola"},
		"odd shards":   {func(o *options) { o.ShardRows = 1000 }, "shard-rows 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t, "sst2", data)
			c.change(&o)
			if err := run(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// sameAsLocal compares the folder with what the local path makes of the same options.
func sameAsLocal(t *testing.T, o options) {
	t.Helper()
	local := o.prepare()
	local.Out = filepath.Join(t.TempDir(), "local")
	if _, err := pipeline.Prepare(t.Context(), local); err != nil {
		t.Fatal(err)
	}
	sameFolders(t, o.Out, local.Out)
}

func sameFolders(t *testing.T, got, want string) {
	t.Helper()
	entries, err := os.ReadDir(want)
	if err != nil {
		t.Fatal(err)
	}
	found, err := os.ReadDir(got)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 2 || len(found) != len(entries) {
		t.Fatalf("%d files, want %d", len(found), len(entries))
	}
	for _, entry := range entries {
		a, errA := os.ReadFile(filepath.Join(got, entry.Name()))
		b, errB := os.ReadFile(filepath.Join(want, entry.Name()))
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s differs (%v, %v)", entry.Name(), errA, errB)
		}
	}
}
