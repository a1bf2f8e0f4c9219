package opencl

import (
	"strings"
	"testing"
)

// The kernel for tensor cores, with the instruction put together from its documentation, gives the product of rounded
// factors.
func TestTensorCoreProducts(t *testing.T) {
	b := openWith(t, Options{Precision: BFloat16})
	b.useTensorCores(mmaSource, emulated)
	if b.cores == nil {
		t.Fatal(b.Notes())
	}
	for _, f := range []factors{{true, Float32}, {true, BFloat16}} {
		c := &call{Backend: b}
		multiply := c.bindTensorCores(b.cores, f, nil)
		fatal(t, c.err)
		for _, p := range testProducts() {
			if p.ak == 1 {
				p.check(t, "tensor cores", p.run(t, b, multiply, f.right), toHalf, toHalf)
			}
		}
	}
}

// Tensor cores that give other numbers, or whose kernel does not compile, are left alone, with a word.
func TestWrongTensorCoresAreLeftAlone(t *testing.T) {
	for _, flaw := range []struct{ from, to, word string }{
		{"thread * 2 + q / 2 * 8]", "thread * 2 + q % 2 * 8]", "is "}, // the second register of A is the third
		{"[k + thread * 2 + q * 8]", "[k + thread + q * 8]", "is "},   // B's pairs overlap
		{"group + q / 2 * 8, s", "group + q % 2 * 8, s", "is "},       // results in the wrong rows
		{"__local ushort left[", "__local ushorter left[", "do not compile"},
	} {
		b := openWith(t, Options{Precision: BFloat16})
		source := strings.Replace(mmaSource, flaw.from, flaw.to, 1)
		if source == mmaSource {
			t.Fatalf("mma.cl has no %q", flaw.from)
		}
		b.useTensorCores(source, emulated)
		if b.cores != nil || len(b.Notes()) != 1 || !strings.Contains(b.Notes()[0], "tensor cores are left alone") || !strings.Contains(b.Notes()[0], flaw.word) {
			t.Errorf("%q: notes %q", flaw.to, b.Notes())
		}
	}
}
