package ops

import "gorgonia.org/gorgonia"

// Add is a + b for two values of one shape.
func (b *Builder) Add(x, y *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: "add", outputs: []Output{like(x)}, differs: []bool{true, true},
		diff: func(_ *Builder, _ gorgonia.Nodes, _, grad *gorgonia.Node) gorgonia.Nodes {
			return gorgonia.Nodes{grad, grad}
		}}, x, y)
}

// Scale is factor · x.
func (b *Builder) Scale(x *gorgonia.Node, factor float64) *gorgonia.Node {
	if b.err != nil || factor == 1 {
		return x
	}
	return b.apply(Op{kernel: "scale", attributes: Attributes{Scale: factor}, outputs: []Output{like(x)}, differs: []bool{true},
		diff: func(b *Builder, _ gorgonia.Nodes, _, grad *gorgonia.Node) gorgonia.Nodes {
			return gorgonia.Nodes{b.Scale(grad, factor)}
		}}, x)
}

// Dropout zeroes each number with probability rate, rounded to a multiple of 2⁻¹⁶, and divides the others by 1 less
// that. The mask of a number depends on the key that the run brings, on site, on the row id of its example, on the
// token's place in the example and on the column: not on what else is in the batch.
func (b *Builder) Dropout(x *gorgonia.Node, rate float64, site uint64) *gorgonia.Node {
	if b.err != nil || rate == 0 {
		return x
	}
	return b.apply(Op{kernel: "dropout", attributes: Attributes{Rate: rate, Site: site}, outputs: []Output{like(x)}, differs: []bool{true},
		diff: func(b *Builder, _ gorgonia.Nodes, _, grad *gorgonia.Node) gorgonia.Nodes {
			return gorgonia.Nodes{b.Dropout(grad, rate, site)}
		}}, x)
}

// GELU is x Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016; the exact form, not tanh's). Value 1
// of the node is its derivative Φ(x) + x φ(x), which costs little beside the value.
func (b *Builder) GELU(x *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	slope := like(x)
	slope.Spare = true
	return b.apply(Op{kernel: "gelu", outputs: []Output{like(x), slope}, overwrites: -1, differs: []bool{true},
		diff: func(b *Builder, _ gorgonia.Nodes, out, grad *gorgonia.Node) gorgonia.Nodes {
			return gorgonia.Nodes{b.apply(Op{kernel: "multiply", outputs: []Output{like(grad)}}, grad, b.Part(out, 1))}
		}}, x)
}

// Tanh is the hyperbolic tangent.
func (b *Builder) Tanh(x *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: "tanh", outputs: []Output{like(x)}, differs: []bool{true},
		diff: func(b *Builder, _ gorgonia.Nodes, out, grad *gorgonia.Node) gorgonia.Nodes {
			return gorgonia.Nodes{b.apply(Op{kernel: "tanh.grad", outputs: []Output{like(grad)}}, grad, out)}
		}}, x)
}
