package kernels

import (
	"runtime"
	"sync/atomic"
)

// Pool runs the ranges of one kernel at a time on a fixed set of goroutines
// that wait for the next one, awake for a moment and then asleep (see bell). It
// owns their scratch memory, so that kernels allocate nothing once they have
// seen their largest shapes.
//
// A Pool serves one caller: its kernels must not be called concurrently, nor
// from inside For.
type Pool struct {
	workers  []worker
	simd     *simd // nil without vector units
	bfloat16 bool  // see UseBFloat16
	pairs    bool  // bfloat16 by the instruction for pairs
	blas     BLAS  // see UseBLAS
	blasName string
	packed   arena // operands shared by all workers of a kernel
	second   arena

	product        productCall
	multiply, pack func(w *worker, lo, hi int) // of product
	outer          outer
	weight         weightCall
	sum            sumCall

	job   func(w *worker, lo, hi int) // nil: the pool is closed
	n     int
	grain int
	next  atomic.Int64
	busy  atomic.Int32 // helpers at work
	done  bell         // rung by the last of them
}

// worker is one thread's scratch memory and the bell that calls it to work.
type worker struct {
	args  tileArgs
	pool  *Pool
	pack  packArgs
	maps  mapArgs
	rows  rowsArgs
	sums  sumArgs
	adam  adamArgs
	mask  dropoutArgs
	call  bell
	tile  arena
	tile2 arena
	left  arena
	right arena
}

// NewPool starts a pool of the given number of threads; less than one counts
// as one. The calling goroutine is one of them.
func NewPool(threads int) *Pool {
	p := &Pool{workers: make([]worker, max(threads, 1)), simd: detect()}
	p.outer.bind()
	p.multiply, p.pack = p.product.multiply, p.product.pack
	patience := 0
	if runtime.GOMAXPROCS(0) >= threads {
		patience = longWait
	}
	p.done.hang(patience)
	for i := range p.workers {
		w := &p.workers[i]
		w.pool = p
		if i > 0 {
			w.call.hang(patience)
			go p.serve(w)
		}
	}
	return p
}

// Threads is the number of threads that For uses.
func (p *Pool) Threads() int { return len(p.workers) }

// Close ends the pool's goroutines. The pool must be idle, and is unusable after.
func (p *Pool) Close() {
	for i := 1; i < len(p.workers); i++ {
		p.workers[i].call.ring()
	}
}

// For calls f on disjoint ranges that cover 0:n, each of at most grain
// numbers (the last may be shorter), on all threads, and returns when all calls have returned.
func (p *Pool) For(n, grain int, f func(lo, hi int)) {
	p.each(n, grain, func(_ *worker, lo, hi int) { f(lo, hi) })
}

// A Thread is one of a pool's, at work on a range of EachThread.
type Thread struct{ *worker }

// Integers is room for n integers, until a product or packing of the thread's.
func (t Thread) Integers(n int) []int64 { return take[int64](&t.left, n) }

// EachThread is For that tells f the thread, for the functions that work on one.
func (p *Pool) EachThread(n, grain int, f func(t Thread, lo, hi int)) {
	p.each(n, grain, func(w *worker, lo, hi int) { f(Thread{w}, lo, hi) })
}

// each is For with the scratch memory of the thread that makes the call.
func (p *Pool) each(n, grain int, f func(w *worker, lo, hi int)) {
	if n <= 0 {
		return
	}
	grain = max(grain, 1)
	helpers := min(len(p.workers), (n+grain-1)/grain) - 1
	p.job, p.n, p.grain = f, n, grain
	p.next.Store(0)
	p.busy.Store(int32(helpers))
	for i := 1; i <= helpers; i++ {
		p.workers[i].call.ring()
	}
	p.work(&p.workers[0])
	if helpers > 0 {
		p.done.wait()
	}
	p.job = nil
}

// serve works whenever the worker is called, until the pool is closed.
func (p *Pool) serve(w *worker) {
	for {
		w.call.wait()
		if p.job == nil {
			return
		}
		p.work(w)
		if p.busy.Add(-1) == 0 {
			p.done.ring()
		}
	}
}

func (p *Pool) work(w *worker) {
	for {
		lo := int(p.next.Add(int64(p.grain))) - p.grain
		if lo >= p.n {
			return
		}
		p.job(w, lo, min(lo+p.grain, p.n))
	}
}

// share is the grain that cuts n rows into a few ranges a thread, each a
// multiple of unit, so that threads end together.
func (p *Pool) share(n, unit int) int {
	if len(p.workers) == 1 {
		return max(n, 1)
	}
	pieces := 4 * len(p.workers)
	grain := (n + pieces - 1) / pieces
	return (grain + unit - 1) / unit * unit
}
