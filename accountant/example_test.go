package accountant_test

import (
	"fmt"

	"github.com/ewtune/ewtune/accountant"
)

// SST-2 as EW-Tune trains it: what its noise really spends, and the noise that meets epsilon 8.
func Example() {
	q, steps := 2000.0/67349, int64(660)
	spent, err := accountant.Epsilon(accountant.Homogeneous(q, 0.7865, steps), 1e-5)
	if err != nil {
		panic(err)
	}
	fmt.Printf("epsilon %.6f, known to 1e-10: %v\n", spent.Epsilon.Upper, spent.Epsilon.Upper-spent.Epsilon.Lower < 1e-10)
	sigma, err := accountant.NoiseMultiplier(q, steps, 8, 1e-5)
	if err != nil {
		panic(err)
	}
	fmt.Printf("noise multiplier %.6f\n", sigma)
	// Output:
	// epsilon 8.289118, known to 1e-10: true
	// noise multiplier 0.798198
}
