package ops_test

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A linear layer on packed tokens, and the gradient of its input, which Gorgonia derives.
func Example() {
	b := ops.NewBuilder(ops.Capacity{Tokens: 128, Examples: 128, Pairs: 4096}, tensor.Float32)
	x := b.Embed(nil, b.Input("table", tensor.Float32, 1000, 16), ops.InputIDs)
	logits := b.Linear(b.PoolFirst(x), b.Input("w", tensor.Float32, 2, 16), nil)
	loss := b.CrossEntropy(logits)
	if _, err := gorgonia.Backpropagate(gorgonia.Nodes{logits}, gorgonia.Nodes{b.Part(loss, 1)}, gorgonia.Nodes{x}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(x.Deriv().Op(), x.Deriv().Shape(), ops.RowsOf(x.Deriv()) == ops.Tokens)
	// Output: pool.first.grad#7 (128, 16) true
}
