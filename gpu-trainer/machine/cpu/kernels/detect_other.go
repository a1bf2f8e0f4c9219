//go:build !amd64

package kernels

// detect is the best vector unit of this processor: none of ours.
func detect() *simd { return nil }

// units are the vector units that this processor has.
func units() map[string]*simd { return map[string]*simd{"portable": nil} }

// bfloat16Unit reports whether the processor multiplies bfloat16 for us.
func bfloat16Unit() bool { return false }

// pairsPay reports whether it is worth using.
func pairsPay() bool { return false }

// pause lets a processor rest in a loop that waits.
func pause() {}
