package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// randomKernels is how many kernels a random program has.
const randomKernels = 40

// TestCutEqualsRandomPrograms cuts programs that nobody thought of and compares them with themselves, bit by bit. What the
// cutter refuses proves nothing, so a share of them must pass.
func TestCutEqualsRandomPrograms(t *testing.T) {
	for _, test := range []struct {
		seed  uint64
		whole bool
		least int
	}{{1, false, 16}, {2, true, 2}} {
		t.Run(fmt.Sprint(test.seed), func(t *testing.T) {
			if passed := equalsRandomProgram(t, test.seed, test.whole); passed < test.least {
				t.Errorf("%d of %d kernels were not refused, want at least %d", passed, randomKernels, test.least)
			}
		})
	}
}

func equalsRandomProgram(t *testing.T, seed uint64, wholeStructures bool) (passed int) {
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": program(seed, randomKernels, wholeStructures), "go.mod": "module random\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	built, err := link(dir)
	if err != nil {
		t.Fatal(err)
	}
	runtime := newRuntime(t)
	whole := start(t, runtime, "whole", built.program)
	clean, _ := whole.module.Memory().Read(0, whole.module.Memory().Size())
	clean = bytes.Clone(clean)
	for i := range randomKernels {
		name := fmt.Sprintf("k%d", i)
		short, err := cut(built.program, built.objects, request{
			funcs: []export{{name, "main." + name}},
			data:  []export{{"input", "main.input"}, {"output", "main.output"}},
		})
		if err != nil {
			if !strings.Contains(err.Error(), "different places") && !strings.Contains(err.Error(), "wider") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		passed++
		whole.module.Memory().Write(0, clean) // what earlier kernels left
		compare(t, name, whole, start(t, runtime, name, short.module), rand.New(rand.NewPCG(seed, uint64(i))))
	}
	return passed
}

// compare runs a kernel of both modules on random numbers of all sizes, many of them whole.
func compare(t *testing.T, name string, whole, small *instance, random *rand.Rand) {
	t.Helper()
	for range 40 {
		var input [16]float64
		for i := range input {
			switch input[i] = random.NormFloat64() * math.Exp(20*random.Float64()-8); random.IntN(4) {
			case 0:
				input[i] = float64(random.IntN(12) - 4)
			case 1:
				input[i] = math.Round(input[i])
			}
		}
		if want, got := whole.runKernel(t, name, input), small.runKernel(t, name, input); !bytes.Equal(want, got) {
			t.Errorf("%s of %v: whole %x, small %x", name, input, want, got)
			return
		}
	}
}
