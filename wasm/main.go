//go:build wasip1

// Command wasm is the whole accountant as a WebAssembly reactor: no main loop, functions to call. With -buildmode=c-shared
// it asks its host for ten functions of WASI preview 1 and runs in Node, browsers, Deno and Bun (wasm/npm/src/wasi.mjs is
// such a host). It serves as the oracle for the small core that wasm/cut takes out of it.
package main

import _ "github.com/ewtune/ewtune/wasm/exports"

func main() {}
