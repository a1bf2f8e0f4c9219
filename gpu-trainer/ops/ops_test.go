package ops

import (
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var capacity = Capacity{Tokens: 10, Examples: 10, Pairs: 40}

// layer is x = LN(x + Wx) with a head, enough to differentiate.
func layer(b *Builder) (table, product, logits, loss *gorgonia.Node) {
	weight := func(name string, shape ...int) *gorgonia.Node { return b.Input(name, b.Float(), shape...) }
	table = b.Embed(nil, weight("table", 7, 4), InputIDs)
	product = b.Linear(table, weight("w", 4, 4), weight("b", 4))
	x := b.LayerNorm(b.Add(product, table), weight("gamma", 4), weight("beta", 4), 1e-5)
	x = b.Attention(x, x, x, 2)
	logits = b.Linear(b.PoolFirst(b.GELU(x)), weight("head", 3, 4), nil)
	return table, product, logits, b.CrossEntropy(logits)
}

func TestShapesAndRows(t *testing.T) {
	b := NewBuilder(capacity, tensor.Float32)
	table, _, logits, loss := layer(b)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		node  *gorgonia.Node
		rows  Rows
		shape tensor.Shape
	}{
		{table, Tokens, tensor.Shape{10, 4}},
		{logits, Examples, tensor.Shape{10, 3}},
		{loss, Examples, tensor.Shape{10}},
		{b.Part(loss, 1), Examples, tensor.Shape{10, 3}},
		{b.Zeros(), Examples, tensor.Shape{10, 2}},
		{Children(table)[0], Fixed, tensor.Shape{7, 4}},
	} {
		if RowsOf(k.node) != k.rows || !k.node.Shape().Eq(k.shape) {
			t.Errorf("%v: rows %v, shape %v; want %v, %v", k.node, RowsOf(k.node), k.node.Shape(), k.rows, k.shape)
		}
	}
}

// Backpropagate reaches the first use through every operation and sums the gradients of a value with several users.
func TestBackpropagate(t *testing.T) {
	b := NewBuilder(capacity, tensor.Float32)
	table, product, logits, loss := layer(b)
	taps := gorgonia.Nodes{table, product}
	if _, err := gorgonia.Backpropagate(gorgonia.Nodes{logits}, gorgonia.Nodes{b.Part(loss, 1)}, taps); err != nil {
		t.Fatal(err)
	}
	for _, n := range taps {
		if g := n.Deriv(); g == nil || !g.Shape().Eq(n.Shape()) || RowsOf(g) != RowsOf(n) {
			t.Errorf("derivative of %v is %v: want shape %v", n, g, n.Shape())
		}
	}
	if _, own := table.Deriv().Op().(*Op); own {
		t.Error("the derivative of a value with two users is not Gorgonia's sum")
	}
}

// Two operations on equal inputs stay two nodes.
func TestNodesDoNotMerge(t *testing.T) {
	b := NewBuilder(capacity, tensor.Float32)
	x := b.Input("x", tensor.Float32, 2, 2)
	first, second := b.Tanh(x), b.Tanh(x)
	if one, two := b.Zeros(), b.Zeros(); one == two || first == second {
		t.Error("two nodes became one")
	}
}

func TestFirstErrorSticks(t *testing.T) {
	b := NewBuilder(capacity, tensor.Float32)
	x, w := b.Input("x", tensor.Float32, 2, 3), b.Input("w", tensor.Float32, 5, 4)
	if n := b.Tanh(b.Linear(x, w, nil)); n != nil {
		t.Errorf("node %v: want none", n)
	}
	b.Part(x, 9)
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "input of width 3, weight of shape (5, 4)") {
		t.Errorf("error %v: want the first", err)
	}
}

func TestOperationsRunOnTheMachineOnly(t *testing.T) {
	b := NewBuilder(capacity, tensor.Float32)
	n := b.Tanh(b.Input("x", tensor.Float32, 2, 2))
	if _, err := n.Op().Do(); err == nil || !strings.Contains(err.Error(), "package machine") {
		t.Errorf("error %v: want one that names package machine", err)
	}
}

func TestUseOfWhatTheLossDoesNotReach(t *testing.T) {
	b := NewBuilder(capacity, tensor.Float32)
	table, _, _, _ := layer(b)
	Use{Weights: []string{"table"}, Out: gorgonia.Nodes{table}}.Derivative(b)
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "the loss does not depend on them") {
		t.Errorf("error %v: want one that says so", err)
	}
}
