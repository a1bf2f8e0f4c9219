package opencl

import (
	"fmt"
	"math"
)

// A Precision says in how many bits matrices that are not trained are stored, and whether products round their
// factors. Sums are formed in float32, and everything else is float32 or float64.
//
// What is trained, activations and what flows back are never stored in 16 bits: float16 ends at 65504 and 6e-8, and
// signals would have to be scaled to stay within. Frozen matrices are known before the first step: one that does not fit is
// an error then.
type Precision int

const (
	Float32  Precision = iota
	BFloat16           // both factors of layer products are rounded to bfloat16; frozen matrices are stored so
	Float16            // frozen matrices are stored in IEEE 754 binary16; products are those of float32
)

const largestFloat16 = 65504

// suffix is the precision's part of Backend.Unit.
func (p Precision) suffix() string { return [...]string{"", "+bf16", "+fp16"}[p] }

// width is how many bytes a frozen number takes.
func (p Precision) width() uintptr { return [...]uintptr{4, 2, 2}[p] }

// options tell product.cl how the right factor is stored.
func (p Precision) options() string { return [...]string{"", " -DRIGHT=ushort", " -DRIGHT=half"}[p] }

// narrow rounds numbers to 16 bits, half to even.
func (p Precision) narrow(from []float32) ([]uint16, error) {
	bits := make([]uint16, len(from))
	for i, v := range from {
		if p == BFloat16 {
			bits[i] = bfloat16Bits(v)
			continue
		}
		if bits[i] = float16Bits(v); bits[i]&0x7c00 == 0x7c00 {
			return nil, fmt.Errorf("number %d is %v: float16 holds finite numbers of at most %d; take float32 or bfloat16", i, v, largestFloat16)
		}
	}
	return bits, nil
}

// widen is exact.
func (p Precision) widen(to []float32, bits []uint16) {
	for i, v := range bits {
		if p == BFloat16 {
			to[i] = math.Float32frombits(uint32(v) << 16)
		} else {
			to[i] = float16Value(v)
		}
	}
}

// bfloat16Bits rounds to bfloat16, half to even. A NaN stays one.
func bfloat16Bits(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// float16Bits rounds to binary16, half to even; what is too large becomes infinite, and a NaN stays one.
func float16Bits(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, size := uint16(bits>>16&0x8000), math.Float32frombits(bits&0x7fffffff)
	switch {
	case v != v:
		return sign | 0x7e00
	case size < 0x1p-14: // subnormal: whole multiples of 2⁻²⁴, which are the last bits of numbers from 1/2 to 1
		return sign | uint16(math.Float32bits(size+0.5)-math.Float32bits(0.5))
	case size >= 65520: // halfway from the largest to the power of two after it
		return sign | 0x7c00
	}
	bits = math.Float32bits(size)
	return sign | uint16((bits+0xfff+bits>>13&1)>>13-(127-15)<<10)
}

// float16Value widens a binary16 number.
func float16Value(bits uint16) float32 {
	sign, rest := uint32(bits&0x8000)<<16, uint32(bits&0x7fff)
	switch {
	case rest >= 0x7c00:
		return math.Float32frombits(sign | 0x7f800000 | rest<<13)
	case rest < 0x400:
		return math.Float32frombits(sign | math.Float32bits(float32(rest)*0x1p-24))
	}
	return math.Float32frombits(sign | (rest<<13 + (127-15)<<23))
}
