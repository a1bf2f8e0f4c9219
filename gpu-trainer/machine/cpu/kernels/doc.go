// Package kernels holds the arithmetic of the CPU backend: matrix products,
// the layers of an encoder and their gradients, per-example gradient norms and
// exact integer sums of clipped per-example gradients.
//
// Matrices are dense and row-major. A batch is packed: the tokens of example i
// are the rows offsets[i]:offsets[i+1], and no row is padding.
//
// What is promised: every element of every result is computed from its own
// inputs by one fixed order of operations (products are reduced by ascending
// index in one accumulator). It therefore has the same bits whatever the
// number of rows or columns, its position among them, the packing of the batch
// and the number of threads. Different instruction sets (AVX-512, AVX2,
// portable) may differ in the last bits from one another.
//
// What is not: arguments are trusted. Lengths are the caller's contract, and a
// violated one panics with an index out of range or a message naming it.
//
// Start at Gemm for the products, at LinearNorm and LinearSum for the private
// part.
package kernels

//go:generate go -C ../../../../tools/kernelgen run . -out ../../gpu-trainer/machine/cpu/kernels/simd_amd64.s -stubs ../../gpu-trainer/machine/cpu/kernels/simd_amd64.go -pkg kernels -table ../../gpu-trainer/machine/cpu/kernels/table_amd64.go
//go:generate gofmt -w table_amd64.go
