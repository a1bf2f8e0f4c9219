package pipeline

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"time"
)

// memoryGate holds runs back until the machine has memory for one more. What a run takes is measured, since it depends on the model,
// the method and the lengths of a lot's rows: until the first run has taken two steps no other begins, and from then on one begins
// when memoryMargin times what each of those running takes is free. One run is always let in.
type memoryGate struct {
	mutex   sync.Mutex
	running int
	each    int64 // most bytes that a run was seen to take; 0: none was measured yet
	before  int64 // bytes that the process took without runs

	used, free func() int64 // bytes of this process; bytes that the machine can still give
}

// memoryMargin leaves room for what comes after the steps: a run scores its development set at the end.
const memoryMargin = 1.5

func newMemoryGate() *memoryGate {
	return &memoryGate{before: processMemory(), used: processMemory, free: freeMemory}
}

// enter waits until a run may begin. Whoever entered leaves.
func (g *memoryGate) enter(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !g.admit() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

func (g *memoryGate) admit() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.running > 0 && (g.each == 0 || float64(g.room()) < memoryMargin*float64(g.each)) {
		return false
	}
	g.running++
	return true
}

// room is what the machine can give, and what the process still holds of runs that ended.
func (g *memoryGate) room() int64 {
	held := max(0, g.used()-g.before-int64(g.running)*g.each)
	if free := g.free(); free < math.MaxInt64-held {
		return free + held
	}
	return math.MaxInt64
}

// measure is called by a run that has taken its second step, or a later one.
func (g *memoryGate) measure() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.each = max(g.each, (g.used()-g.before)/int64(g.running), 1)
}

func (g *memoryGate) leave() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.running--
	g.each = max(g.each, 1) // a run that failed before it was measured must not keep the others out
}

// processMemory is what this process holds of the machine's memory, 0 where the system does not tell.
func processMemory() int64 { return kilobytes("/proc/self/status", "VmRSS:") }

// freeMemory is what the machine, or the control group of a container, can still give; where neither tells there is no limit.
func freeMemory() int64 {
	free := int64(math.MaxInt64)
	if available := kilobytes("/proc/meminfo", "MemAvailable:"); available > 0 {
		free = available
	}
	var limit, current int64
	if scanFile("/sys/fs/cgroup/memory.max", &limit) && scanFile("/sys/fs/cgroup/memory.current", &current) {
		free = min(free, max(0, limit-current))
	}
	return free
}

// kilobytes reads a line like "VmRSS:  123 kB", in bytes; 0 where there is none.
func kilobytes(path, name string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var n int64
		if rest, found := strings.CutPrefix(line, name); found {
			fmt.Sscan(rest, &n)
			return n * 1024
		}
	}
	return 0
}

// scanFile reads a number; false where the file holds none, as a control group without a limit.
func scanFile(path string, n *int64) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	_, err = fmt.Sscan(string(text), n)
	return err == nil
}
