package accountant

import "math"

// AdaptiveNoiseMultiplier returns the noise multiplier of a step with adaptive clipping: the gradients with multiplier z
// and, beside them, the count Σ(bᵢ − ½) with standard deviation σ_b, which one record moves by ½. Stacked they are one
// Gaussian with 1/z̄² = 1/z² + 1/(2σ_b)² (Andrew et al. 2021, theorem 1).
func AdaptiveNoiseMultiplier(gradient, countNoise float64) float64 {
	return 1 / math.Hypot(1/gradient, 1/(2*countNoise))
}
