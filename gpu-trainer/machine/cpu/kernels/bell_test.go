package kernels

import (
	"testing"
	"time"
)

// Two goroutines take turns at one number, through two bells, awake and asleep. A lost or doubled ring ends the test
// by a deadlock or a wrong count.
func TestBellsTakeTurns(t *testing.T) {
	for _, patience := range []int{0, 1, longWait} {
		var there, back bell
		there.hang(patience)
		back.hang(patience)
		const turns = 20000
		count, ended := 0, make(chan int)
		go func() {
			seen := 0
			for range turns {
				there.wait()
				if count%2 == 1 {
					seen++
				}
				count++
				back.ring()
			}
			ended <- seen
		}()
		for i := range turns {
			count++
			if i%5000 == 1 {
				time.Sleep(time.Millisecond) // the other falls asleep
			}
			there.ring()
			back.wait()
		}
		if seen := <-ended; seen != turns || count != 2*turns {
			t.Errorf("patience %d: %d of %d turns in order, count %d", patience, seen, turns, count)
		}
	}
}
