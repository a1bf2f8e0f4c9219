package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/ewtune/ewtune/datasets"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// letterVocabulary writes a WordPiece vocabulary of single letters, which spells every word.
func letterVocabulary(t testing.TB) string {
	t.Helper()
	tokens := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for c := '!'; c <= '~'; c++ {
		if c < 'A' || c > 'Z' {
			tokens = append(tokens, string(c), "##"+string(c))
		}
	}
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, "vocab.txt"), strings.Join(tokens, "\n")+"\n")
	return dir
}

func writeText(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// corpus writes a generated corpus of one task.
func corpus(t testing.TB, task string, rows int) string {
	t.Helper()
	dir := t.TempDir()
	err := datasets.Generate(t.Context(), datasets.GenerateOptions{Dir: dir, Tasks: []string{task}, TrainRows: rows, EvalRows: 50})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// checkedAllocator fails the test if Arrow memory is left.
func checkedAllocator(t testing.TB) *memory.CheckedAllocator {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

func preparation4(t testing.TB, task string, rows int) PrepareOptions {
	return PrepareOptions{
		Source:    datasets.OpenOptions{Path: corpus(t, task, rows), Task: task, Split: "train"},
		Tokenizer: letterVocabulary(t), Out: filepath.Join(t.TempDir(), "out"), ShardRows: 1024,
	}
}

// TestPreparedRowsAreTheTokenizedText reads every row back and compares it with the tokenizer's own answer.
func TestPreparedRowsAreTheTokenizedText(t *testing.T) {
	for _, task := range []string{"sst2", "mnli"} {
		for _, compression := range []string{"none", "zstd"} {
			t.Run(task+"/"+compression, func(t *testing.T) {
				mem := checkedAllocator(t)
				o := preparation4(t, task, 2500)
				o.Compression = compression
				m, err := prepare(t.Context(), o, mem)
				if err != nil {
					t.Fatal(err)
				}
				if m.Rows != 2500 || len(m.Shards) != 3 {
					t.Fatalf("%d rows in %d shards, want 2500 in 3", m.Rows, len(m.Shards))
				}
				compareRows(t, o, mem)
			})
		}
	}
}

func compareRows(t *testing.T, o PrepareOptions, mem memory.Allocator) {
	t.Helper()
	shards, err := openShards(o.Out, mem, 1<<21)
	if err != nil {
		t.Fatal(err)
	}
	defer shards.Close()
	tok, err := tokenizer.Load(o.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	input, err := datasets.Open(o.Source)
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	var want tokenizer.Encoding
	for row := range int64(shards.Len()) {
		text, err := input.Next()
		if err != nil {
			t.Fatal(err)
		}
		tok.Encode(&want, text.A, text.B, DefaultMaxLength)
		record, err := shards.Read(t.Context(), []int64{row})
		if err != nil {
			t.Fatal(err)
		}
		ids := record.Column(trainer.ColumnInputIDs).(*array.List).ListValues().(*array.Int32).Int32Values()
		types := record.Column(trainer.ColumnTokenTypeIDs).(*array.List).ListValues().(*array.Int8).Int8Values()
		label := record.Column(trainer.ColumnLabel).(*array.Int32).Value(0)
		if !equal(ids, want.IDs) || !equal(types, want.TypeIDs) || label != text.Label {
			t.Fatalf("row %d: %v %v %d, want %v %v %d", row, ids, types, label, want.IDs, want.TypeIDs, text.Label)
		}
		record.Release()
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestPrepareIsDeterministic requires the same bytes for any number of workers.
func TestPrepareIsDeterministic(t *testing.T) {
	o := preparation4(t, "qqp", 5000)
	var want string
	for _, workers := range []int{1, 2, 7} {
		for _, compression := range []string{"zstd"} {
			o.Out, o.Workers, o.Compression = filepath.Join(t.TempDir(), "out"), workers, compression
			m, err := prepare(t.Context(), o, checkedAllocator(t))
			if err != nil {
				t.Fatal(err)
			}
			if want == "" {
				want = m.Hash()
			}
			if m.Hash() != want {
				t.Errorf("%d workers: manifest %s, with one %s", workers, m.Hash(), want)
			}
		}
	}
}

// TestPrepareResumes cuts a run off and requires that the next keeps the finished shards and ends with the same bytes.
func TestPrepareResumes(t *testing.T) {
	o := preparation4(t, "sst2", 20000)
	o.Workers = 1 // so that the reader waits for the tokenizer when the run is cut off
	whole, err := prepare(t.Context(), o, checkedAllocator(t))
	if err != nil {
		t.Fatal(err)
	}
	o.Out = filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(rows int64) {
		if rows >= 3000 {
			cancel()
		}
	}
	if _, err := prepare(ctx, o, checkedAllocator(t)); !errors.Is(err, context.Canceled) {
		t.Fatalf("cut off: %v, want context.Canceled", err)
	}
	first := filepath.Join(o.Out, "shard-00000.arrow")
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	o.Progress = nil
	resumed, err := prepare(t.Context(), o, checkedAllocator(t))
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
		t.Error("the finished shard was written again")
	}
	if resumed.Hash() != whole.Hash() {
		t.Errorf("resumed: manifest %s, in one go %s", resumed.Hash(), whole.Hash())
	}
	if left, _ := filepath.Glob(filepath.Join(o.Out, "*.partial")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPreparePairWithEmptyText requires that a pair stays a pair when its second text is empty: two separators.
func TestPreparePairWithEmptyText(t *testing.T) {
	o := preparation4(t, "qnli", 10)
	writeText(t, filepath.Join(o.Source.Path, "QNLI", "train.tsv"), "index\tquestion\tsentence\tlabel\n0\ta\t\tentailment\n")
	m, err := prepare(t.Context(), o, checkedAllocator(t))
	if err != nil {
		t.Fatal(err)
	}
	if m.Tokens != 4 { // [CLS] a [SEP] [SEP]
		t.Errorf("%d tokens, want 4", m.Tokens)
	}
}

// TestPrepareResumesTwice cuts a run off, tears its journal, cuts the next run off too and requires that the third keeps
// what the second finished.
func TestPrepareResumesTwice(t *testing.T) {
	o := preparation4(t, "sst2", 20000)
	o.Workers = 1
	until := func(rows int64) {
		ctx, cancel := context.WithCancel(t.Context())
		o.Progress = func(n int64) {
			if n >= rows {
				cancel()
			}
		}
		if _, err := prepare(ctx, o, checkedAllocator(t)); !errors.Is(err, context.Canceled) {
			t.Fatalf("cut off: %v, want context.Canceled", err)
		}
	}
	until(3000)
	tear(t, filepath.Join(o.Out, journalFile))
	until(8000)
	before, err := os.Stat(filepath.Join(o.Out, shardName(4)))
	if err != nil {
		t.Fatal(err)
	}
	o.Progress = nil
	if _, err := prepare(t.Context(), o, checkedAllocator(t)); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(o.Out, shardName(4)))
	if err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the second run's shard was written again: %v", err)
	}
}

// TestCutOffBatchIsDone cuts a run off between the two stages that a batch is handed to: the writer, who waits for it, must
// be told.
func TestCutOffBatchIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ordered, told := make(chan *pending), make(chan struct{})
	go func() {
		batch := <-ordered
		cancel()
		<-batch.done
		close(told)
	}()
	batch := &pending{done: make(chan struct{})}
	if err := batch.send(ctx, nil, ordered); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	<-told
}
