//go:build wasip1

package main

import "math"

// frames uses the stack in the ways that a kernel does: large values passed and returned, addresses of locals, truth values
// side by side, narrow integers, loops that are left in the middle, words that hold first one thing and then another.
//
//go:noinline
func frames(x [4]float64) (a, b float64, odd, even bool) {
	s := survey{low: x[0], high: x[1], count: int32(x[2]), flags: [5]byte{1, 2, 3, 4, byte(int(x[3]))}}
	s.widen(x[2])
	t := shifted(s, x[3])
	odd, even = parity(int64(t.high*8), byte(t.count*37)+t.flags[uint(t.count)%5])
	a, b = nested(&t, int(math.Abs(x[0]))%7)
	if odd && !even {
		a, b = b, a
	}
	t.low, t.high = t.high, t.low
	var count tally
	count.add(a, 1)
	count.add(t.low, byte(t.count))
	count.bisect(x[1])
	a += count.square + float64(count.n+int(count.last))
	c, ok := search(t.values[:], a)
	if !ok {
		c = -1
	}
	a += second(x[0]) + again(x[1])
	return a + t.low, b + float64(c), even, odd
}

// pair is set to zero word by word, and its second word through a pointer to the first.
type pair struct{ first, second float64 }

//go:noinline
func (p *pair) fill(x float64) { p.first, p.second = x, x*3 }

// second has nothing else on the stack.
//
//go:noinline
func second(x float64) float64 {
	var two pair
	if x > 1 {
		two.fill(x)
	}
	return two.second - two.first
}

// again has an array that is set to zero as a whole each time, and then used by its places.
//
//go:noinline
func again(x float64) (sum float64) {
	for range 3 {
		var box [6]float64
		if x > sum {
			box[4], box[1] = x, sum+1
		}
		sum += box[4] + box[1]
		x = -x
	}
	return sum
}

// survey is larger than what the compiler keeps in registers.
type survey struct {
	low, high float64
	count     int32
	narrow    float32
	flags     [5]byte
	values    [6]float64
}

//go:noinline
func (s *survey) widen(by float64) {
	s.low -= by
	s.high += by
	s.narrow = float32(by) / 3
	for i := range s.values {
		s.values[i] = s.low + float64(i)*float64(s.narrow)
	}
}

//go:noinline
func shifted(s survey, by float64) survey {
	if by < 0 {
		s.count = -s.count >> 1
		s.flags[1] ^= 0xf0
		return s
	}
	other := s
	other.low, other.values[2] = s.high, by
	other.count += int32(uint32(s.flags[4]) << 3)
	return other
}

type tally struct {
	sum, square float64
	n           int
	last        byte
}

//go:noinline
func (t *tally) add(x float64, kind byte) {
	t.sum += x
	t.square += x * x
	t.n++
	t.last = kind + 250
}

// bisect returns nothing, in several places.
//
//go:noinline
func (t *tally) bisect(x float64) {
	if x < 0 {
		return
	}
	for t.n < 60 {
		if t.n++; math.Abs(t.sum) > x {
			t.sum /= 2
		} else if t.sum == 0 {
			return
		}
	}
	t.square += t.sum
}

//go:noinline
func parity(n int64, f byte) (odd, even bool) { return n&1 == 1, uint8(f+200)&1 == 0 }

//go:noinline
func nested(s *survey, n int) (sum, product float64) {
	product = 1
outer:
	for i := 0; i < n; i++ {
		for j := n; ; j-- {
			if j < i {
				continue outer
			}
			v := s.values[(i+j)%6]
			if v > 50 {
				break outer
			}
			sum += v
			if j == 2*i {
				product *= 1 + v*v
				break
			}
		}
		if odd, _ := parity(int64(i), s.flags[i%5]); odd {
			sum -= float64(s.count)
		}
	}
	return sum, product
}

// search calls itself with part of a list.
//
//go:noinline
func search(list []float64, x float64) (place int, found bool) {
	switch {
	case len(list) == 0:
		return 0, false
	case list[len(list)/2] <= x:
		at, ok := search(list[len(list)/2+1:], x)
		if !ok {
			at = 0
		}
		return len(list)/2 + at, true
	}
	return search(list[:len(list)/2], x)
}
