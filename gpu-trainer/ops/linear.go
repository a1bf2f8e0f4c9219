package ops

import "gorgonia.org/gorgonia"

// Linear is y = x Wᵀ + b for x [rows, in], w [out, in] and bias [out] or nil: y [rows, out].
func (b *Builder) Linear(x, w, bias *gorgonia.Node) *gorgonia.Node {
	if !b.fits("linear", x, w) {
		return nil
	}
	op := Op{kernel: "linear", outputs: []Output{b.value(RowsOf(x), w.Shape()[0])}, overwrites: -1, diff: linearDiff, differs: []bool{true, false}}
	if bias == nil {
		return b.apply(op, x, w)
	}
	op.differs = append(op.differs, false)
	return b.apply(op, x, w, bias)
}

func (b *Builder) fits(kernel string, x, w *gorgonia.Node) bool {
	if b.err != nil || x == nil || w == nil {
		b.fail("operation %s: an input is missing", kernel)
		return false
	}
	if width(x) != width(w) {
		b.fail("operation %s: input of width %d, weight of shape %v", kernel, width(x), w.Shape())
		return false
	}
	return true
}

func linearDiff(b *Builder, in gorgonia.Nodes, _, grad *gorgonia.Node) gorgonia.Nodes {
	grads := make(gorgonia.Nodes, len(in))
	grads[0] = b.LinearGradInput(grad, in[1])
	return grads
}

// LinearGradInput is dx = g W for g [rows, out] and w [out, in]: dx [rows, in].
func (b *Builder) LinearGradInput(g, w *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: "linear.gradinput", outputs: []Output{b.value(RowsOf(g), w.Shape()[1])}, overwrites: -1}, g, w)
}

// LinearAdd is y = base + x Wᵀ for x [rows, in], w [out, in] and base [rows, out].
func (b *Builder) LinearAdd(base, x, w *gorgonia.Node) *gorgonia.Node {
	if !b.fits("linear.add", x, w) {
		return nil
	}
	return b.apply(Op{kernel: "linear.add", outputs: []Output{like(base)}, accumulates: true,
		diff: linearAddDiff, differs: []bool{true, true, false}}, base, x, w)
}

func linearAddDiff(b *Builder, in gorgonia.Nodes, _, grad *gorgonia.Node) gorgonia.Nodes {
	return gorgonia.Nodes{grad, b.LinearGradInput(grad, in[2]), nil}
}

// Embed is y[t] = table[ids[t]] for table [vocabulary, hidden]: y [tokens, hidden]; with x [tokens, hidden] not nil,
// y = x + that.
func (b *Builder) Embed(x, table *gorgonia.Node, ids Column) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	at := Attributes{Column: ids}
	out := []Output{b.value(Tokens, width(table))}
	if x == nil {
		return b.apply(Op{kernel: "embed", attributes: at, outputs: out, overwrites: -1}, table)
	}
	return b.apply(Op{kernel: "embed.add", attributes: at, outputs: out, accumulates: true, diff: passFirst, differs: []bool{true, false}}, x, table)
}

// passFirst hands the gradient to the first input as it is.
func passFirst(_ *Builder, in gorgonia.Nodes, _, grad *gorgonia.Node) gorgonia.Nodes {
	grads := make(gorgonia.Nodes, len(in))
	grads[0] = grad
	return grads
}

// Prompt adds row j of prompt [count, hidden] to the token at place j+1 of every example, for x [tokens, hidden].
func (b *Builder) Prompt(x, prompt *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: "prompt.add", attributes: Attributes{Count: prompt.Shape()[0]}, outputs: []Output{like(x)}, accumulates: true,
		diff: passFirst, differs: []bool{true, false}}, x, prompt)
}

// promptRows gathers the tokens at places 1..count of every example: g [tokens, hidden] to [examples, count·hidden].
func (b *Builder) promptRows(g *gorgonia.Node, count int) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: "prompt.rows", attributes: Attributes{Count: count}, outputs: []Output{b.value(Examples, count*width(g))}, overwrites: -1}, g)
}
