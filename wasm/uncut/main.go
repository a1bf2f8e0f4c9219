//go:build wasip1

// Command uncut is the kernel as an ordinary WebAssembly reactor, Go's runtime and all. It takes the small core's place
// where that cannot be cut.
package main

import _ "github.com/ewtune/ewtune/wasm/exports"

func main() {}
