package kernels

import (
	"sync/atomic"
	"testing"
)

// Every number is visited exactly once, for any division.
func TestPoolCoversRange(t *testing.T) {
	for _, n := range threads {
		p := NewPool(n)
		defer p.Close()
		for _, size := range []int{0, 1, 7, 100} {
			for _, grain := range []int{0, 1, 3, 200} {
				seen := make([]atomic.Int32, size)
				p.For(size, grain, func(lo, hi int) {
					for i := lo; i < hi; i++ {
						seen[i].Add(1)
					}
				})
				for i := range seen {
					if seen[i].Load() != 1 {
						t.Fatalf("threads %d size %d grain %d: %d visited %d times", n, size, grain, i, seen[i].Load())
					}
				}
			}
		}
	}
}
