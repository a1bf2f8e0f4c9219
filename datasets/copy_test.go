package datasets

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestCopyGLUE copies a sample, which has no promised size, and refuses what is not GLUE's.
func TestCopyGLUE(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "SST-2", "train.sample.tsv"), "sentence\tlabel\na\t0\n")
	if err := CopyGLUE(t.Context(), from, to, sst2()); err != nil {
		t.Fatal(err)
	}
	input, err := Open(OpenOptions{Path: to, Task: "sst2", Split: "train"})
	if err != nil {
		t.Fatal(err)
	}
	if rows := readAll(t, input); len(rows) != 1 || rows[0].A != "a" {
		t.Errorf("copied rows %+v", rows)
	}
	if err := CopyGLUE(t.Context(), from, to, sst2()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("copied again: got %v, want fs.ErrExist", err)
	}
	if err := CopyGLUE(t.Context(), from, t.TempDir(), qnli()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing task: got %v, want fs.ErrNotExist", err)
	}
	write(t, filepath.Join(from, "SST-2", "dev.tsv"), "sentence\tlabel\na\t0\n")
	if err := CopyGLUE(t.Context(), from, t.TempDir(), sst2()); err == nil || !strings.Contains(err.Error(), "1 rows: GLUE's file has 872") {
		t.Errorf("short dev set: got %v", err)
	}
	write(t, filepath.Join(from, "SST-2", "dev.tsv"), "sentence\tlabel\na\t7\n")
	if err := CopyGLUE(t.Context(), from, t.TempDir(), sst2()); err == nil || !strings.Contains(err.Error(), "dev.tsv:2: label") {
		t.Errorf("bad label: got %v", err)
	}
}
