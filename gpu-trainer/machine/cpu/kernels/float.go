package kernels

import "unsafe"

// Float is an element type that every kernel accepts. float32 runs on the
// vector units where the processor has them; float64 is portable.
type Float interface{ ~float32 | ~float64 }

// single reports whether T is float32 or a type derived from it.
func single[T Float]() bool {
	var zero T
	return unsafe.Sizeof(zero) == 4
}

// as32 views x, whose elements are single, as float32.
func as32[T Float](x []T) []float32 {
	return *(*[]float32)(unsafe.Pointer(&x))
}

// view32 is as32 for a view.
func view32[T Float](v view[T]) view[float32] { return view[float32]{as32(v.data), v.row, v.col} }

// arena is one reusable block of scratch memory.
type arena struct{ words []uint64 }

// take returns n elements of a, with arbitrary contents, aligned to 64 bytes.
// A later take on the same arena reuses the memory.
func take[T any](a *arena, n int) []T {
	var zero T
	need := (n*int(unsafe.Sizeof(zero)) + 7) / 8
	if len(a.words) < need+8 {
		a.words = make([]uint64, need+need/4+8)
	}
	base := uintptr(unsafe.Pointer(&a.words[0]))
	skip := (64 - base%64) % 64 / 8
	return unsafe.Slice((*T)(unsafe.Pointer(&a.words[skip])), n)
}
