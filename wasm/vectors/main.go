// Command vectors answers random questions with the kernel compiled for this machine and writes questions and answers to
// standard output, for the WebAssembly builds to be compared with:
//
//	go run ./wasm/vectors -n 10000 > vectors.bin
//
// The file is little-endian float64s. For each question: the number of the function (0 Epsilon, 1 Delta, 2 Noise, 3 Steps,
// 4 Rate), 20 numbers of input and 8 of output, laid out as package flat says.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"github.com/ewtune/ewtune/wasm/flat"
)

const (
	inputs  = 20
	outputs = 8
)

var functions = [...]func(){flat.Epsilon, flat.Delta, flat.Noise, flat.Steps, flat.Rate}

func main() {
	n := flag.Int("n", 10_000, "number of questions")
	seed := flag.Uint64("seed", 1, "seed of the questions")
	flag.Parse()
	if err := write(*n, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "vectors:", err)
		os.Exit(1)
	}
}

func write(n int, seed uint64) error {
	out := bufio.NewWriter(os.Stdout)
	random := rand.New(rand.NewPCG(seed, 7))
	for i := range n {
		f := ask(random, i)
		functions[f]()
		row := append([]float64{float64(f)}, flat.Input[:inputs]...)
		if err := binary.Write(out, binary.LittleEndian, append(row, flat.Output[:outputs]...)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// ask writes question i and returns its function. One in a thousand goes to a solver, which asks fifty times itself.
func ask(random *rand.Rand, i int) int {
	logUniform := func(from, to float64) float64 { return from * math.Pow(to/from, random.Float64()) }
	clear(flat.Input[:])
	phases := 1
	if i%10 == 0 {
		phases = 2 + random.IntN(3)
	}
	flat.Input[0] = float64(phases)
	for p := range phases {
		at := 8 + 3*p
		flat.Input[at] = logUniform(1e-3, 0.3)
		flat.Input[at+1] = logUniform(0.6, 8)
		flat.Input[at+2] = math.Round(logUniform(300, 3e4))
	}
	if i%50 == 7 {
		flat.Input[8] = 1 // no sampling
	}
	if i%50 == 9 {
		flat.Input[10] = 1 // one step
	}
	if i%1000 == 13 { // few steps: the lattice's
		flat.Input[8], flat.Input[10] = logUniform(1e-4, 1e-2), float64(2+random.IntN(20))
	}
	seldom(i)
	f := i % 2
	if i%1000 == 999 {
		f = 2 + i/1000%3
		flat.Input[0] = 1
	}
	switch {
	case f == 0:
		flat.Input[1] = logUniform(1e-10, 1e-3)
	case f == 1:
		flat.Input[1] = logUniform(0.1, 20)
	default:
		flat.Input[1], flat.Input[2] = logUniform(0.5, 10), logUniform(1e-8, 1e-4)
		return f
	}
	if i%3 == 0 {
		flat.Input[3] = float64(random.IntN(4))
	}
	flat.Input[4] = float64(1 + random.IntN(3))
	if i%40 == 11 {
		flat.Input[6] = flat.ReplaceOne
	}
	return f
}

// seldom makes some questions ones that the others leave out.
func seldom(i int) {
	random := rand.New(rand.NewPCG(uint64(i), 11))
	logUniform := func(from, to float64) float64 { return from * math.Pow(to/from, random.Float64()) }
	switch {
	case i%200 == 113: // few steps, at any rate
		flat.Input[8], flat.Input[10] = logUniform(1e-4, 0.9), float64(2+random.IntN(20))
	case i%100 == 30: // several phases, the first without sampling
		flat.Input[8] = 1
	case i%100 == 3: // anything that training could be, and more
		flat.Input[8], flat.Input[9], flat.Input[10] = logUniform(1e-9, 1), logUniform(0.3, 100), math.Round(logUniform(1, 1e8))
	}
}
