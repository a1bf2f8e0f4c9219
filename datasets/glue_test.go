package datasets

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func glueFolder(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("EWTUNE_DATA")
	if dir == "" {
		t.Skip("EWTUNE_DATA is not set")
	}
	return dir
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll reads to the end; it fails on any error.
func readAll(t testing.TB, r Reader) []Row {
	t.Helper()
	defer r.Close()
	var rows []Row
	for {
		row, err := r.Next()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

// TestRealGLUE counts rows and labels of the real files; the numbers are those of the files' provenance.
func TestRealGLUE(t *testing.T) {
	dir := glueFolder(t)
	for _, c := range []struct {
		task, split string
		labels      []int // rows of each class
		first       string
	}{
		{"sst2", "train", []int{29780, 37569}, "hide new secretions from the parental units "},
		{"sst2", "dev", []int{428, 444}, "it 's a charming and often affecting journey . "},
		{"qnli", "train", []int{4523, 4476}, ""},
		{"qnli", "dev", []int{2702, 2761}, "What came into force after the new constitution was herald?"},
		{"qqp", "train", []int{5747, 3252}, ""},
		{"qqp", "dev", []int{25545, 14885}, "Why are African-Americans so beautiful?"},
		{"mnli", "train", []int{3061, 2980, 2958}, ""},
		{"mnli", "dev", []int{3479, 3123, 3213}, "The new rights are nice enough"},
		{"mnli", "dev_mismatched", []int{3463, 3129, 3240}, ""},
		{"mnli", "holdout", []int{347, 333, 320}, "Salt kept the town fed."},
	} {
		t.Run(c.task+"/"+c.split, func(t *testing.T) {
			task, err := TaskByName(c.task)
			if err != nil {
				t.Fatal(err)
			}
			r, err := OpenGLUE(dir, task, c.split)
			if err != nil {
				t.Fatal(err)
			}
			rows := readAll(t, r)
			counts := make([]int, len(task.Labels))
			for i, row := range rows {
				if row.ID != int64(i) {
					t.Fatalf("row %d has id %d", i, row.ID)
				}
				counts[row.Label]++
			}
			for class, want := range c.labels {
				if counts[class] != want {
					t.Errorf("class %s: %d rows, want %d", task.Labels[class], counts[class], want)
				}
			}
			if c.first != "" && rows[0].A != c.first {
				t.Errorf("first row %q, want %q", rows[0].A, c.first)
			}
		})
	}
}

// TestRealGLUEVariants reads a test file without labels and the k-shot folders.
func TestRealGLUEVariants(t *testing.T) {
	dir := glueFolder(t)
	input, err := Open(OpenOptions{Path: dir, Task: "qnli", Split: "test"})
	if err != nil {
		t.Fatal(err)
	}
	rows := readAll(t, input)
	if len(rows) != 5463 || rows[0].Label != Unlabelled {
		t.Errorf("%d rows, first label %d; want 5463 without label", len(rows), rows[0].Label)
	}
	for _, seed := range []string{"13", "21", "42", "87", "100"} {
		for task, want := range map[string]int{"SST-2": 32, "QNLI": 32, "QQP": 32, "MNLI": 48} {
			for _, split := range []string{"train", "dev"} {
				input, err := Open(OpenOptions{Path: filepath.Join(dir, task, "k-shot", "16-"+seed), Task: task, Split: split})
				if err != nil {
					t.Fatal(err)
				}
				counts := map[int32]int{}
				for _, row := range readAll(t, input) {
					counts[row.Label]++
				}
				for class, n := range counts {
					if n != 16 || len(counts)*16 != want {
						t.Errorf("%s seed %s %s: %d rows of class %d, want 16", task, seed, split, n, class)
					}
				}
			}
		}
	}
}

// TestGLUEText holds what must come through unchanged: bare quotes, blanks at the ends, carriage returns, no last newline.
func TestGLUEText(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Row
	}{
		{"quotes", "sentence\tlabel\n\"half quoted\t1\n", []Row{{0, "\"half quoted", "", 1}}},
		{"blanks", "sentence\tlabel\n a b \t0\n", []Row{{0, " a b ", "", 0}}},
		{"windows", "sentence\tlabel\r\na\t0\r\nb\t1\r\n", []Row{{0, "a", "", 0}, {1, "b", "", 1}}},
		{"no last newline", "sentence\tlabel\na\t0", []Row{{0, "a", "", 0}}},
		{"byte order mark", "\ufeffsentence\tlabel\na\t0\n", []Row{{0, "a", "", 0}}},
		{"other order", "label\tid\tsentence\n1\tx\ta\n", []Row{{0, "a", "", 1}}},
		{"empty text", "sentence\tlabel\n\t0\n", []Row{{0, "", "", 0}}},
		{"no label column", "index\tsentence\n0\ta\n", []Row{{0, "a", "", Unlabelled}}},
		{"invalid UTF-8", "sentence\tlabel\na\xff\xfeb\t0\n", []Row{{0, "a\xff\xfeb", "", 0}}},
		{"long line", "sentence\tlabel\n" + strings.Repeat("x", 1<<20) + "\t0\n", []Row{{0, strings.Repeat("x", 1<<20), "", 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "SST-2", "dev.tsv"), c.text)
			r, err := OpenGLUE(dir, sst2(), "dev")
			if err != nil {
				t.Fatal(err)
			}
			rows := readAll(t, r)
			if len(rows) != len(c.want) {
				t.Fatalf("%d rows, want %d", len(rows), len(c.want))
			}
			for i := range rows {
				if rows[i] != c.want[i] {
					t.Errorf("row %d: %+v, want %+v", i, rows[i], c.want[i])
				}
			}
		})
	}
}

// TestGLUEBadRows requires an error that names file and line, and that reading goes on after it.
func TestGLUEBadRows(t *testing.T) {
	for _, c := range []struct{ name, row, want string }{
		{"too few columns", "alone", "dev.tsv:3: 1 columns: the header has 2"},
		{"too many columns", "a\t1\tmore", "dev.tsv:3: 3 columns: the header has 2"},
		{"unknown label", "a\t2", `dev.tsv:3: label "2": must be one of 0, 1`},
		{"no label", "a\t", `dev.tsv:3: label "": must be one of 0, 1`},
		{"empty line", "", "dev.tsv:3: 1 columns: the header has 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "dev.tsv"), "sentence\tlabel\nfirst\t0\n"+c.row+"\nlast\t1\n")
			r, err := OpenGLUE(dir, sst2(), "dev")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
			_, err = r.Next()
			var bad *RowError
			if !errors.As(err, &bad) || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("got %v, want a RowError %q", err, c.want)
			}
			if row, err := r.Next(); err != nil || row.A != "last" || row.ID != 1 {
				t.Errorf("after it: %+v, %v; want row 1, last", row, err)
			}
		})
	}
}

