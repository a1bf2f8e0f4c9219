package ops

import (
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Rows tells what the leading dimension of a value counts when a graph runs.
type Rows int

const (
	Fixed    Rows = iota // nothing: the static shape holds, as for weights
	Tokens               // the tokens of the batch
	Examples             // the examples of the batch
	Pairs                // Σ L² over the examples of L tokens each
)

// A Column names one of the integer arrays that a batch brings along, [tokens].
type Column int

const (
	InputIDs Column = iota
	TokenTypeIDs
	PositionIDs
)

// Attributes are the constants of one operation. Each kernel reads its own.
type Attributes struct {
	Column  Column  // embed: which ids pick the rows
	Slot    int     // part: which value of its input; layernorm.sum, layernorm.grad: 0 the scale, 1 the shift
	Places  int     // linear, layernorm, each .norm, .sum and .grad: places of the weight that a row holds side by side; 0 is 1
	Heads   int     // attention
	Count   int     // prompt.add, prompt.rows: vectors in the prompt
	Epsilon float64 // layernorm
	Scale   float64 // attention: of the scores; scale: the factor
	Rate    float64 // dropout: probability of a zero, in [0, 1)
	Site    uint64  // dropout: which of the model's masks
}

// An Output is one value that an operation yields.
type Output struct {
	Rows  Rows
	Shape tensor.Shape // capacity of the rows, then the rest; Fixed: the shape itself
	DType tensor.Dtype
	Spare bool // need not be computed when nobody reads it: its value then has no buffer
}

// An Op is a fused operation. It implements gorgonia.Op and gorgonia.SDOp.
type Op struct {
	kernel      string
	attributes  Attributes
	outputs     []Output
	inputs      []hm.Type
	overwrites  int  // input whose memory the first output may take, or -1
	accumulates bool // the first output starts as that input's numbers
	builder     *Builder
	serial      uint32
	diff        derivative
	differs     []bool
}

// A derivative builds the gradients of an operation's inputs from the gradient of its output; nil where Op.differs is
// false.
type derivative func(b *Builder, in gorgonia.Nodes, out, grad *gorgonia.Node) gorgonia.Nodes

// Kernel is the name by which a backend knows the operation.
func (o *Op) Kernel() string { return o.kernel }

// Attributes are the operation's constants.
func (o *Op) Attributes() Attributes { return o.attributes }

// Outputs lists what the operation yields; the first is the node's own value.
func (o *Op) Outputs() []Output { return o.outputs }

// Accumulates tells that the kernel adds to its first output, which must start as the input that OverwritesInput names.
func (o *Op) Accumulates() bool { return o.accumulates }

// Arity is the number of inputs.
func (o *Op) Arity() int { return len(o.inputs) }

// Type is the signature of the operation with concrete types.
func (o *Op) Type() hm.Type {
	return hm.NewFnType(append(append([]hm.Type{}, o.inputs...), typeOf(o.outputs[0]))...)
}

func typeOf(out Output) hm.Type {
	return gorgonia.TensorType{Dims: out.Shape.Dims(), Of: out.DType}
}

// InferShape returns the shape that was fixed when the operation was built.
func (o *Op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.outputs[0].Shape.Clone(), nil
}

// Do refuses: only package machine runs these operations.
func (o *Op) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return nil, fmt.Errorf("operation %s: runs on package machine only", o.kernel)
}

// ReturnsPtr is part of gorgonia.Op.
func (o *Op) ReturnsPtr() bool { return o.overwrites >= 0 }

// CallsExtern is part of gorgonia.Op.
func (o *Op) CallsExtern() bool { return false }

// OverwritesInput is the input whose memory the first output may take, or -1.
func (o *Op) OverwritesInput() int { return o.overwrites }

// WriteHash writes what no other operation of the graph has.
func (o *Op) WriteHash(h hash.Hash) {
	h.Write(binary.LittleEndian.AppendUint32([]byte(o.kernel), o.serial))
}

// Hashcode is unique in the graph: Gorgonia merges nodes whose operations have equal hashes.
func (o *Op) Hashcode() uint32 { return o.serial }

func (o *Op) String() string { return fmt.Sprintf("%s#%d", o.kernel, o.serial) }

// DiffWRT tells which inputs have a gradient within the graph. Weights have none: their gradients are formed per
// example, from the derivative of the node that uses them (see Use).
func (o *Op) DiffWRT(int) []bool { return o.differs }

// SymDiff builds the gradients of the inputs that DiffWRT names.
func (o *Op) SymDiff(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.diff == nil {
		return make(gorgonia.Nodes, len(in)), nil
	}
	grads := o.diff(o.builder, in, out, grad)
	return grads, o.builder.err
}

// RowsOf tells what the leading dimension of a node counts. Inputs of a graph are Fixed; a sum of gradients is like
// its terms.
func RowsOf(n *gorgonia.Node) Rows {
	switch op := n.Op().(type) {
	case nil:
		return Fixed
	case *Op:
		return op.outputs[0].Rows
	}
	children := Children(n)
	if len(children) == 0 {
		return Fixed
	}
	return RowsOf(children[0])
}

// Children returns the inputs of a node in order.
func Children(n *gorgonia.Node) gorgonia.Nodes {
	var children gorgonia.Nodes
	for it := n.Graph().From(n.ID()); it != nil && it.Next(); {
		children = append(children, it.Node().(*gorgonia.Node))
	}
	return children
}
