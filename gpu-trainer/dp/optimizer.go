package dp

import (
	"fmt"
	"math"
)

// Kinds of Optimizer.
const (
	AdamW  = "adamw"  // Loshchilov and Hutter 2019: decay apart from the gradient
	Adam   = "adam"   // Kingma and Ba 2015: decay added to the gradient
	SGD    = "sgd"    // with momentum, as in PyTorch: the buffer holds μ·m + g
	AdamBC = "adambc" // Tang, Shpilevskiy, Lécuyer 2023: the noise's share is taken out of the second moment
)

// Optimizer is a first-order rule that turns the noisy gradient G into a step. It sees nothing else of the data, so
// it is post-processing. Zero fields take the values in brackets.
type Optimizer struct {
	Kind                    string  `json:"kind,omitempty"`                      // [adamw]
	Beta1                   float64 `json:"beta1,omitempty"`                     // [0.9] decay of the first moment
	Beta2                   float64 `json:"beta2,omitempty"`                     // [0.999] decay of the second moment
	Epsilon                 float64 `json:"epsilon,omitempty"`                   // [1e-8] adambc: the floor under the corrected second moment
	WeightDecay             float64 `json:"weight_decay,omitempty"`              // [0] a step
	Momentum                float64 `json:"momentum,omitempty"`                  // [0] sgd only
	EpsilonBeforeCorrection bool    `json:"epsilon_before_correction,omitempty"` // ε joins √v before bias correction (fairseq)
	NoiseVariance           float64 `json:"noise_variance,omitempty"`            // variance of the noise on one number of G; adambc only
}

// WithDefaults fills in the zero fields.
func (o Optimizer) WithDefaults() Optimizer {
	if o.Kind == "" {
		o.Kind = AdamW
	}
	if o.Kind == SGD {
		return o
	}
	o.Beta1 = or(o.Beta1, 0.9)
	o.Beta2 = or(o.Beta2, 0.999)
	o.Epsilon = or(o.Epsilon, 1e-8)
	return o
}

func or(value, fallback float64) float64 {
	if value == 0 {
		return fallback
	}
	return value
}

// Moments is the number of state vectors (first m, then v) that the rule keeps: 2, 1 or 0.
func (o Optimizer) Moments() int {
	switch {
	case o.Kind != SGD:
		return 2
	case o.Momentum != 0:
		return 1
	}
	return 0
}

// Validate tells which field breaks its rule.
func (o Optimizer) Validate() error {
	o = o.WithDefaults()
	switch o.Kind {
	case AdamW, Adam, SGD, AdamBC:
	default:
		return fmt.Errorf("optimizer %q: must be %s, %s, %s or %s", o.Kind, AdamW, Adam, SGD, AdamBC)
	}
	fields := []struct {
		name  string
		value float64
		below float64
	}{
		{"beta1", o.Beta1, 1}, {"beta2", o.Beta2, 1}, {"momentum", o.Momentum, 1},
		{"epsilon", o.Epsilon, math.Inf(1)}, {"weight decay", o.WeightDecay, math.Inf(1)},
		{"noise variance", o.NoiseVariance, math.Inf(1)},
	}
	for _, f := range fields {
		if !(f.value >= 0 && f.value < f.below) {
			return fmt.Errorf("%s %v: must be in [0, %v)", f.name, f.value, f.below)
		}
	}
	if o.EpsilonBeforeCorrection && o.Kind != Adam && o.Kind != AdamW {
		return fmt.Errorf("epsilon before correction: %s has no such form", o.Kind)
	}
	return nil
}

// Apply makes step k (from 1) of o on one tensor: it updates theta and the moments m and v in place from the gradient
// g. All slices have one length; m and v may be nil where Moments says that they are not kept. Each number is
// computed in float64 and by itself, so a tensor may be cut into pieces at will.
//
//	adamw, adam    m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g², θ ← θ - η (m/(1-β₁ᵏ)) / (√(v/(1-β₂ᵏ)) + ε)
//	  ε before     θ ← θ - η √(1-β₂ᵏ)/(1-β₁ᵏ) · m/(√v + ε)
//	  decay        adamw: θ ← (1-ηλ)θ first;  adam and sgd: g ← g + λθ first;  adambc: as adamw
//	adambc         θ ← θ - η (m/(1-β₁ᵏ)) / √max(v/(1-β₂ᵏ) - Φ, ε), Φ the noise's variance
//	sgd            m ← μm + g, θ ← θ - ηm
func Apply[T ~float32 | ~float64](o Optimizer, k int, learningRate float64, theta, g, m, v []T) {
	o = o.WithDefaults()
	switch o.Kind {
	case SGD:
		applySGD(o, learningRate, theta, g, m)
	case AdamBC:
		applyAdam(o, k, learningRate, theta, g, m, v, func(first, second float64) float64 {
			return first / math.Sqrt(math.Max(second-o.NoiseVariance, o.Epsilon))
		})
	default:
		epsilon := o.Epsilon
		if o.EpsilonBeforeCorrection {
			// √(1-β₂ᵏ)/(√v + ε) = 1/(√(v/(1-β₂ᵏ)) + ε/√(1-β₂ᵏ)).
			epsilon /= math.Sqrt(1 - math.Pow(o.Beta2, float64(k)))
		}
		applyAdam(o, k, learningRate, theta, g, m, v, func(first, second float64) float64 {
			return first / (math.Sqrt(second) + epsilon)
		})
	}
}

func applySGD[T ~float32 | ~float64](o Optimizer, learningRate float64, theta, g, m []T) {
	for i := range theta {
		step := float64(g[i]) + o.WeightDecay*float64(theta[i])
		if o.Momentum != 0 {
			step += o.Momentum * float64(m[i])
			m[i] = T(step)
		}
		theta[i] = T(float64(theta[i]) - learningRate*step)
	}
}

// applyAdam keeps the two moments and steps by direction(corrected first moment, corrected second moment).
func applyAdam[T ~float32 | ~float64](o Optimizer, k int, learningRate float64, theta, g, m, v []T, direction func(first, second float64) float64) {
	correct1 := 1 / (1 - math.Pow(o.Beta1, float64(k)))
	correct2 := 1 / (1 - math.Pow(o.Beta2, float64(k)))
	shrink, coupled := 1-learningRate*o.WeightDecay, 0.0
	if o.Kind == Adam {
		shrink, coupled = 1, o.WeightDecay
	}
	for i := range theta {
		gradient := float64(g[i]) + coupled*float64(theta[i])
		m[i] = T(o.Beta1*float64(m[i]) + (1-o.Beta1)*gradient)
		v[i] = T(o.Beta2*float64(v[i]) + (1-o.Beta2)*gradient*gradient)
		step := direction(float64(m[i])*correct1, float64(v[i])*correct2)
		theta[i] = T(shrink*float64(theta[i]) - learningRate*step)
	}
}
