package opencl

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
)

// product is c = op(a) op(b): element (i, k) of the left operand stands at i·ai + k·ak, (k, j) of the right one at
// k·bk + j·bj.
type product struct{ m, n, depth, ai, ak, bk, bj int }

// forward is x Wᵀ for x [rows, in] and w [out, in]; backward is g W; weights is gᵀ x.
func forward(x, y *machine.Value) product {
	return product{rows(x), y.Width, x.Width, x.Width, 1, 1, x.Width}
}

func backward(g, dx *machine.Value) product {
	return product{rows(g), dx.Width, g.Width, g.Width, 1, dx.Width, 1}
}

func weights(x, g *machine.Value) product {
	return product{g.Width, x.Width, rows(x), 1, g.Width, x.Width, 1}
}

// A variant is one way to compute products: the knobs of product.cl. All give the same bits.
type variant struct {
	Tiles                  bool // tiles in local memory, for GPUs; else strips in vector registers, for CPUs
	TileM, TileN, Depth    int  // tiles: of the result, and how deep the factors are
	EachM, EachN           int  // tiles: what a work-item makes
	Down, Across, Together int  // strips: rows, vectors of 16 columns, and strips of a group
}

// plainVariant is the one that needs no search.
func plainVariant(tiles bool) variant {
	return variant{Tiles: tiles, TileM: 64, TileN: 64, Depth: 16, EachM: 4, EachN: 4, Down: 8, Across: 1, Together: 8}
}

// fits tells whether a device's work-groups and local memory are large enough.
func (v variant) fits(d Device) bool {
	if !v.Tiles {
		return v.Together <= d.WorkGroup
	}
	return v.TileM/v.EachM*(v.TileN/v.EachN) <= d.WorkGroup && int64(4*v.Depth*(v.TileM+v.TileN)) <= d.LocalBytes
}

// options define the knobs for the compiler.
func (v variant) options() string {
	return fmt.Sprintf("-DPRODUCT_ONLY -DTILE_M=%d -DTILE_N=%d -DDEPTH=%d -DEACH_M=%d -DEACH_N=%d -DDOWN=%d -DACROSS=%d",
		v.TileM, v.TileN, v.Depth, v.EachM, v.EachN, v.Down, v.Across)
}

// name is that of a kernel in this variant.
func (v variant) name(kernel string) string {
	if v.Tiles {
		return kernel
	}
	return kernel + "_wide"
}

// panels is how many numbers the packed right operand has.
func (v variant) panels(p product) int {
	if v.Tiles {
		return 0
	}
	return roundUp(p.n, v.strip()) * p.depth
}

func (v variant) strip() int { return 16 * v.Across }

// over runs a kernel on the tiles or strips of an [m, n] matrix.
func (v variant) over(k *kernel, m, n int) error {
	if v.Tiles {
		across, down := v.TileN/v.EachN, v.TileM/v.EachM
		return k.run([2]uintptr{uintptr(roundUp(n, v.TileN) / v.TileN * across), uintptr(roundUp(m, v.TileM) / v.TileM * down)},
			[2]uintptr{uintptr(across), uintptr(down)})
	}
	columns, rows := roundUp(n, v.strip())/v.strip(), roundUp(m, v.Down*v.Together)/v.Down
	return k.run([2]uintptr{uintptr(columns), uintptr(rows)}, [2]uintptr{1, uintptr(v.Together)})
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// A multiplier runs products: add is 1 where the result is added to what is there.
type multiplier func(a, b, bias, to *machine.Value, p product, add int) error

// factors says how the factors of a product are read: rounded to bfloat16 or not, and how the right one is stored.
type factors struct {
	rounded bool
	right   Precision
}

func (f factors) options() string {
	text := ""
	if f.rounded {
		text += " -DROUND"
	}
	return text + f.right.options()
}

// multiplier binds a product whose size is known when it runs. Those of a layer's own matrix are rounded where the
// options say so; what sums over tokens never is.
func (c *call) multiplier(right *machine.Value, layer bool, size func() product) multiplier {
	f := factors{layer && c.options.Precision == BFloat16, right.Buffer.(*Buffer).stored}
	c.reserve(c.panels, func() int { return c.chosen.panels(size()) })
	if f.rounded && !c.chosen.Tiles {
		c.reserve(c.rounded, func() int { p := size(); return p.m * p.depth })
	}
	return c.bindFor(c.chosen, f)
}

// bindFor binds a product to tensor cores where it may run there, else to the kernels of a variant.
func (c *call) bindFor(v variant, f factors) multiplier {
	plain := c.bindProduct(v, f)
	if !f.rounded || c.cores == nil {
		return plain
	}
	return c.bindTensorCores(c.cores, f, plain)
}

// bindProduct binds a product to the kernels of a variant.
func (c *call) bindProduct(v variant, f factors) multiplier {
	p := c.program(productSource, v.options()+f.options())
	k := c.kernelOf(p, v.name("product"))
	if c.err != nil {
		return nil
	}
	k.reads = f.right
	if v.Tiles {
		return func(a, b, bias, to *machine.Value, p product, add int) error {
			given, biased := orNot(bias, to)
			k.start().mem(a.Buffer, b.Buffer, given, to.Buffer).ints(p.m, p.n, p.depth, p.ai, p.ak, p.bk, p.bj, biased, add)
			return v.over(k, p.m, p.n)
		}
	}
	return c.bindStrips(v, f, p, k)
}

// bindStrips packs the right factor into panels, and rounds the left one, before strips are made.
func (c *call) bindStrips(v variant, f factors, program *program, strips *kernel) multiplier {
	pack, round := c.kernelOf(program, "pack"), (*kernel)(nil)
	if f.rounded {
		round = c.kernelOf(program, "round_left")
	}
	if c.err != nil {
		return nil
	}
	pack.reads, strips.reads = f.right, Float32
	return func(a, b, bias, to *machine.Value, p product, add int) error {
		left := a.Buffer
		if err := pack.start().mem(b.Buffer, c.panels).ints(p.n, p.depth, p.bk, p.bj).columns(p.depth, roundUp(p.n, v.strip())/v.strip()); err != nil {
			return err
		}
		if round != nil {
			left = c.rounded
			if err := round.start().mem(a.Buffer, left).ints(p.m * p.depth).over(p.m * p.depth); err != nil {
				return err
			}
		}
		given, biased := orNot(bias, to)
		strips.start().mem(left, c.panels, given, to.Buffer).ints(p.m, p.n, p.depth, p.ai, p.ak, biased, add)
		return v.over(strips, p.m, p.n)
	}
}

// orNot is the buffer of a value that may be missing, and whether it is there.
func orNot(v, other *machine.Value) (machine.Buffer, int) {
	if v == nil {
		return other.Buffer, 0
	}
	return v.Buffer, 1
}
