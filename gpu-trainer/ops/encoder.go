package ops

import (
	"math"

	"gorgonia.org/gorgonia"
)

// LayerNorm is (x - mean)/√(variance + ε) · gamma + beta over each row of x [rows, width], with the biased variance.
// Values 1 and 2 of the node are the rows' means and 1/√(variance + ε).
func (b *Builder) LayerNorm(x, gamma, beta *gorgonia.Node, epsilon float64) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	r := RowsOf(x)
	return b.apply(Op{kernel: "layernorm", attributes: Attributes{Epsilon: epsilon},
		outputs: []Output{like(x), b.column(r, b.float), b.column(r, b.float)}, overwrites: -1,
		diff: layerNormDiff, differs: []bool{true, false, false}}, x, gamma, beta)
}

func layerNormDiff(b *Builder, in gorgonia.Nodes, out, grad *gorgonia.Node) gorgonia.Nodes {
	dx := b.apply(Op{kernel: "layernorm.gradinput", outputs: []Output{like(grad)}}, grad, in[0], in[1], b.Part(out, 1), b.Part(out, 2))
	return gorgonia.Nodes{dx, nil, nil}
}

// Attention is softmax(q kᵀ/√d) v for each head and example, d = hidden/heads, for q, k, v [tokens, hidden]: [tokens,
// hidden]. Tokens of an example attend to each other only. Value 1 of the node is the probabilities, heads · L² for
// each example of L tokens.
func (b *Builder) Attention(q, k, v *gorgonia.Node, heads int) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	at := Attributes{Heads: heads, Scale: 1 / math.Sqrt(float64(width(q)/heads))}
	return b.apply(Op{kernel: "attention", attributes: at, outputs: []Output{like(q), b.value(Pairs, heads)}, overwrites: -1,
		differs: []bool{true, true, true},
		diff: func(b *Builder, in gorgonia.Nodes, out, grad *gorgonia.Node) gorgonia.Nodes {
			o := like(grad)
			d := b.apply(Op{kernel: "attention.grad", attributes: at, outputs: []Output{o, o, o}, overwrites: -1}, in[0], in[1], in[2], b.Part(out, 1), grad)
			return gorgonia.Nodes{d, b.Part(d, 1), b.Part(d, 2)}
		}}, q, k, v)
}

// Activations is what the run brings (machine.Feed.Activations), [rows, width]: values of a graph that ends where
// this one begins.
func (b *Builder) Activations(r Rows, width int) *gorgonia.Node {
	return b.apply(Op{kernel: "activations", outputs: []Output{b.value(r, width)}, overwrites: -1})
}

// PoolFirst takes the first token of each example: x [tokens, hidden] to [examples, hidden].
func (b *Builder) PoolFirst(x *gorgonia.Node) *gorgonia.Node { return b.pool("pool.first", x) }

// PoolMean takes the mean over the tokens of each example: x [tokens, hidden] to [examples, hidden].
func (b *Builder) PoolMean(x *gorgonia.Node) *gorgonia.Node { return b.pool("pool.mean", x) }

func (b *Builder) pool(kernel string, x *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: kernel, outputs: []Output{b.value(Examples, width(x))}, overwrites: -1, differs: []bool{true},
		diff: func(b *Builder, in gorgonia.Nodes, _, grad *gorgonia.Node) gorgonia.Nodes {
			return gorgonia.Nodes{b.apply(Op{kernel: kernel + ".grad", outputs: []Output{like(in[0])}, overwrites: -1}, grad)}
		}}, x)
}

// CrossEntropy is -log softmax(logits)[label] of each example, for logits [examples, classes]: [examples]. Value 1 of
// the node is the gradient of each example's own loss with respect to its logits: what a backward pass starts from.
func (b *Builder) CrossEntropy(logits *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: "crossentropy", outputs: []Output{b.column(Examples, b.float), like(logits)}, overwrites: -1}, logits)
}
