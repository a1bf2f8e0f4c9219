package opencl

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
)

// emulated are the options of mma.cl for devices without tensor cores: the instruction is put together from its
// documentation.
const emulated = " -DMMA_EMULATED"

// tensorCores holds mma.cl, compiled for both ways in which the right factor is stored.
type tensorCores map[factors]*program

// useTensorCores makes products of rounded factors run on tensor cores, if they give there what the plain kernel gives.
func (b *Backend) useTensorCores(source, options string) {
	cores := tensorCores{}
	for _, f := range []factors{{true, Float32}, {true, BFloat16}} {
		cores[f] = b.program(source, options+f.options())
	}
	if err := b.checkTensorCores(cores); err != nil {
		b.notes = append(b.notes, fmt.Sprintf("device %s: tensor cores are left alone, the plain kernel multiplies: %v", b.Device.Name, err))
		return
	}
	b.cores = cores
}

// bindTensorCores binds products whose left factor's rows are contiguous; plain does the others.
func (c *call) bindTensorCores(cores tensorCores, f factors, plain multiplier) multiplier {
	k := c.kernelOf(cores[f], "product_mma")
	if c.err != nil {
		return nil
	}
	k.reads = f.right
	return func(a, b, bias, to *machine.Value, p product, add int) error {
		if p.ak != 1 {
			return plain(a, b, bias, to, p, add)
		}
		const tile, items = 64, 128
		given, biased := orNot(bias, to)
		return k.start().mem(a.Buffer, b.Buffer, given, to.Buffer).ints(p.m, p.n, p.depth, p.ai, p.bk, p.bj, biased, add).
			run([2]uintptr{uintptr(roundUp(p.n, tile) / tile * items), uintptr(roundUp(p.m, tile) / tile)}, [2]uintptr{items, 1})
	}
}

// checkTensorCores compares small products with the plain kernel's. Both add exact products in float32, in orders of
// their own.
func (b *Backend) checkTensorCores(cores tensorCores) error {
	for f := range cores {
		for _, p := range []product{{70, 65, 48, 48, 1, 65, 1}, {128, 96, 37, 37, 1, 1, 37}} {
			var results [2][]float32
			for i := range results {
				c := &call{Backend: b}
				multiply := c.bindProduct(b.chosen, f)
				if i == 1 && c.err == nil {
					multiply = c.bindTensorCores(cores, f, multiply)
				}
				if c.err != nil {
					return c.err
				}
				var err error
				if results[i], err = b.sample(multiply, p, f.right); err != nil {
					return err
				}
			}
			for i, want := range results[0] {
				if got := results[1][i]; !(math.Abs(float64(got-want)) <= 1e-4) {
					return fmt.Errorf("number %d of a product of %d x %d x %d is %v, not %v", i, p.m, p.n, p.depth, got, want)
				}
			}
		}
	}
	return nil
}

// sample is a product of small numbers that repeat nowhere within a tile.
func (b *Backend) sample(multiply multiplier, p product, stored Precision) ([]float32, error) {
	right := b.frozen(stored)
	left, to, result := b.buffer(4), b.buffer(4), make([]float32, p.m*p.n)
	defer func() { left.Release(); right.Release(); to.Release() }()
	numbers := func(n, seed int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(math.Sin(float64(seed + i*i%1009)))
		}
		return x
	}
	for m, data := range map[*Buffer][]float32{left: numbers(p.m*p.depth, 1), right: numbers(p.n*p.depth, 2), to: result} {
		if err := m.Write(data); err != nil {
			return nil, err
		}
	}
	for m, n := range map[*Buffer]int{b.panels: b.chosen.panels(p), b.rounded: p.m * p.depth} {
		if err := m.Grow(n); err != nil {
			return nil, err
		}
	}
	value := func(m *Buffer) *machine.Value { return &machine.Value{Buffer: m} }
	if err := multiply(value(left), value(right), nil, value(to), p, 0); err != nil {
		return nil, err
	}
	return result, to.Read(result)
}
