// Command cut makes a small WebAssembly module out of a linked Go program: the named functions and what they call,
// the constants and arrays that those touch, and nothing else. No runtime, no scheduler, no garbage collector, no imports.
//
// It can do so because a function that never allocates, blocks, panics on purpose or calls through a pointer needs
// none of these. Go's WebAssembly convention makes the rest plain: every function takes a resume index and returns
// whether to unwind, arguments live on a stack in linear memory, the stack pointer is global 0.
//
// Nothing is guessed. Each function of the linked module is compared byte for byte with the compiler's object file, so
// that every call and every address in it is a relocation whose symbol, size and contents are known; panics and stack
// growth become the instruction unreachable; and whatever is not understood (an indirect call, a runtime service, a
// pointer in data, an array that an init function fills) is an error. The same input gives the same bytes.
//
// What is kept is then written more briefly: without resume points, with the stack's words in locals and the arguments of
// functions where WebAssembly has them. Every one of these steps leaves the arithmetic as it is; what is computed agrees with
// the linked module bit by bit.
//
// Start reading at cut in cut.go, then optimise in optimise.go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cut:", err)
		os.Exit(1)
	}
}

// run is the command: it reads the module and its objects, cuts, writes, and reports what was kept.
func run(args []string, report io.Writer) error {
	var r request
	flags := flag.NewFlagSet("cut", flag.ContinueOnError)
	module := flags.String("module", "", "linked wasip1 module `FILE`, with its name section (no -s)")
	importcfg := flags.String("importcfg", "", "`FILE` of lines 'packagefile PATH=OBJECT', as given to the linker")
	out := flags.String("o", "", "`FILE` to write")
	flags.Func("func", "`NAME=SYMBOL` of a function without parameters or results to export; repeat", pairInto(&r.funcs))
	flags.Func("data", "`NAME=SYMBOL` of an array whose address is exported as a global; repeat", pairInto(&r.data))
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *module == "" || *importcfg == "" || *out == "" || len(r.funcs) == 0 {
		return errors.New("module, importcfg, o, func: each is required")
	}
	program, err := os.ReadFile(*module)
	if err != nil {
		return err
	}
	objects, err := readImportcfg(*importcfg)
	if err != nil {
		return err
	}
	result, err := cut(program, objects, r)
	if err != nil {
		return fmt.Errorf("%s: %w", *module, err)
	}
	fmt.Fprintf(report, "%d functions, %d data symbols (%d bytes), %d bytes\n",
		len(result.funcs), len(result.data), result.dataBytes(), len(result.module))
	return os.WriteFile(*out, result.module, 0o644)
}

// pairInto parses NAME=SYMBOL flags into list.
func pairInto(list *[]export) func(string) error {
	return func(s string) error {
		name, symbol, ok := strings.Cut(s, "=")
		if !ok || name == "" || symbol == "" {
			return fmt.Errorf("%q: must be NAME=SYMBOL", s)
		}
		*list = append(*list, export{name, symbol})
		return nil
	}
}
