// Package blas offers the matrix products of a library that the system has, OpenBLAS or oneDNN, to the CPU backend: loaded at run time, with nothing needed to
// build. They replace the products of float32 between weights and activations, where the library is faster on the processor at hand (Choose measures it).
//
// A library promises less than package kernels does: the last bits of a number may depend on the size of the batch around it. What is clipped and summed is as
// bounded as ever, since norm and sum read the same stored numbers; but two packings of one lot need no longer give the same bits.
//
// Start with Open.
package blas
