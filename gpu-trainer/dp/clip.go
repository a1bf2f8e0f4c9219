package dp

import (
	"fmt"
	"math"
)

// Clipping modes of Clip.
const (
	ClipFlat      = "flat"      // one norm over the whole released vector, f = min(1, C/n)
	ClipAutomatic = "automatic" // AUTO-S (Bu, Wang, Zha, Karypis 2023): f = C/(n + γ)
	ClipPerLayer  = "per-layer" // each of G groups of tensors is clipped to C/√G by itself
)

// AutomaticGamma is the stability constant γ of AUTO-S, the value of Bu et al. 2023, section 3.3.
const AutomaticGamma = 0.01

// Clip says how the gradient of one example is bounded before it is added to the lot's sum. Whatever the mode, the
// gradient that is added has norm at most Norm before it is rounded to the grid.
type Clip struct {
	Norm    float64 // C > 0, the clipping norm
	Quantum float64 // spacing of the integer grid, a power of two (see Grid); unused by Factor
	Mode    string  // "" is ClipFlat
}

// Factor returns f in [0, 1] (automatic: [0, C/γ]), the number that multiplies a gradient of the given norm. A norm
// that is NaN or infinite gives 0: such an example is left out of the sum, which is the only value that bounds it.
//
// flat: f = min(1, C/n), and 1 for n = 0; automatic: f = C/(n + γ). Per-layer clipping calls Factor on Group(G).
func (c Clip) Factor(norm float64) float64 {
	switch {
	case math.IsNaN(norm) || math.IsInf(norm, 0):
		return 0
	case c.Mode == ClipAutomatic:
		return c.Norm / (norm + c.Gamma())
	case norm <= c.Norm:
		return 1
	}
	return c.Norm / norm
}

// FactorWithin is Factor for a gradient whose computed norm may be wrong: what f multiplies is certainly no longer
// than bound. Where f·bound would exceed C(1 + slack) it is lowered to that, so the slack of Grid holds whatever
// floating point did. For all but gradients that nearly cancel the bound is within the slack, and f is Factor's.
func (c Clip) FactorWithin(norm, bound, slack float64) float64 {
	f, most := c.Factor(norm), c.Norm*(1+slack)
	switch {
	case math.IsNaN(bound) || math.IsInf(bound, 0):
		return 0
	case f*bound > most:
		return most / bound
	}
	return f
}

// Gamma is what is added to a norm that a gradient is divided by: γ of the automatic mode, else 0.
func (c Clip) Gamma() float64 {
	if c.Mode == ClipAutomatic {
		return AutomaticGamma
	}
	return 0
}

// Group is the clip of one of groups groups of tensors under per-layer clipping: norm C/√G, so that the joint norm of
// groups gradients, each within its own bound, is at most C.
func (c Clip) Group(groups int) Clip {
	return Clip{Norm: c.Norm / math.Sqrt(float64(groups)), Quantum: c.Quantum, Mode: ClipFlat}
}

// Validate tells which field breaks its rule.
func (c Clip) Validate() error {
	if !(c.Norm > 0) || math.IsInf(c.Norm, 0) {
		return fmt.Errorf("clipping norm %v: must be positive and finite", c.Norm)
	}
	if frac, _ := math.Frexp(c.Quantum); frac != 0.5 {
		return fmt.Errorf("quantum %v: must be a positive power of two", c.Quantum)
	}
	switch c.Mode {
	case "", ClipFlat, ClipAutomatic, ClipPerLayer:
		return nil
	}
	return fmt.Errorf("clipping mode %q: must be %s, %s or %s", c.Mode, ClipFlat, ClipAutomatic, ClipPerLayer)
}
