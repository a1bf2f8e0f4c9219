package dp

import (
	"fmt"
	"math"
)

// Grid is the integer arithmetic of one step. The gradient of example i, clipped to norm C, is rounded to the nearest
// multiple of Quantum in each of its d numbers; the integers are added in int64, and integer noise of standard
// deviation Scale is added to the sum.
//
// # Sensitivity
//
// Rounding moves each number by at most Quantum/2, hence the vector by at most √d·Quantum/2. The clipped vector has
// norm at most C(1+slack), whatever floating point did to its norm: Clip.FactorWithin sees to it with a proven bound
// of what the kernels sum (see kernels.Norms). So adding or removing one example moves the sum by at most
//
//	Sensitivity = C(1 + slack) + √d·Quantum·(½ + 2⁻³⁰)
//
// the last term for results below the smallest floating-point number, which may be lost. Scale =
// NoiseMultiplier·Sensitivity/Quantum, rounded up: the multiplier that the accountant prices is the one that ran.
//
// # No overflow
//
// Each number of one example is at most C(1+slack)/Quantum + ½ < 2⁴⁵, and at most all rows of the data make a lot, so
// |sum| ≤ rows·(C(1+slack)/Quantum + ½) ≤ 2⁶¹ by the choice of Quantum. |noise| < 2⁶¹ is checked by the sampler. Thus
// |sum + noise| < 2⁶², whatever the order of the additions.
type Grid struct {
	Quantum     float64 // spacing, a power of two
	Sensitivity float64 // in the units of the gradient
	Scale       float64 // of the noise, in steps of the grid
}

// The slacks are what the proven bound of a clipped gradient may exceed C by before its factor is lowered: the
// larger, the fewer gradients are touched; the smaller, the less noise.
const (
	Slack32 = 0x1p-10
	Slack64 = 0x1p-20
)

// Slack is the one that belongs to an engine's precision; products of bfloat16 and float16 are added in float32 like those of float32.
func Slack(precision string) float64 {
	if precision == "float64" {
		return Slack64
	}
	return Slack32
}

// Bounds that the choice of the quantum keeps.
const (
	gridResolution = 0x1p44        // C/Quantum at most: one gradient's integers are exact in a float64 with room to spare
	maxSum         = 0x1p61        // |sum| at most
	maxRows        = 1 << 40       // beyond this the grid would be too coarse to be useful
	maxDim         = 1 << 40       // likewise
	maxScale       = MaxScale / 2. // leaves room for the sensitivity's excess over C
)

// MinNorm is the least clipping norm, and its inverse the largest: so factors on the grid fit a float32.
const MinNorm = 0x1p-40

// NewGrid chooses the finest grid on which a lot of any of rows examples of dim numbers, clipped to norm, cannot
// overflow under noise of the given multiplier.
func NewGrid(norm float64, rows int64, dim int, noiseMultiplier, slack float64) (Grid, error) {
	switch {
	case !(norm >= MinNorm && norm <= 1/MinNorm):
		return Grid{}, fmt.Errorf("clipping norm %v: must be in [2^-40, 2^40]", norm)
	case rows < 1 || rows > maxRows:
		return Grid{}, fmt.Errorf("rows %d: must be in [1, 2^40]", rows)
	case dim < 1 || dim > maxDim:
		return Grid{}, fmt.Errorf("released numbers %d: must be in [1, 2^40]", dim)
	case !(noiseMultiplier > 0 && noiseMultiplier <= 1e6):
		return Grid{}, fmt.Errorf("noise multiplier %v: must be in (0, 1e6]", noiseMultiplier)
	case !(slack >= 0 && slack < 0.5):
		return Grid{}, fmt.Errorf("slack %v: must be in [0, 0.5)", slack)
	}
	finest := norm * max(1/gridResolution, (1+slack)*float64(rows)/(maxSum/2), noiseMultiplier/maxScale)
	g := Grid{Quantum: powerOfTwoAbove(finest)}
	g.Sensitivity = up(norm*(1+slack) + math.Sqrt(float64(dim))*(0.5+0x1p-30)*g.Quantum)
	g.Scale = up(noiseMultiplier * g.Sensitivity / g.Quantum)
	return g, g.check(norm*(1+slack), rows)
}

// check is the proof's last line, evaluated.
func (g Grid) check(bound float64, rows int64) error {
	if sum := float64(rows) * (bound/g.Quantum + 0.5); sum > maxSum {
		return fmt.Errorf("rows %d: a lot of them may reach %.3g on the grid, above 2^61", rows, sum)
	}
	if !(g.Scale >= MinScale && g.Scale <= MaxScale) {
		return fmt.Errorf("noise of %v grid steps: must be in [1, 2^55]", g.Scale)
	}
	return nil
}

// up moves past the rounding of the few operations that made v: each errs by at most half a unit in the last place.
func up(v float64) float64 { return v * (1 + 0x1p-50) }

// powerOfTwoAbove is the least power of two that is at least v.
func powerOfTwoAbove(v float64) float64 {
	fraction, exponent := math.Frexp(v)
	if fraction == 0.5 {
		exponent--
	}
	return math.Ldexp(1, exponent)
}
