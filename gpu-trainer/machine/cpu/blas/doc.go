// Package blas offers the matrix products of a library that the system has, OpenBLAS or oneDNN, to the CPU backend:
// loaded at run time, with nothing needed to build. They replace the products of float32 between weights and
// activations, where the library is faster on the processor at hand (Choose measures it).
//
// A library promises less than package kernels does: the last bits of a number may depend on the size of the batch
// around it. So one example may change another's gradient, which no clip bounds: these products are for training
// without privacy, for measuring, and for tests.
//
// Start with Open.
package blas
