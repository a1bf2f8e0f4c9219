//go:build wasip1

// Command sample is what the cutter is tested on: a kernel that it must take, and functions that it must refuse.
package main

import (
	"math"
	"unsafe"
)

var (
	input   [16]float64
	output  [16]float64
	scratch [1 << 12]float64
	weights = [4]float64{1, 0.5, 0.25, math.Pi}
	views   view
)

// view points into scratch, as a kernel's working memory does.
type view struct{ low, high []float64 }

//go:noinline
func (v *view) carve(memory []float64) {
	v.low, v.high = memory[:len(memory)/2], memory[len(memory)/2:]
}

//go:wasmexport input
func inputAddress() unsafe.Pointer { return unsafe.Pointer(&input) }

//go:wasmexport output
func outputAddress() unsafe.Pointer { return unsafe.Pointer(&output) }

// kernel uses what a numerical kernel uses: tables, arrays, loops, switches, divisions, calls with several results.
//
//go:wasmexport kernel
func kernel() {
	local := [...]float64{1.5, 2.5, 7.25, 3, 4, 5, 6, 7, 8, 9, 10}
	var sum float64
	for i, v := range input {
		sum += math.Sin(v)*weights[i&3] + local[i%len(local)]
		scratch[(i*253)&4095] = sum
	}
	output[0] = sum
	output[1] = math.Exp(-math.Abs(sum)) + math.Erfc(sum) + math.Log1p(math.Abs(sum)) + math.Expm1(input[1]*1e-9)
	output[2], output[3] = both(sum, &input)
	output[4] = convolve(scratch[:], input[:])
	output[5] = float64(step(int64(input[2]*1000), int64(1+math.Abs(input[3])*1000)))
	output[6] = branch(int(math.Abs(input[4])*10) % 12)
	views.carve(scratch[:])
	output[8] = views.high[3] + views.low[253]
	output[9] = mirrored(input[9])
	var odd, even bool
	output[10], output[11], odd, even = frames([4]float64{input[10], input[11], input[12], input[13]})
	if output[12] = 0; odd {
		output[12] = input[14]
	}
	if even {
		output[12] -= 2
	}
	count, scratch[7] = input[13], input[14]
	output[13] = before() + after()
	output[14] = stored(input[15])
	output[15] = zero(input[15])
	copied := input
	copied[3] = sum
	output[7] = copied[3] + copied[4]
}

//go:noinline
func both(x float64, v *[16]float64) (float64, float64) {
	fraction, exponent := math.Frexp(x)
	return math.Ldexp(fraction, exponent/2), math.Floor(v[5]) + math.FMA(x, v[6], v[7])
}

//go:noinline
func convolve(a, b []float64) (sum float64) {
	for i := range b {
		sum += a[i*7] * b[len(b)-1-i]
	}
	return sum + 65536 + 131072 // numbers that might be taken for addresses
}

//go:noinline
func step(a, b int64) int64 { return a/b + a%b }

//go:noinline
func branch(i int) float64 {
	switch i {
	case 0:
		return 1
	case 1:
		return math.Sqrt2
	case 2:
		return math.Tan(float64(i))
	case 3:
		return math.Cbrt(3)
	case 4, 5, 6:
		return math.Cos(1e300)
	}
	return math.Trunc(float64(i) / 3)
}

// mirrored calls itself, once.
//
//go:noinline
func mirrored(x float64) float64 {
	if x < 0 {
		return 2 - mirrored(-x)
	}
	return math.Erfc(x)
}

func main() {}
