package pipeline

import (
	"context"
	"math"
	"runtime"
	"testing"
)

// TestMemoryGate lets runs of 300 bytes into a machine that has 1000 free: one alone until it is measured, then as many as fit with
// the margin, and another only when one has ended.
func TestMemoryGate(t *testing.T) {
	const machine, run = 1000, 300
	taken := int64(0)
	g := &memoryGate{before: 50, used: func() int64 { return 50 + taken }, free: func() int64 { return machine - taken }}
	begin := func(want bool) {
		t.Helper()
		if got := g.admit(); got != want {
			t.Fatalf("with %d running and %d taken: admitted %v, want %v", g.running, taken, got, want)
		}
	}
	begin(true)
	begin(false) // nothing is known of the first yet
	taken = run
	g.measure()
	begin(true) // 700 free, 450 needed
	taken = 2 * run
	g.measure()
	begin(false) // 400 free
	g.leave()    // its memory stays with the process, which uses it again
	begin(true)
	begin(false)

	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := g.enter(ctx); err == nil {
		t.Error("a run that waits for memory must end with its context")
	}
	g.leave()
	g.leave()
	taken = machine
	begin(true) // one always may
}

// TestMemoryGateWithoutAnswer has a system that tells nothing: then nothing is held back once the first run has taken its steps.
func TestMemoryGateWithoutAnswer(t *testing.T) {
	g := &memoryGate{used: func() int64 { return 0 }, free: func() int64 { return 1<<63 - 1 }}
	if !g.admit() || g.admit() {
		t.Fatal("want the first run alone")
	}
	g.measure()
	for range 100 {
		if !g.admit() {
			t.Fatal("want no limit")
		}
	}
}

// TestMemoryIsTold reads the figures of this system, which Linux must give; elsewhere there is no limit.
func TestMemoryIsTold(t *testing.T) {
	used, free := processMemory(), freeMemory()
	if runtime.GOOS != "linux" {
		if used != 0 || free != math.MaxInt64 {
			t.Errorf("process %d, free %d bytes: want none and no limit", used, free)
		}
		return
	}
	if used < 1<<20 || used > 1<<40 || free < 1<<20 || free > 1<<50 {
		t.Errorf("process %d, free %d bytes: cannot be", used, free)
	}
}
