package kernels

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// Known answers of Philox4x32-10, from the Random123 library's kat_vectors.
func TestPhilox(t *testing.T) {
	const ones = 0xffffffff
	for _, k := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		c := k.counter
		a, b, d, e := philox(c[0], c[1], c[2], c[3], k.key[0], k.key[1])
		if got := [4]uint32{a, b, d, e}; got != k.want {
			t.Errorf("philox(%x, %x) = %x, want %x", k.counter, k.key, got, k.want)
		}
	}
}

// The vector units give the masks and numbers of the portable code, to the bit, for every width, also where what is
// masked is not finite.
func TestDropoutIsTheSameOnEveryUnit(t *testing.T) {
	r := source(8)
	offsets, ids := offsetsOf(3, 0, 5, 1), []int64{5, 6, -1, 1<<40 + 3}
	for _, threshold := range []uint32{0, 1, 6554, 0x8000, 0xffff} {
		m := Mask{Key: [2]uint32{r.Uint32(), r.Uint32()}, Threshold: threshold, Scale: 1.125}
		for _, width := range []int{1, 7, 8, 31, 32, 64, 96, 100, 384} {
			x := gaussian[float32](r, 9*width)
			x[0], x[len(x)-1] = float32(math.NaN()), float32(math.Inf(-1))
			var want []float32
			for name, u := range units() {
				p := NewPool(2)
				p.simd = u
				y := make([]float32, len(x))
				Dropout(p, x, y, width, offsets, ids, m)
				p.Close()
				if want == nil {
					want = y
				}
				for i := range y {
					if math.Float32bits(y[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%s, width %d, threshold %d: number %d is %v, want %v", name, width, threshold, i, y[i], want[i])
					}
				}
			}
		}
	}
}

// BenchmarkDropout masks 32 examples of 64 tokens on one thread.
func BenchmarkDropout(b *testing.B) {
	for name, u := range units() {
		for _, width := range []int{256, 1024} {
			b.Run(fmt.Sprintf("%s/%d", name, width), func(b *testing.B) {
				p := NewPool(1)
				defer p.Close()
				p.simd = u
				x, offsets, ids := make([]float32, 32*64*width), []int32{0}, make([]int64, 32)
				for i := range ids {
					ids[i], offsets = int64(i), append(offsets, int32(64*(i+1)))
				}
				best := time.Duration(1 << 62)
				for b.Loop() {
					start := time.Now()
					Dropout(p, x, x, width, offsets, ids, Mask{Threshold: 6554, Scale: 1.1})
					best = min(best, time.Since(start))
				}
				b.ReportMetric(float64(best.Nanoseconds())/float64(len(x)), "best-ns/number")
			})
		}
	}
}
