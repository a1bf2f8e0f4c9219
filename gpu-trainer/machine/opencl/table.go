package opencl

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
)

// table maps each operation's kernel name to the function that binds it.
var table = map[string]func(*call) machine.Run{
	"embed": embed, "embed.add": embed,
	"linear": linear, "linear.add": linearAdd, "linear.gradinput": linearGradInput, "linear.gradinput.add": linearGradInputAdd,
	"layernorm": layerNorm, "layernorm.gradinput": layerNormGradInput,
	"attention": attention, "attention.grad": attentionGrad,
	"gelu": gelu, "multiply": numbers("multiply"), "tanh": numbers("hyperbolic"), "tanh.grad": numbers("hyperbolic_grad"), "add": numbers("add"),
	"scale": scale, "copy": duplicate, "dropout": dropout,
	"pool.first": pool("pool_first"), "pool.first.grad": poolGrad("pool_first_grad"),
	"pool.mean": pool("pool_mean"), "pool.mean.grad": poolGrad("pool_mean_grad"),
	"prompt.add": promptAdd, "prompt.rows": promptRows,
	"crossentropy": crossEntropy,
	"zeros":        numbers("zeros"), "clip": clip,
	"linear.norm": linearNorm, "bias.norm": biasNorm, "layernorm.norm": layerNormNorm, "embed.norm": embedNorm,
	"linear.sum": linearSum, "bias.sum": biasSum, "layernorm.sum": layerNormSum, "embed.sum": embedSum,
	"linear.grad": linearGrad, "bias.grad": biasGrad, "layernorm.grad": layerNormGrad, "embed.grad": embedGrad,
}

// numbers binds kernels that work number by number: buffers of inputs and outputs, then how many numbers.
func numbers(name string) func(*call) machine.Run {
	return func(c *call) machine.Run {
		k, y := c.kernel(name), c.out[0]
		return func(*machine.Feed) error {
			return k.start().mem(buffers(c.in...)...).mem(y.Buffer).ints(y.N).over(y.N)
		}
	}
}

func embed(c *call) machine.Run {
	name, table, y := "embed", c.in[len(c.in)-1], c.out[0]
	if table.Buffer.(*Buffer).stored == Float16 {
		name = "embed_half"
	}
	k := c.kernel(name)
	if c.err != nil {
		return nil
	}
	k.reads = Float16
	return func(*machine.Feed) error {
		return k.start().mem(c.feed.columns[c.Column], table.Buffer, y.Buffer).ints(y.N, y.Width, len(c.in)-1).over(y.N)
	}
}

func linear(c *call) machine.Run {
	x, w, y := c.in[0], c.in[1], c.out[0]
	k := c.multiplier(w, true, func() product { return forward(x, y) })
	var bias *machine.Value
	if len(c.in) == 3 {
		bias = c.in[2]
	}
	return func(*machine.Feed) error { return k(x, w, bias, y, forward(x, y), 0) }
}

func linearAdd(c *call) machine.Run {
	x, w, y := c.in[1], c.in[2], c.out[0]
	k := c.multiplier(w, true, func() product { return forward(x, y) })
	return func(*machine.Feed) error { return k(x, w, nil, y, forward(x, y), 1) }
}

func linearGradInput(c *call) machine.Run {
	g, w, dx := c.in[0], c.in[1], c.out[0]
	k := c.multiplier(w, true, func() product { return backward(g, dx) })
	return func(*machine.Feed) error { return k(g, w, nil, dx, backward(g, dx), 0) }
}

func linearGradInputAdd(c *call) machine.Run {
	g, w, dx := c.in[1], c.in[2], c.out[0]
	k := c.multiplier(w, true, func() product { return backward(g, dx) })
	return func(*machine.Feed) error { return k(g, w, nil, dx, backward(g, dx), 1) }
}

func linearGrad(c *call) machine.Run {
	total, g, x := c.out[0], c.in[1], c.in[2]
	k := c.multiplier(x, false, func() product { return weights(x, g) })
	return func(*machine.Feed) error { return k(g, x, nil, total, weights(x, g), 1) }
}

func layerNorm(c *call) machine.Run {
	k, x := c.kernel("layernorm"), c.in[0]
	return func(*machine.Feed) error {
		return k.start().mem(buffers(c.in...)...).mem(buffers(c.out...)...).ints(x.Width).double(c.Epsilon).groups(rows(x))
	}
}

func layerNormGradInput(c *call) machine.Run {
	k, x := c.kernel("layernorm_gradinput"), c.in[1]
	return func(*machine.Feed) error {
		return k.start().mem(buffers(c.in...)...).mem(c.out[0].Buffer).ints(x.Width).groups(rows(x))
	}
}

// byToken is a kernel of attention, for n tokens and heads: a work-item for each on CPUs, a group on GPUs.
func (c *call) byToken(name string) (k *kernel, over func(n int) error) {
	if c.chosen.Tiles {
		k = c.kernel(name + "_group")
		return k, func(n int) error { return k.groups(n) }
	}
	k = c.kernel(name)
	return k, func(n int) error { return k.over(n) }
}

