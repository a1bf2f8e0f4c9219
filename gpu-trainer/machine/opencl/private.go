package opencl

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
)

// clip turns squared norms and their bounds into factors by the feed's rule. The groups of an example share one fate:
// if one of its numbers is not finite, all factors are 0.
func clip(c *call) machine.Run {
	total, factor := c.kernel("clip_total"), c.kernel("clip_factor")
	c.reserve(c.totals, func() int { return c.in[0].N })
	return func(f *machine.Feed) error {
		n, rule := f.Examples(), f.Clip
		for i, v := range c.in {
			if err := total.start().mem(c.totals, v.Buffer).ints(n, i).over(n); err != nil {
				return err
			}
		}
		for i, v := range c.in {
			if err := factor.start().mem(v.Buffer, c.totals, c.out[i].Buffer).ints(n).double(rule.Norm, rule.Gamma, rule.Most).over(n); err != nil {
				return err
			}
		}
		return nil
	}
}

func linearNorm(c *call) machine.Run {
	k, squares, g, x := c.kernel("linear_norm"), c.out[0], c.in[1], c.in[2]
	return func(f *machine.Feed) error {
		return k.start().mem(x.Buffer, g.Buffer, c.rangesOf(g.Rows)).ints(x.Width, g.Width).mem(squares.Buffer).groups(f.Examples())
	}
}

func biasNorm(c *call) machine.Run {
	k, squares, g := c.kernel("bias_norm"), c.out[0], c.in[1]
	return func(f *machine.Feed) error {
		return k.start().mem(g.Buffer, c.rangesOf(g.Rows)).ints(g.Width).mem(squares.Buffer).groups(f.Examples())
	}
}

func layerNormNorm(c *call) machine.Run {
	k, squares, g, x, mean, rstd := c.kernel("layernorm_norm"), c.out[0], c.in[1], c.in[2], c.in[3], c.in[4]
	return func(f *machine.Feed) error {
		return k.start().mem(x.Buffer, g.Buffer, mean.Buffer, rstd.Buffer, c.rangesOf(g.Rows)).ints(g.Width).mem(squares.Buffer).groups(f.Examples())
	}
}

func embedNorm(c *call) machine.Run {
	k, squares, g := c.kernel("embed_norm"), c.out[0], c.in[1]
	return func(f *machine.Feed) error {
		return k.start().mem(c.feed.columns[c.Column], g.Buffer, c.feed.offsets).ints(g.Width).mem(squares.Buffer).groups(f.Examples())
	}
}

func linearSum(c *call) machine.Run {
	sum, g, factor, x := c.out[0], c.in[1], c.in[2], c.in[3]
	v := plainVariant(c.chosen.Tiles)
	k := c.kernelOf(c.program(productSource, ""), v.name("linear_sum"))
	return func(f *machine.Feed) error {
		k.start().mem(x.Buffer, g.Buffer, c.rangesOf(g.Rows)).ints(f.Examples(), x.Width, g.Width).
			mem(factor.Buffer).double(f.InverseQuantum).mem(sum.Buffer)
		return v.over(k, g.Width, x.Width)
	}
}

func biasSum(c *call) machine.Run {
	k, sum, g, factor := c.kernel("bias_sum"), c.out[0], c.in[1], c.in[2]
	return func(f *machine.Feed) error {
		return k.start().mem(g.Buffer, c.rangesOf(g.Rows)).ints(f.Examples(), g.Width).
			mem(factor.Buffer).double(f.InverseQuantum).mem(sum.Buffer).over(g.Width)
	}
}

// layerNormSum sums the scale's gradient in slot 0, the shift's, which is a bias, in slot 1.
func layerNormSum(c *call) machine.Run {
	if c.Slot == 1 {
		return biasSum(c)
	}
	k, sum, g, factor, x, mean, rstd := c.kernel("scale_sum"), c.out[0], c.in[1], c.in[2], c.in[3], c.in[4], c.in[5]
	return func(f *machine.Feed) error {
		return k.start().mem(x.Buffer, g.Buffer, mean.Buffer, rstd.Buffer, c.rangesOf(g.Rows)).ints(f.Examples(), g.Width).
			mem(factor.Buffer).double(f.InverseQuantum).mem(sum.Buffer).over(g.Width)
	}
}

func embedSum(c *call) machine.Run {
	k, sum, g, factor := c.kernel("embed_sum"), c.out[0], c.in[1], c.in[2]
	return func(f *machine.Feed) error {
		return k.start().mem(c.feed.columns[c.Column], g.Buffer, c.feed.offsets).ints(f.Examples(), g.Width).
			mem(factor.Buffer).double(f.InverseQuantum).mem(sum.Buffer).over(g.Width)
	}
}

func biasGrad(c *call) machine.Run {
	k, total, g := c.kernel("bias_grad"), c.out[0], c.in[1]
	return func(*machine.Feed) error {
		return k.start().mem(g.Buffer).ints(rows(g), g.Width).mem(total.Buffer).over(g.Width)
	}
}

func layerNormGrad(c *call) machine.Run {
	if c.Slot == 1 {
		return biasGrad(c)
	}
	k, total, g, x, mean, rstd := c.kernel("scale_grad"), c.out[0], c.in[1], c.in[2], c.in[3], c.in[4]
	return func(*machine.Feed) error {
		return k.start().mem(x.Buffer, g.Buffer, mean.Buffer, rstd.Buffer).ints(rows(g), g.Width).mem(total.Buffer).over(g.Width)
	}
}

func embedGrad(c *call) machine.Run {
	k, total, g := c.kernel("embed_grad"), c.out[0], c.in[1]
	return func(*machine.Feed) error {
		return k.start().mem(c.feed.columns[c.Column], g.Buffer).ints(rows(g), g.Width).mem(total.Buffer).over(g.Width)
	}
}
