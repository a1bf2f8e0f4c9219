package datasets

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func generate(t testing.TB, o GenerateOptions) string {
	t.Helper()
	o.Dir = t.TempDir()
	if err := Generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o.Dir
}

// TestGeneratedCorpus reads every split back with the GLUE reader and requires its size, balanced classes, and that no
// example stands in two splits, in either order of a pair.
func TestGeneratedCorpus(t *testing.T) {
	dir := generate(t, GenerateOptions{TrainRows: 6000, EvalRows: 1500})
	for _, task := range Tasks() {
		t.Run(task.Name, func(t *testing.T) {
			home := map[[2]string]string{}
			for _, split := range task.Splits {
				if split.Name == "holdout" {
					continue
				}
				r, err := OpenGLUE(dir, task, split.Name)
				if err != nil {
					t.Fatal(err)
				}
				rows := readAll(t, r)
				checkRows(t, task, split, rows)
				for _, row := range rows {
					pair := [2]string{min(row.A, row.B), max(row.A, row.B)}
					if other, ok := home[pair]; ok && other != split.Name {
						t.Fatalf("%q stands in %s and %s", pair, other, split.Name)
					}
					home[pair] = split.Name
				}
			}
		})
	}
}

func checkRows(t *testing.T, task Task, split Split, rows []Row) {
	t.Helper()
	want := 1500
	if split.Name == "train" {
		want = 6000
	}
	counts := map[int32]int{}
	for _, row := range rows {
		counts[row.Label]++
	}
	if len(rows) != want || split.Labelled != (counts[Unlabelled] == 0) {
		t.Fatalf("%s: %d rows of which %d unlabelled, want %d", split.Name, len(rows), counts[Unlabelled], want)
	}
	// A class is drawn with probability 1/k; five standard deviations fail with probability 6e-7.
	for class := range task.Labels {
		share := 1 / float64(len(task.Labels))
		off := float64(counts[int32(class)]) - share*float64(want)
		if split.Labelled && off*off > 25*share*(1-share)*float64(want) {
			t.Errorf("%s: class %d has %d of %d rows", split.Name, class, counts[int32(class)], want)
		}
	}
}

// TestGeneratedIsDeterministic requires the same files from the same seed, others from another, and that a longer corpus
// begins with the shorter one.
func TestGeneratedIsDeterministic(t *testing.T) {
	read := func(dir, file string) string {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	o := GenerateOptions{TrainRows: 200, EvalRows: 50}
	first, again := generate(t, o), generate(t, o)
	o.TrainRows = 300
	longer := generate(t, o)
	o.Seed = 1
	other := generate(t, o)
	for _, task := range Tasks() {
		file := filepath.Join(task.Folder, "train.tsv")
		if read(first, file) != read(again, file) {
			t.Errorf("%s differs between two runs", file)
		}
		if !strings.HasPrefix(read(longer, file), read(first, file)) {
			t.Errorf("%s: 300 rows do not begin with the 200", file)
		}
		if read(other, file) == read(longer, file) {
			t.Errorf("%s is the same for another seed", file)
		}
	}
}

// TestGeneratedColumns compares the headers with those of the original files.
func TestGeneratedColumns(t *testing.T) {
	const parses = "\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2"
	dir := generate(t, GenerateOptions{TrainRows: 1, EvalRows: 1})
	for file, want := range map[string]string{
		"SST-2/train.tsv":       "sentence\tlabel",
		"SST-2/test.tsv":        "index\tsentence",
		"QNLI/dev.tsv":          "index\tquestion\tsentence\tlabel",
		"QNLI/test.tsv":         "index\tquestion\tsentence",
		"QQP/train.tsv":         "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
		"QQP/test.tsv":          "id\tquestion1\tquestion2",
		"MNLI/train.tsv":        "index\tpromptID\tpairID\tgenre" + parses + "\tlabel1\tgold_label",
		"MNLI/dev_matched.tsv":  "index\tpromptID\tpairID\tgenre" + parses + "\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label",
		"MNLI/test_matched.tsv": "index\tpromptID\tpairID\tgenre" + parses,
		"MNLI/dev_mismatched.tsv": "index\tpromptID\tpairID\tgenre" + parses +
			"\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label",
	} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if header, _, _ := strings.Cut(string(data), "\n"); header != want {
			t.Errorf("%s: header %q, want %q", file, header, want)
		}
	}
}

// TestInferenceLabels checks labels of the grammar against the event that they were made from, in a way of its own: a
// contradiction names an opposite or denies; what follows never denies the event's own verb.
func TestInferenceLabels(t *testing.T) {
	var d dice
	for row := range uint64(5000) {
		d.reseed(3, 1, row)
		e := drawEvent(&d, 0)
		if s := entailed(&d, e); strings.Contains(s, "did not "+e.action.base+" ") || strings.Contains(s, " "+e.action.oppositePast+" the") {
			t.Fatalf("does not follow from %+v: %s", e, s)
		}
		if s := contradicted(&d, e); strings.Contains(s, " "+e.action.past+" ") || strings.Contains(s, "did not "+e.action.oppositeBase+" ") {
			t.Fatalf("does not contradict %+v: %s", e, s)
		}
	}
}

// TestGenerateRefuses lists what is refused, and that nothing is left of a run that was cut off.
func TestGenerateRefuses(t *testing.T) {
	dir := generate(t, GenerateOptions{TrainRows: 10, EvalRows: 10})
	if err := Generate(t.Context(), GenerateOptions{Dir: dir}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("existing folder: got %v, want fs.ErrExist", err)
	}
	if err := Generate(t.Context(), GenerateOptions{Dir: dir, TrainRows: -1}); err == nil {
		t.Error("negative rows: no error")
	}
	if err := Generate(t.Context(), GenerateOptions{Dir: dir, Tasks: []string{"cola"}}); err == nil {
		t.Error("unknown task: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fresh := t.TempDir()
	if err := Generate(ctx, GenerateOptions{Dir: fresh}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(fresh, "*", "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, task := range Tasks() {
		b.Run(task.Name, func(b *testing.B) {
			part := corpusParts(task)[0]
			var d dice
			for i := range b.N {
				part.example(&d, 0, int64(i))
			}
		})
	}
}