func attention(c *call) machine.Run {
	scores, overScores := c.byToken("attention_probs")
	mix, overMix := c.byToken("attention_mix")
	q, k, v, y, probs := c.in[0], c.in[1], c.in[2], c.out[0], c.out[1]
	return func(*machine.Feed) error {
		f, n := &c.feed, rows(q)*c.Heads
		scores.start().mem(q.Buffer, k.Buffer, f.offsets, f.owner, f.pairs, probs.Buffer).ints(n, c.Heads, q.Width).float(c.Scale)
		if err := overScores(n); err != nil {
			return err
		}
		mix.start().mem(probs.Buffer, v.Buffer, f.offsets, f.owner, f.pairs, y.Buffer).ints(n, c.Heads, y.Width, 0)
		return overMix(n)
	}
}

func attentionGrad(c *call) machine.Run {
	scores, overScores := c.byToken("attention_scores_grad")
	mix, overMix := c.byToken("attention_mix")
	q, k, v, probs, g := c.in[0], c.in[1], c.in[2], c.in[3], c.in[4]
	c.reserve(c.scratch, func() int { return probs.N })
	return func(*machine.Feed) error {
		f, n := &c.feed, rows(q)*c.Heads
		scores.start().mem(probs.Buffer, g.Buffer, v.Buffer, f.offsets, f.owner, f.pairs, c.scratch).ints(n, c.Heads, q.Width).float(c.Scale)
		if err := overScores(n); err != nil {
			return err
		}
		for _, s := range []struct {
			matrix     machine.Buffer
			rows, into *machine.Value
			turn       int
		}{{c.scratch, k, c.out[0], 0}, {c.scratch, q, c.out[1], 1}, {probs.Buffer, g, c.out[2], 1}} {
			mix.start().mem(s.matrix, s.rows.Buffer, f.offsets, f.owner, f.pairs, s.into.Buffer).ints(n, c.Heads, q.Width, s.turn)
			if err := overMix(n); err != nil {
				return err
			}
		}
		return nil
	}
}

func gelu(c *call) machine.Run {
	k, x, y, slope, both := c.kernel("gelu"), c.in[0], c.out[0], c.out[1], 1
	if slope.Buffer == nil {
		slope, both = y, 0
	}
	return func(*machine.Feed) error {
		return k.start().mem(x.Buffer, y.Buffer, slope.Buffer).ints(x.N, both).over(x.N)
	}
}

func scale(c *call) machine.Run {
	k, x, y := c.kernel("scale"), c.in[0], c.out[0]
	return func(*machine.Feed) error {
		return k.start().mem(x.Buffer, y.Buffer).ints(x.N).float(c.Scale).over(x.N)
	}
}

func duplicate(c *call) machine.Run {
	x, y := c.in[0], c.out[0]
	return func(*machine.Feed) error {
		from, to := x.Buffer.(*Buffer), y.Buffer.(*Buffer)
		return check("clEnqueueCopyBuffer", c.lib.enqueueCopyBuffer(c.queue, from.handle, to.handle, 0, 0, uintptr(x.N)*from.width, 0, 0, 0))
	}
}

func dropout(c *call) machine.Run {
	k, x, y := c.kernel("dropout"), c.in[0], c.out[0]
	threshold, keep := machine.DropoutThreshold(c.Rate)
	return func(f *machine.Feed) error {
		ranges, owner := c.feed.offsets, c.feed.owner
		if x.Rows == ops.Examples {
			ranges, owner = c.feed.identity, c.feed.identity
		}
		key := machine.DropoutKey(f.DropoutKey, c.Site)
		return k.start().mem(x.Buffer, y.Buffer, ranges, owner, c.feed.rowIDs).ints(x.N, x.Width, int(key[0]), int(key[1]), int(threshold)).float(keep).over(x.N)
	}
}

func pool(name string) func(*call) machine.Run {
	return func(c *call) machine.Run {
		k, x, y := c.kernel(name), c.in[0], c.out[0]
		return func(*machine.Feed) error {
			return k.start().mem(x.Buffer, c.feed.offsets, y.Buffer).ints(y.N, y.Width).over(y.N)
		}
	}
}

func poolGrad(name string) func(*call) machine.Run {
	return func(c *call) machine.Run {
		k, g, dx := c.kernel(name), c.in[0], c.out[0]
		return func(*machine.Feed) error {
			return k.start().mem(g.Buffer, c.feed.offsets, c.feed.owner, dx.Buffer).ints(dx.N, dx.Width).over(dx.N)
		}
	}
}

func promptAdd(c *call) machine.Run {
	k, prompt, y := c.kernel("prompt_add"), c.in[1], c.out[0]
	return func(f *machine.Feed) error {
		n := f.Examples() * prompt.N
		return k.start().mem(y.Buffer, prompt.Buffer, c.feed.offsets).ints(n, y.Width, c.Count).over(n)
	}
}

func promptRows(c *call) machine.Run {
	k, g, y := c.kernel("prompt_rows"), c.in[0], c.out[0]
	return func(*machine.Feed) error {
		return k.start().mem(g.Buffer, c.feed.offsets, y.Buffer).ints(y.N, g.Width, c.Count).over(y.N)
	}
}

func crossEntropy(c *call) machine.Run {
	k, logits := c.kernel("crossentropy"), c.in[0]
	return func(f *machine.Feed) error {
		return k.start().mem(logits.Buffer, c.feed.labels).mem(buffers(c.out...)...).ints(f.Examples(), logits.Width).over(f.Examples())
	}
}