// TestGLUEBadFiles requires an error at opening.
func TestGLUEBadFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "empty", "dev.tsv"), "")
	write(t, filepath.Join(dir, "other", "dev.tsv"), "text\tlabel\n")
	for _, c := range []struct{ dir, split, want string }{
		{"empty", "dev", "empty file"},
		{"other", "dev", `dev.tsv:1: column "sentence" is missing: the header has text, label`},
		{"other", "train", "needs SST-2/train.tsv or train.sample.tsv"},
		{"other", "valid", `split "valid": sst2 has train, dev, test, holdout`},
	} {
		if _, err := OpenGLUE(filepath.Join(dir, c.dir), sst2(), c.split); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: got %v, want an error with %q", c.dir, c.split, err, c.want)
		}
	}
	if _, err := OpenGLUE(dir, sst2(), "dev"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v, want fs.ErrNotExist", err)
	}
	if _, err := TaskByName("cola"); err == nil || !strings.Contains(err.Error(), "sst2, qnli, qqp, mnli") {
		t.Errorf("unknown task: got %v", err)
	}
}

// FuzzGLUE requires that any file either opens or is refused, and that reading ends.
func FuzzGLUE(f *testing.F) {
	f.Add("sentence\tlabel\na\t0\n")
	f.Add("sentence\tlabel\r\n\r\n\t\t\t\n")
	f.Add("\ufeff")
	f.Fuzz(func(t *testing.T, text string) {
		in, err := newTSV("f.tsv", strings.NewReader(text), sst2())
		if err != nil {
			return
		}
		r := &tableReader{table: in, task: sst2(), file: io.NopCloser(nil)}
		for lines := 0; ; lines++ {
			_, err := r.Next()
			if err == io.EOF {
				return
			}
			var bad *RowError
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			if lines > len(text) {
				t.Fatal("more rows than bytes")
			}
		}
	})
}
