package kernels

import "golang.org/x/sys/cpu"

// detect is the best vector unit of this processor, nil if it has none of ours.
func detect() *simd {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasBMI2:
		return &simd512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return &simd256
	}
	return nil
}

// units are the vector units that this processor has.
func units() map[string]*simd {
	all := map[string]*simd{"portable": nil}
	if best := detect(); best == &simd512 {
		all["avx512"] = best
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		all["avx2"] = &simd256
	}
	return all
}

// pairsPay reports whether products of pairs of bfloat16 take less time than as many fused ones of float32: on AMD's
// processors half of it, on Intel's, which count on other instructions for it, up to twice (0.6 of the speed on a
// Xeon of 2024).
func pairsPay() bool {
	const authenticAMD = 'A' | 'u'<<8 | 't'<<16 | 'h'<<24
	return bfloat16Unit() && vendor() == authenticAMD
}

// bfloat16Unit reports whether the processor has AVX512_BF16.
func bfloat16Unit() bool { return cpu.X86.HasAVX512BF16 && detect() == &simd512 }
