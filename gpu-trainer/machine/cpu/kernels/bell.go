package kernels

import "sync/atomic"

// A bell is rung by one goroutine and waited for by another, in turns. Who
// waits is awake for a moment before it sleeps: a training step is a hundred
// kernels of a tenth of a millisecond each, and to wake a thread takes up to
// another tenth.
type bell struct {
	state    atomic.Uint32 // silent, rung or asleep
	alarm    chan struct{} // wakes the one who is asleep
	patience int           // pauses before the one who waits goes to sleep
}

const (
	silent = iota
	rung
	asleep // somebody waits at the alarm
)

// longWait is the patience of threads that have a processor each: 10 to 50
// microseconds, the pause of one processor being five times another's.
const longWait = 1000

// hang prepares the bell.
func (b *bell) hang(patience int) { b.alarm, b.patience = make(chan struct{}, 1), patience }

// ring ends a wait, the present one or the next.
func (b *bell) ring() {
	if b.state.Swap(rung) == asleep {
		b.alarm <- struct{}{}
	}
}

// wait returns when the bell has been rung once since the last wait. What was
// written before ring can be read after.
func (b *bell) wait() {
	for range b.patience {
		if b.state.Load() == rung {
			b.state.Store(silent)
			return
		}
		pause()
	}
	if b.state.CompareAndSwap(silent, asleep) {
		<-b.alarm
	}
	b.state.Store(silent)
}
