// Package opencl is the machine.Backend of OpenCL devices: GPUs of any vendor, and CPUs through PoCL. The system's
// OpenCL library is loaded when it is first needed, so a binary built without cgo and without any toolkit runs on
// machines with and without one.
//
// Numbers are float32; norms and integer sums are formed in float64 and int64, so a device must have double
// precision. Sums are identical to the bit for any packing and order on one device; other devices, and the CPU
// engine, round elsewhere in float32.
//
// Start with Devices and New. Graphs come through Prepare (table.go binds each operation to its kernels); what
// training keeps between them, and the optimiser's steps, through update.go and algebra.go. Products are the time:
// product.go and product.cl, with the search of tune.go and the tensor cores of mma.go.
package opencl
