//go:build wasip1

// Command wasm is the whole accountant as a WebAssembly reactor: no main loop, functions to call. With -buildmode=c-shared
// it asks its host for ten functions of WASI preview 1 and runs in Node, browsers, Deno and Bun (wasm/npm/src/wasi.mjs is
// such a host). It is the oracle for the small core, which wasm/cut takes out of it.
//
// Besides the functions of package exports it offers three for text: reserve room for a request and write it there, call,
// read the answer.
package main

import (
	"unsafe"

	_ "github.com/ewtune/ewtune/wasm/exports"
	"github.com/ewtune/ewtune/wasm/request"
)

func main() {}

// asked and answered hold a request and its answer between calls: the host reads and writes them where they lie.
var asked, answered []byte

//go:wasmexport reserve
func reserve(n int32) unsafe.Pointer {
	asked = make([]byte, n)
	return unsafe.Pointer(unsafe.SliceData(asked))
}

//go:wasmexport call
func call(n int32) int32 {
	answered = request.Answer(asked[:n])
	return int32(len(answered))
}

//go:wasmexport answer
func answer() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(answered)) }
