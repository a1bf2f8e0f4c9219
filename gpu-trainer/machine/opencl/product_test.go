package opencl

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"gorgonia.org/tensor"
)

// openWith opens the first device with options, or skips.
func openWith(t *testing.T, o Options) *Backend {
	t.Helper()
	devices, err := Devices()
	if err != nil {
		t.Skip(err)
	}
	b, err := New(devices[0], o)
	fatal(t, err)
	t.Cleanup(func() { fatal(t, b.Close()) })
	return b
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testProduct is one product with its factors, all float32.
type testProduct struct {
	product
	a, b, bias, c []float32
	biased        bool
	add           int
}

// testProducts are of sizes that fill tiles and strips and sizes that do not, with either factor turned, biased or
// added.
func testProducts() []testProduct {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	var list []testProduct
	for _, s := range [][3]int{{64, 64, 32}, {128, 192, 64}, {1, 1, 1}, {7, 3, 5}, {70, 65, 17}, {33, 130, 48}, {200, 31, 100}} {
		m, n, depth := s[0], s[1], s[2]
		for turn := range 4 {
			p := testProduct{product: product{m, n, depth, depth, 1, n, 1}, biased: turn%2 == 0, add: turn / 2}
			if turn%2 == 1 {
				p.bk, p.bj = 1, depth
			}
			if turn == 3 {
				p.ai, p.ak = 1, m
			}
			p.a, p.b, p.bias, p.c = draw(m*depth), draw(depth*n), draw(n), draw(m*n)
			list = append(list, p)
		}
	}
	return list
}

// want is the product in float64 of factors that left and right have been applied to.
func (p testProduct) want(left, right func(float32) float32) []float64 {
	want := make([]float64, p.m*p.n)
	for i := range p.m {
		for j := range p.n {
			sum := 0.0
			for k := range p.depth {
				sum += float64(left(p.a[i*p.ai+k*p.ak])) * float64(right(p.b[k*p.bk+j*p.bj]))
			}
			if p.biased {
				sum += float64(p.bias[j])
			}
			if p.add == 1 {
				sum += float64(p.c[i*p.n+j])
			}
			want[i*p.n+j] = sum
		}
	}
	return want
}

// run computes the product on the device.
func (p testProduct) run(t *testing.T, b *Backend, multiply multiplier, stored Precision) []float32 {
	t.Helper()
	value := func(numbers []float32, stored Precision) *machine.Value {
		m := b.frozen(stored)
		fatal(t, m.Write(numbers))
		return &machine.Value{DType: tensor.Float32, Buffer: m, N: len(numbers)}
	}
	var bias *machine.Value
	if p.biased {
		bias = value(p.bias, Float32)
	}
	to := value(p.c, Float32)
	fatal(t, b.panels.Grow(p.n*p.depth+128*p.depth))
	fatal(t, b.rounded.Grow(p.m*p.depth))
	fatal(t, multiply(value(p.a, Float32), value(p.b, stored), bias, to, p.product, p.add))
	got := make([]float32, p.m*p.n)
	fatal(t, to.Buffer.Read(got))
	return got
}

func (b *Backend) bind(t *testing.T, v variant, f factors) multiplier {
	t.Helper()
	c := &call{Backend: b}
	multiply := c.bindProduct(v, f)
	fatal(t, c.err)
	return multiply
}

func identity(v float32) float32 { return v }

// toHalf and toFloat16 round to a precision and back.
func toHalf(v float32) float32    { return math.Float32frombits(uint32(bfloat16Bits(v)) << 16) }
func toFloat16(v float32) float32 { return float16Value(float16Bits(v)) }

// Every variant gives the product, to the same bits, whatever the device would choose.
func TestVariantsGiveTheSameBits(t *testing.T) {
	b := openWith(t, Options{Precision: BFloat16})
	for name, c := range map[string]struct {
		f           factors
		left, right func(float32) float32
	}{"float32": {factors{}, identity, identity}, "rounded": {factors{rounded: true}, toHalf, toHalf}, "stored": {factors{true, BFloat16}, toHalf, toHalf},
		"float16": {factors{right: Float16}, identity, toFloat16}} {
		t.Run(name, func(t *testing.T) {
			var first [][]float32
			list := append(variants(true), variants(false)...)
			if c.f.rounded {
				list = append(variants(true)[:2], variants(false)[:2]...)
			}
			for _, v := range list {
				multiply := b.bind(t, v, c.f)
				for i, p := range testProducts() {
					if c.f.rounded && p.ak != 1 {
						continue // no layer's product has its left factor turned
					}
					got := p.run(t, b, multiply, c.f.right)
					for len(first) <= i {
						first = append(first, nil)
					}
					if first[i] == nil {
						first[i] = got
						p.check(t, fmt.Sprintf("%+v", v), got, c.left, c.right)
					}
					for j := range got {
						if got[j] != first[i][j] {
							t.Fatalf("%+v, product %+v: number %d is %v, of another variant %v", v, p.product, j, got[j], first[i][j])
						}
					}
				}
			}
		})
	}
}

// check compares with float64: n products of standard normal numbers err by n·2⁻²⁴ times their sizes, at most.
func (p testProduct) check(t *testing.T, what string, got []float32, left, right func(float32) float32) {
	t.Helper()
	for i, w := range p.want(left, right) {
		if !(math.Abs(float64(got[i])-w) <= float64(p.depth+3)*0x1p-24*10*math.Sqrt(float64(p.depth))) {
			t.Fatalf("%s, product %+v: number %d is %v, want %v", what, p.product, i, got[i], w)
		}
	}
}

// Numbers stored as bfloat16 come back as they were rounded, and no kernel reads them as float32.
func TestFrozenBuffers(t *testing.T) {
	b := openWith(t, Options{Precision: BFloat16})
	m := b.NewFrozen()
	numbers := []float32{1, -1.00390625, 1.01171875, 3e38, float32(math.Inf(1)), float32(math.NaN()), 1e-40, 3.4e38}
	fatal(t, m.Write(numbers))
	got := make([]float32, len(numbers))
	fatal(t, m.Read(got))
	want := []float32{1, -1, 1.015625, toHalf(3e38), float32(math.Inf(1)), float32(math.NaN()), toHalf(1e-40), float32(math.Inf(1))}
	for i := range want {
		if got[i] != want[i] && !(got[i] != got[i] && want[i] != want[i]) {
			t.Errorf("%v is stored as %v, want %v", numbers[i], got[i], want[i])
		}
	}
	if err := b.Negate(m, 1); err == nil {
		t.Error("a kernel of float32 took bfloat16")
	}
}
