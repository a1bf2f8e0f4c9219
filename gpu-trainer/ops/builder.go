package ops

import (
	"fmt"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Capacity bounds the rows that one run may bring.
type Capacity struct {
	Tokens, Examples, Pairs int
}

func (c Capacity) of(r Rows) int {
	switch r {
	case Tokens:
		return c.Tokens
	case Examples:
		return c.Examples
	case Pairs:
		return c.Pairs
	}
	return 1
}

// A Builder adds operations to one Gorgonia graph. The first failure sticks: later calls return nil nodes, and Err
// tells it.
type Builder struct {
	Graph    *gorgonia.ExprGraph
	capacity Capacity
	float    tensor.Dtype
	serial   uint32
	err      error
}

// NewBuilder starts an empty graph. float is tensor.Float32 or tensor.Float64, the type of weights and activations.
func NewBuilder(capacity Capacity, float tensor.Dtype) *Builder {
	return &Builder{Graph: gorgonia.NewGraph(), capacity: capacity, float: float}
}

// Err is the first failure, or nil.
func (b *Builder) Err() error { return b.err }

// Float is the type of weights and activations.
func (b *Builder) Float() tensor.Dtype { return b.float }

// Input adds a graph input of fixed shape: a weight (Builder.Float), or an accumulator that a run updates.
func (b *Builder) Input(name string, dtype tensor.Dtype, shape ...int) *gorgonia.Node {
	return gorgonia.NewTensor(b.Graph, dtype, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
}

// value is an output of the builder's float type with rows of the given width.
func (b *Builder) value(r Rows, width int) Output {
	return Output{Rows: r, Shape: tensor.Shape{b.capacity.of(r), width}, DType: b.float}
}

// column is an output with one number a row.
func (b *Builder) column(r Rows, dtype tensor.Dtype) Output {
	return Output{Rows: r, Shape: tensor.Shape{b.capacity.of(r)}, DType: dtype}
}

// like is an output of a node's shape, rows and type.
func like(n *gorgonia.Node) Output {
	return Output{Rows: RowsOf(n), Shape: n.Shape(), DType: n.Dtype()}
}

// width is the size of a node's last dimension.
func width(n *gorgonia.Node) int {
	s := n.Shape()
	return s[len(s)-1]
}

// apply adds an operation on the given inputs to the graph.
func (b *Builder) apply(op Op, in ...*gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	for i, n := range in {
		if n == nil {
			b.err = fmt.Errorf("operation %s: input %d is missing", op.kernel, i)
			return nil
		}
		op.inputs = append(op.inputs, inputType(n))
	}
	b.serial++
	op.builder, op.serial = b, b.serial
	if op.differs == nil {
		op.differs = make([]bool, len(in))
	}
	if len(in) == 0 {
		return b.source(&op)
	}
	out, err := gorgonia.ApplyOp(&op, in...)
	b.err = err
	return out
}

// source adds an operation without inputs, which ApplyOp cannot place in a graph.
func (b *Builder) source(op *Op) *gorgonia.Node {
	out := op.outputs[0]
	return gorgonia.NewUniqueNode(gorgonia.WithOp(op), gorgonia.WithType(typeOf(out)), gorgonia.WithShape(out.Shape...), gorgonia.In(b.Graph))
}

func inputType(n *gorgonia.Node) hm.Type {
	return gorgonia.TensorType{Dims: n.Dims(), Of: n.Dtype()}
}

// fail records the first failure.
func (b *Builder) fail(format string, args ...any) *gorgonia.Node {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
	return nil
}

// Part names the value number slot of a node that yields several.
func (b *Builder) Part(n *gorgonia.Node, slot int) *gorgonia.Node {
	if b.err != nil || n == nil {
		return nil
	}
	op, ok := n.Op().(*Op)
	if !ok || slot >= len(op.outputs) {
		return b.fail("part %d of %v: no such value", slot, n)
	}
	return b.apply(Op{kernel: PartKernel, attributes: Attributes{Slot: slot}, outputs: []Output{op.outputs[slot]}, overwrites: -1}, n)
}

// PartKernel is the kernel of nodes that name a value of another node; nothing runs for them.
const PartKernel = "part"
