//go:build wasip1

package main

import (
	"math"
	"strconv"
)

var (
	sink      []float64
	functions = [...]func(float64) float64{math.Sin, math.Cos}
	named     = map[string]float64{"one": 1}
	computed  = func() (t [64]float64) {
		for i := range t {
			t[i] = math.Sqrt(float64(i))
		}
		return t
	}()
	backing [8]float64
	window  = backing[2:4]
)

//go:wasmexport allocates
func allocates() { sink = make([]float64, int(input[0])) }

//go:wasmexport indirect
func indirect() { output[0] = functions[int(input[0])&1](input[1]) }

//go:wasmexport looksUp
func looksUp() { output[0] = named["one"] }

//go:wasmexport prepared
func prepared() { output[0] = computed[int(input[0])&63] }

//go:wasmexport pointers
func pointers() { output[0] = window[1] }

//go:noinline
func factorial(x float64) float64 {
	if x < 2 {
		return 1
	}
	return x * factorial(x-1)
}

//go:wasmexport defers
func defers() {
	defer func() { output[0] = 1 }()
	output[1] = factorial(1)
}

//go:wasmexport formats
func formats() { output[0] = float64(len(strconv.Itoa(int(input[0])))) }

//go:wasmexport prints
func prints() { println(input[0]) }

//go:wasmexport spawns
func spawns() { go factorial(input[0]) }
