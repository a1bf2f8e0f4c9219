package opencl

import (
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/internal/simulator"
	"gorgonia.org/tensor"
)

// Products whose sizes are several tiles and a rest stay within their buffers and do not race, on tensor cores too.
// (Whole graphs are simulated by the trainer's tests, at sizes below a tile.)
func TestProductsInTheSimulator(t *testing.T) {
	complaints, child := simulator.Run(t)
	if !child {
		if complaints != "" {
			t.Errorf("the simulator complains:\n%s", complaints)
		}
		return
	}
	b := openWith(t, Options{Precision: BFloat16})
	b.useTensorCores(mmaSource, emulated)
	if b.cores == nil {
		t.Fatal(b.Notes())
	}
	for _, p := range testProducts() {
		if p.m == 70 && p.ak == 1 {
			p.run(t, b, b.bind(t, plainVariant(true), factors{}), Float32)
			p.run(t, b, b.bind(t, plainVariant(true), factors{right: Float16}), Float16)
			p.run(t, b, b.bind(t, plainVariant(false), factors{rounded: true, right: BFloat16}), BFloat16)
		}
	}
}

// The simulator does see a missing barrier, a missing guard and a barrier that some items skip.
func TestSimulatorSeesFaults(t *testing.T) {
	faults := []struct {
		source         *string
		from, to, word string
	}{
		{&productSource, "    fetch_right(b, n, to, column, k0, s.bj, s.bk, right);\n    barrier(CLK_LOCAL_MEM_FENCE);", "    fetch_right(b, n, to, column, k0, s.bj, s.bk, right);", "data race"},
		{&kernelsSource, "if (i < n) y[i] = a[i] + b[i];", "y[i] = a[i] + b[i];", "Invalid write"},
		{&kernelsSource, "    barrier(CLK_LOCAL_MEM_FENCE);                        \\\n    room[id] = v;", "    if (id != 3) barrier(CLK_LOCAL_MEM_FENCE);           \\\n    room[id] = v;", "divergence"},
	}
	complaints, child := simulator.Run(t)
	for _, f := range faults {
		if !child {
			if !strings.Contains(complaints, f.word) {
				t.Errorf("%s: no word of it:\n%s", f.word, complaints)
			}
			continue
		}
		if strings.Count(*f.source, f.from) != 1 {
			t.Fatalf("the source must have once: %s", f.from)
		}
		*f.source = strings.Replace(*f.source, f.from, f.to, 1)
	}
	if !child {
		return
	}
	b := open(t)
	m := buffer(t, b, tensor.Float32, make([]float32, 40))
	k, err := b.once("add")
	fatal(t, err)
	fatal(t, k.mem(m, m, m).ints(40).over(40))
	norms := buffer(t, b, tensor.Float64, make([]float64, 1))
	fatal(t, b.Orthonormalise(Matrix{Buffer: m, Rows: 4, Columns: 1}, norms, 0))
	p := testProducts()[0] // last: it fills the simulator's log
	p.run(t, b, b.bind(t, plainVariant(true), factors{}), Float32)
}
