package opencl

import (
	"math"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// float16Of is the definition of a finite binary16 number: sign, five bits of exponent, ten of fraction.
func float16Of(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&0x3ff)
	v := math.Ldexp(1+fraction/1024, exponent-15)
	if exponent == 0 {
		v = math.Ldexp(fraction/1024, -14)
	}
	return math.Copysign(v, -float64(bits>>15)+0.5)
}

// Every binary16 number widens to what its bits mean and back to its bits; halfway between neighbours numbers go to
// the even one, and a little off halfway to the nearer one.
func TestFloat16(t *testing.T) {
	for i := range uint32(0x7c00) {
		for _, bits := range []uint16{uint16(i), uint16(i) | 0x8000} {
			v := float16Value(bits)
			if float64(v) != float16Of(bits) || float16Bits(v) != bits {
				t.Fatalf("%#x widens to %v and back to %#x, want %v", bits, v, float16Bits(v), float16Of(bits))
			}
			next := 65536.0 // after the largest
			if i < 0x7bff {
				next = math.Abs(float16Of(bits + 1))
			}
			half := float32((math.Abs(float64(v)) + next) / 2) // exact: 12 bits
			signed := func(m float32) float32 { return float32(math.Copysign(float64(m), -float64(bits>>15)+0.5)) }
			below, above := signed(math.Nextafter32(half, 0)), signed(math.Nextafter32(half, math.MaxFloat32))
			if even := bits + bits&1; float16Bits(signed(half)) != even || float16Bits(below) != bits || float16Bits(above) != bits+1 {
				t.Fatalf("%v, halfway above %#x, becomes %#x; its neighbours %#x and %#x", half, bits, float16Bits(signed(half)), float16Bits(below), float16Bits(above))
			}
		}
	}
	for v, want := range map[float32]uint16{float32(math.Inf(1)): 0x7c00, float32(math.Inf(-1)): 0xfc00, 1e30: 0x7c00, 1e-30: 0, -1e-45: 0x8000} {
		if got := float16Bits(v); got != want {
			t.Errorf("%v becomes %#x, want %#x", v, got, want)
		}
	}
	if nan := float32(math.NaN()); float16Value(float16Bits(nan)) == float16Value(float16Bits(nan)) {
		t.Error("a NaN did not stay one")
	}
}

// The device reads every number that a float16 buffer can hold as the host does, subnormal ones too.
func TestDeviceReadsFloat16(t *testing.T) {
	b := openWith(t, Options{Precision: Float16})
	var numbers []float32
	for i := range uint32(0x7c00) {
		numbers = append(numbers, float16Value(uint16(i)), float16Value(uint16(i)|0x8000))
	}
	table := b.NewFrozen()
	fatal(t, table.Write(numbers))
	ids := make([]int32, 512)
	width := len(numbers) / len(ids)
	for i := range ids {
		ids[i] = int32(i)
	}
	feed := &machine.Feed{Columns: [3][]int32{ids, ids, ids}, Offsets: []int32{0, int32(len(ids))}, Labels: []int32{0}, RowIDs: []int64{0}}
	fatal(t, b.Begin(feed))
	y := buffer(t, b, tensor.Float32, make([]float32, len(numbers)))
	run, err := b.Prepare("embed", ops.Attributes{}, []*machine.Value{{Width: width, Buffer: table}}, []*machine.Value{{Width: width, Buffer: y, N: len(numbers)}})
	fatal(t, err)
	fatal(t, run(feed))
	got := make([]float32, len(numbers))
	fatal(t, y.Read(got))
	for i, v := range numbers {
		if got[i] != v || math.Signbit(float64(got[i])) != math.Signbit(float64(v)) {
			t.Fatalf("number %d is %v on the device, want %v", i, got[i], v)
		}
	}
}

// What float16 cannot hold is refused, with the number; bfloat16 holds it.
func TestFloat16Overflows(t *testing.T) {
	b := openWith(t, Options{Precision: Float16})
	fatal(t, b.NewFrozen().Write([]float32{65519, -65504}))
	for _, v := range []float32{65520, -1e30, float32(math.Inf(1)), float32(math.NaN())} {
		if err := b.NewFrozen().Write([]float32{1, v}); err == nil || !strings.Contains(err.Error(), "number 1 is") || !strings.Contains(err.Error(), "at most 65504") {
			t.Errorf("%v: error %v", v, err)
		}
		fatal(t, b.frozen(BFloat16).Write([]float32{v}))
	}
}
