//go:build wasip1

// Package exports offers the functions and arrays of package flat to the host of a WebAssembly module, under the names that
// the small core has too.
package exports

import (
	"unsafe"

	"github.com/ewtune/ewtune/wasm/flat"
)

//go:wasmexport input
func input() unsafe.Pointer { return unsafe.Pointer(&flat.Input) }

//go:wasmexport output
func output() unsafe.Pointer { return unsafe.Pointer(&flat.Output) }

//go:wasmexport epsilon
func epsilon() { flat.Epsilon() }

//go:wasmexport delta
func delta() { flat.Delta() }

//go:wasmexport deltas
func deltas() { flat.Deltas() }

//go:wasmexport epsilons
func epsilons() { flat.Epsilons() }

//go:wasmexport noise
func noise() { flat.Noise() }

//go:wasmexport steps
func steps() { flat.Steps() }

//go:wasmexport rate
func rate() { flat.Rate() }
