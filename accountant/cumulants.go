package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// LossCumulants holds the cumulants κ₁…κ₆ of a plan's privacy loss in one direction: under the direction's own measure (Y
// of Wang et al. 2022) and under the other one (X).
type LossCumulants struct {
	Own   [6]float64 `json:"own"`
	Other [6]float64 `json:"other"`
}

// Cumulants returns the cumulants of a Poisson-sampled plan's loss in both directions, each good to 1e-10 of itself; under
// replace-one both are the same. They are what the Edgeworth accountant is made of (Wang et al. 2022, section 3).
func Cumulants(p Plan) (remove, add LossCumulants, err error) {
	if err := p.Validate(); err != nil {
		return remove, add, err
	}
	if err := p.edgeworthOnly(1); err != nil {
		return remove, add, err
	}
	e := newEngine()
	both := p.problems()
	ends := [2]*LossCumulants{&remove, &add}
	for i := range both {
		own, other, err := e.cumulants(&both[i])
		if err != nil {
			return remove, add, err
		}
		*ends[i] = LossCumulants{own, other}
	}
	if len(both) == 1 {
		add = remove
	}
	return remove, add, nil
}

// cumulants returns κ₁…κ₆ of the whole plan's loss under its own and under the other measure.
func (e *engine) cumulants(p *kernel.Problem) (own, other kernel.Cumulants, err error) {
	for _, ph := range p.Phases {
		a, b, err := e.stepCumulants(ph, p.Direction)
		if err != nil {
			return own, other, err
		}
		own.Add(&a, ph.Steps)
		other.Add(&b, ph.Steps)
	}
	return own, other, nil
}

// stepCumulants returns those of one step, in 200-bit arithmetic where float64 would lose more than five digits.
func (e *engine) stepCumulants(ph kernel.Phase, d kernel.Direction) (own, other kernel.Cumulants, err error) {
	if !e.small.CumulantsOf(ph, d, &own, &other) && !e.big().CumulantsOf(ph, d, &own, &other) {
		return own, other, fmt.Errorf("noise_multiplier %v: its cumulants are out of range", ph.Noise)
	}
	if ph.Rate < 1 && (cancels(&own) || cancels(&other)) {
		return bigCumulants(ph, d, false), bigCumulants(ph, d, true), nil
	}
	return own, other, nil
}

// cancels tells whether a cumulant is what is left of moments 5000 times its size: κ₁ of small sampling rates, whose loss has
// mean 0 to first order, and κ₃…κ₆ of a nearly Gaussian loss.
func cancels(k *kernel.Cumulants) bool {
	const most = 5e3
	sd := math.Sqrt(k[1])
	return sd > most*math.Abs(k[0]) || pow(sd, 3) > most*math.Abs(k[2]) || 3*pow(sd, 4) > most*math.Abs(k[3]) ||
		pow(sd, 5) > most*math.Abs(k[4]) || 15*pow(sd, 6) > most*math.Abs(k[5])
}

func pow(x float64, n int) float64 { return math.Pow(x, float64(n)) }
