package flat

import (
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// The solvers return a value that the certified upper ε of both directions meets, never the truth's other side.

// Noise answers the least noise multiplier within (ε, δ), to twelve digits; 0 where none up to 1e6 is.
//
//go:noinline
func Noise() {
	phases, eps, d := question()
	bisect(phases, &phases[0].Noise, 1e6, 0.01, eps, d)
}

// Rate answers the largest sampling rate within (ε, δ), to twelve digits; 0 where none from 1e-9 on is.
//
//go:noinline
func Rate() {
	phases, eps, d := question()
	bisect(phases, &phases[0].Rate, 1e-9, 1, eps, d)
}

// bisect moves x from a safe value as far towards another as (ε, δ) allows.
func bisect(phases []kernel.Phase, x *float64, safe, other, eps, d float64) {
	if *x = safe; !within(phases, eps, d) {
		return
	}
	if *x = other; within(phases, eps, d) {
		Output[1] = other
		return
	}
	for math.Abs(other-safe) > 1e-12*safe {
		*x = math.Sqrt(safe) * math.Sqrt(other)
		if within(phases, eps, d) {
			safe = *x
		} else {
			other = *x
		}
	}
	Output[1] = safe
}

// Steps answers the largest number of steps within (ε, δ), up to 2⁵⁰.
//
//go:noinline
func Steps() {
	phases, eps, d := question()
	lo, hi := 0.0, 1.0
	for hi < 1<<50 {
		phases[0].Steps = hi
		if !within(phases, eps, d) {
			break
		}
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1 {
		mid := math.Floor((lo + hi) / 2)
		phases[0].Steps = mid
		if within(phases, eps, d) {
			lo = mid
		} else {
			hi = mid
		}
	}
	Output[1] = lo
}

// within reports whether δ(ε) of both directions is certainly at most d.
func within(phases []kernel.Phase, eps, d float64) bool {
	for i := range 2 {
		p := problem(phases, i)
		if !(certified(&p, false, d).Upper <= eps) {
			return false
		}
	}
	return true
}
