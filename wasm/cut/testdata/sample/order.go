//go:build wasip1

package main

import "math"

var count float64

//go:noinline
func next() float64 {
	count += 1.5
	return count
}

// before and after read a number before and after a call that changes it. Neither may pass the call.
//
//go:noinline
func before() float64 {
	x := count
	return next()*5 - x
}

//go:noinline
func after() float64 {
	x := next()
	return count*3 - x
}

// stored reads a number before it is overwritten, and uses it afterwards.
//
//go:noinline
func stored(x float64) float64 {
	old := scratch[7]
	scratch[7] = x
	return x*5 - old
}

// zero gives either zero; the one below is a constant.
//
//go:noinline
func zero(x float64) float64 {
	if x > 0 {
		return 0
	}
	return math.Float64frombits(1 << 63)
}
