//go:build linux

package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// TestPrepareOnAFullDisk lets the third shard be written to /dev/full: the error names it, the finished shards stay, and
// the run goes on when there is room again.
func TestPrepareOnAFullDisk(t *testing.T) {
	o := preparation4(t, "sst2", 3000)
	whole, err := prepare(t.Context(), withOut(o, filepath.Join(t.TempDir(), "whole")), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	cutOff(t, o)
	if err := os.Symlink("/dev/full", filepath.Join(o.Out, shardName(2)+".partial")); err != nil {
		t.Fatal(err)
	}
	_, err = prepare(t.Context(), o, checkedAllocator(t))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), shardName(2)) {
		t.Fatalf("got %v, want ENOSPC and the shard's name", err)
	}
	for i := range 2 {
		if found, err := identify(filepath.Join(o.Out, shardName(i))); err != nil || found.SHA256 != whole.Shards[i].SHA256 {
			t.Errorf("shard %d: %v, %v; want it whole", i, found, err)
		}
	}
	again, err := prepare(t.Context(), o, checkedAllocator(t))
	if err != nil || again.Hash() != whole.Hash() {
		t.Errorf("with room again: %v", err)
	}
}
