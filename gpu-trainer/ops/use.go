package ops

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Use is a place of the graph where trained weights enter. With g the derivative of Out, or Σ_j g_j Through_j over
// the derivatives g_j of several, the gradient of one example is
//
//	linear     Σ_t g_t x_tᵀ            In = {x}
//	bias       Σ_t g_t                 In = {}
//	layernorm  Σ_t g_t x̂_t, Σ_t g_t    In = {x, mean, rstd}; two weights
//	embed      Σ_t g_t at row ids[t]   In = {}; repeated ids add up
//
// over the tokens t of that example. The norm, the clipped sum and the plain gradient of a use are one operation
// each, and none of them holds the gradient of an example whole.
type Use struct {
	Weights []string // names of the weights, in the order above
	Kernel  string   // linear, bias, layernorm or embed
	Column  Column   // embed
	In      gorgonia.Nodes
	Out     gorgonia.Nodes // one node, or as many as Through
	Through gorgonia.Nodes // matrices that the derivatives of Out pass, if any
	Prompt  int            // not 0: the derivative is taken at this many tokens behind the first of each example, as one row
	Places  []Use          // the uses that Join has made one of
	Divide  float64        // the gradient is divided by this before anything else is done with it; 0 is 1
}

// Derivative is the gradient g of each example's loss. It exists after gorgonia.Backpropagate.
func (u Use) Derivative(b *Builder) *gorgonia.Node {
	if len(u.Places) > 0 {
		return u.together(b)
	}
	var total *gorgonia.Node
	for j, out := range u.Out {
		g := out.Deriv()
		if g == nil {
			return b.fail("weights %v: the loss does not depend on them", u.Weights)
		}
		if u.Through != nil {
			g = b.LinearGradInput(g, u.Through[j])
		}
		if j > 0 {
			g = b.Add(total, g)
		}
		total = g
	}
	if u.Prompt != 0 {
		total = b.promptRows(total, u.Prompt)
	}
	if u.Divide != 0 {
		return b.Scale(total, 1/u.Divide)
	}
	return total
}

// Zeros is float64 zeros, [2, examples] in memory: where a chain of norms starts.
func (b *Builder) Zeros() *gorgonia.Node {
	return b.apply(Op{kernel: "zeros", outputs: []Output{{Rows: Examples, Shape: tensor.Shape{b.capacity.of(Examples), 2}, DType: tensor.Float64}}, overwrites: -1})
}

// Norm adds the squared norm of each example's gradient, over all weights of the use, to the first row of squares [2,
// examples], and to the second a bound that the squared norm of what Sum adds for the example, over its factor,
// cannot exceed whatever floating point did.
func (b *Builder) Norm(squares *gorgonia.Node, u Use, g *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	op := Op{kernel: u.Kernel + ".norm", attributes: Attributes{Column: u.Column, Places: u.SideBySide()}, outputs: []Output{like(squares)}, accumulates: true}
	return b.apply(op, append(gorgonia.Nodes{squares, g}, u.In...)...)
}

// Shares tells whether Norms takes two uses together: linear ones of a single place with the same input.
func (u Use) Shares(other Use) bool {
	linear := func(u Use) bool { return u.Kernel == "linear" && u.SideBySide() == 1 && u.rows() == Tokens }
	return linear(u) && linear(other) && u.In[0] == other.In[0]
}

// Norms is Norm of uses that share their input, which is read once for all: gs are their derivatives.
func (b *Builder) Norms(squares *gorgonia.Node, uses []Use, gs gorgonia.Nodes) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	op := Op{kernel: "linear.norms", outputs: []Output{like(squares)}, accumulates: true}
	return b.apply(op, append(gorgonia.Nodes{squares, uses[0].In[0]}, gs...)...)
}

// keptRank is the narrower side of the widest linear gradient that is kept: an example of as many tokens has that
// many factors.
const keptRank = 16

// Small tells whether each example's gradient takes hardly more memory than what it is formed from, so that it may be
// kept from the norm to the sum.
func (u Use) Small() bool {
	if u.rows() != Tokens || u.SideBySide() > 1 {
		return false
	}
	switch u.Kernel {
	case "bias", "layernorm":
		return true
	case "linear":
		return min(width(u.In[0]), u.derivativeWidth()) <= keptRank
	}
	return false
}

// derivativeWidth is the width of what Derivative gives.
func (u Use) derivativeWidth() int {
	if u.Through != nil {
		return u.Through[0].Shape()[1]
	}
	return width(u.Out[0])
}

// Keep is Norm that also keeps the gradients: value 1+k of the node holds those of weight k of the use, one a row,
// [examples, numbers]. The use must be Small.
func (b *Builder) Keep(squares *gorgonia.Node, u Use, g *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	numbers := width(g)
	if u.Kernel == "linear" {
		numbers *= width(u.In[0])
	}
	outputs := []Output{like(squares)}
	for range u.Weights {
		outputs = append(outputs, b.value(Examples, numbers))
	}
	op := Op{kernel: u.Kernel + ".keep", attributes: Attributes{Column: u.Column}, outputs: outputs, accumulates: true}
	return b.apply(op, append(gorgonia.Nodes{squares, g}, u.In...)...)
}

// KeptSum is Sum for weight number slot of a use whose gradients Keep has kept.
func (b *Builder) KeptSum(sum, kept *gorgonia.Node, slot int, factor *gorgonia.Node) *gorgonia.Node {
	rows := b.Part(kept, 1+slot)
	if b.err != nil {
		return nil
	}
	return b.apply(Op{kernel: "bias.sum", outputs: []Output{like(sum)}, accumulates: true}, sum, rows, factor)
}

// Clip turns the squared norms and bounds of one or more groups of weights, each [2, examples], into factors: value i
// of the node is what the gradient of each example in group i is multiplied by. The rule is brought by the run. An
// example with a norm that is not finite gets 0 in every group.
func (b *Builder) Clip(squares ...*gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	outputs := make([]Output, len(squares))
	for i := range squares {
		outputs[i] = b.column(Examples, tensor.Float64)
	}
	return b.apply(Op{kernel: "clip", outputs: outputs, overwrites: -1}, squares...)
}

// Sum adds round(factor_i g_i/quantum), an integer vector for each example i, to sum: int64, of the shape of weight
// number slot of the use.
func (b *Builder) Sum(sum *gorgonia.Node, u Use, slot int, g, factor *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	op := Op{kernel: u.Kernel + ".sum", attributes: Attributes{Column: u.Column, Slot: slot, Places: u.SideBySide()}, outputs: []Output{like(sum)}, accumulates: true}
	return b.apply(op, append(gorgonia.Nodes{sum, g, factor}, u.In...)...)
}

// Gradient adds the gradient of the summed loss to total, of the shape of weight number slot of the use.
func (b *Builder) Gradient(total *gorgonia.Node, u Use, slot int, g *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	op := Op{kernel: u.Kernel + ".grad", attributes: Attributes{Column: u.Column, Slot: slot, Places: u.SideBySide()}, outputs: []Output{like(total)}, accumulates: true}
	return b.apply(op, append(gorgonia.Nodes{total, g}, u.In...)...)
}
