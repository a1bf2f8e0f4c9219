package dp

import (
	"fmt"
	"math"
)

// Adaptive moves the clipping norm towards a quantile of the gradients' norms (Andrew, Thakkar, McMahan, Ramaswamy
// 2021, algorithm 1). Each step releases, beside the noisy sum, the noisy count of examples that were not clipped;
// the norm of the next step follows from it:
//
//	b̃ = (Σᵢ (bᵢ - ½) + N(0, σ_b²))/B + ½,   bᵢ = 1 where nᵢ ≤ C
//	C ← C exp(-η (b̃ - γ))
//
// Adding or removing an example moves Σ(bᵢ - ½) by exactly ½, so the count alone has noise multiplier 2σ_b. Both
// releases together are one Gaussian mechanism on the stacked vector (sum/C, 2·count) with multiplier z where 1/z² =
// 1/z_Δ² + 1/(2σ_b)² (theorem 1 there): the plan's noise multiplier is z, and the gradients get the larger z_Δ. That
// is the cost, and the ledger prices it.
type Adaptive struct {
	Quantile   float64 `json:"quantile,omitempty"`    // γ in (0, 1) [0.5]
	Rate       float64 `json:"rate,omitempty"`        // η > 0 [0.2]
	CountNoise float64 `json:"count_noise,omitempty"` // σ_b > 0 [B/20]
}

// WithDefaults fills in the zero fields for a run of expected batch size b.
func (a Adaptive) WithDefaults(b int64) Adaptive {
	return Adaptive{or(a.Quantile, 0.5), or(a.Rate, 0.2), or(a.CountNoise, float64(b)/20)}
}

// Validate tells which field breaks its rule under a noise multiplier of the whole.
func (a Adaptive) Validate(multiplier float64) error {
	switch {
	case !(a.Quantile > 0 && a.Quantile < 1):
		return fmt.Errorf("adaptive clip quantile %v: must be in (0, 1)", a.Quantile)
	case !(a.Rate > 0 && a.Rate <= 1):
		return fmt.Errorf("adaptive clip rate %v: must be in (0, 1]", a.Rate)
	case !(a.CountNoise >= MinScale && a.CountNoise <= MaxScale/2):
		return fmt.Errorf("adaptive clip count noise %v: must be in [1, 2^54]", a.CountNoise)
	case 2*a.CountNoise <= multiplier:
		return fmt.Errorf("adaptive clip count noise %v: must be above half the noise multiplier %v, else the count alone costs more than the plan", a.CountNoise, multiplier)
	}
	return nil
}

// GradientMultiplier is z_Δ, rounded up: the gradients' noise multiplier that leaves z for the two releases together.
func (a Adaptive) GradientMultiplier(z float64) float64 {
	count := 2 * a.CountNoise
	return up(z / math.Sqrt(1-(z/count)*(z/count)))
}

// NoisyCount is 2Σ(bᵢ - ½) = below - above plus its noise, an integer: sensitivity 1, standard deviation 2σ_b.
func (a Adaptive) NoisyCount(key Key, step int64, below, above int) (int64, error) {
	g, err := NewGaussian(2 * a.CountNoise)
	if err != nil {
		return 0, err
	}
	var noise [1]int64
	g.Draw(key, DomainCount, uint64(step), noise[:])
	return int64(below-above) + noise[0], nil
}

// Next is the clipping norm that follows from the noisy count of one step with public batch size b.
func (a Adaptive) Next(norm float64, noisyCount, b int64) float64 {
	fraction := float64(noisyCount)/2/float64(b) + 0.5
	return norm * math.Exp(-a.Rate*(min(max(fraction, 0), 1)-a.Quantile))
}
