package dp_test

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
)

// One step: two gradients of one number are clipped to norm 1, rounded, summed, noised, and divided by the public batch size.
func Example() {
	grid, err := dp.NewGrid(1, 100, 1, 0.5, dp.Slack64)
	if err != nil {
		panic(err)
	}
	noise, err := dp.NewGaussian(grid.Scale)
	if err != nil {
		panic(err)
	}
	clip := dp.Clip{Norm: 1, Quantum: grid.Quantum}
	var sum int64
	for _, gradient := range []float64{0.25, 4} {
		sum += int64(clip.Factor(gradient) * gradient / clip.Quantum)
	}
	drawn := make([]int64, 1)
	noise.Fill(dp.KeyFromSeed(1), 1, drawn)
	fmt.Println("sum:", float64(sum)*grid.Quantum)
	fmt.Printf("noise: %.4f of standard deviation %.4f\n", float64(drawn[0])*grid.Quantum, grid.Scale*grid.Quantum)
	fmt.Printf("released: %.4f\n", float64(sum+drawn[0])*grid.Quantum/2)
	// Output:
	// sum: 1.25
	// noise: -0.0464 of standard deviation 0.5000
	// released: 0.6018
}
