package machine_test

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The mean of the embeddings of each example, for two examples of two tokens and one.
func Example() {
	capacity := ops.Capacity{Tokens: 8, Examples: 8, Pairs: 64}
	b := ops.NewBuilder(capacity, tensor.Float64)
	table := b.Input("table", tensor.Float64, 3, 2)
	mean := b.PoolMean(b.Embed(nil, table, ops.InputIDs))
	if b.Err() != nil {
		fmt.Println(b.Err())
		return
	}
	backend := cpu.New[float64](1)
	defer backend.Close()
	p, err := machine.Compile(backend, machine.Spec{
		Capacity: capacity,
		Fetch:    gorgonia.Nodes{mean},
		Bindings: map[*gorgonia.Node]machine.Buffer{table: &cpu.Slice[float64]{Data: []float64{0, 1, 10, 11, 20, 21}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p.Feed = machine.Feed{Columns: [3][]int32{{0, 2, 1}}, Offsets: []int32{0, 2, 3}, Labels: []int32{-1, -1}}
	if err := p.RunAll(); err != nil {
		fmt.Println(err)
		return
	}
	v, _ := p.Value(mean, 0)
	rows := make([]float64, v.N)
	v.Buffer.Read(rows)
	fmt.Println(rows)
	// Output: [10 11 10 11]
}
