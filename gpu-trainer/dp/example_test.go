package dp_test

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
)

// One step: two gradients of one number are clipped to norm 1, rounded, summed, noised, and divided by the public
// batch size.
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
	sum := make([]int64, 1)
	for _, gradient := range []float64{0.25, 4} {
		sum[0] += int64(clip.Factor(gradient) * gradient / clip.Quantum)
	}
	fmt.Println("sum:", float64(sum[0])*grid.Quantum)
	noise.Noise(dp.KeyFromSeed(1), 1).AddTo(sum, 0)
	fmt.Printf("with noise of standard deviation %.4f: %.4f\n", grid.Scale*grid.Quantum, float64(sum[0])*grid.Quantum)
	fmt.Printf("released: %.4f\n", float64(sum[0])*grid.Quantum/2)
	// Output:
	// sum: 1.25
	// with noise of standard deviation 0.5000: 1.2036
	// released: 0.6018
}
