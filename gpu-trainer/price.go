package trainer

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant"
)

// Accounting is what the accountant prices of the first steps of a resolved plan, such as Result has: phases that
// differ in the clip alone are one, since the noise is relative to the clip.
func (p Plan) Accounting(steps int64) accountant.Plan {
	priced := accountant.Plan{Sampler: accountant.Sampler(p.Sampler), Adjacency: accountant.AddRemove, DatasetSize: p.DatasetSize, MaxLot: p.MaxLot}
	for _, f := range p.Phases {
		n, sigma := min(f.Steps, steps), p.NoiseMultiplier*f.NoiseFactor
		if n <= 0 {
			break
		}
		steps -= n
		if last := len(priced.Phases) - 1; last >= 0 && priced.Phases[last].NoiseMultiplier == sigma {
			priced.Phases[last].Steps += n
			continue
		}
		priced.Phases = append(priced.Phases, accountant.Phase{SamplingRate: p.SamplingRate, NoiseMultiplier: sigma, Steps: n})
	}
	return priced
}

// epsilonAfter is the certified price of the first steps of a plan at its delta.
func (p Plan) epsilonAfter(steps int64) (accountant.Result, error) {
	if steps == 0 {
		return accountant.Result{}, nil
	}
	return accountant.Epsilon(p.Accounting(steps), p.Delta)
}

// solveNoise is the least noise multiplier whose certified price is within the budget; under a schedule of noise to a
// relative 1e-6, rounded up.
func (p Plan) solveNoise() (float64, error) {
	if len(p.Phases) == 1 {
		sigma, err := accountant.SolveNoise(p.Accounting(p.Steps), p.Epsilon, p.Delta)
		return sigma / p.Phases[0].NoiseFactor, err
	}
	least, most := math.Inf(1), 0.0
	for _, f := range p.Phases {
		least, most = min(least, f.NoiseFactor), max(most, f.NoiseFactor)
	}
	return bisectNoise(func(sigma float64) (bool, error) {
		p.NoiseMultiplier = sigma
		r, err := p.epsilonAfter(p.Steps)
		return r.Epsilon.Upper <= p.Epsilon, err
	}, accountant.MinNoiseMultiplier/least, accountant.MaxNoiseMultiplier/most)
}

// bisectNoise finds where a monotone condition begins to hold between two multipliers, in the geometric mean's way;
// it returns one that was seen to hold.
func bisectNoise(fits func(float64) (bool, error), low, high float64) (float64, error) {
	ok, err := fits(high)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("noise multiplier %v: the largest that is priced does not meet the budget", high)
	}
	for high > low*(1+1e-6) {
		middle := math.Sqrt(low * high)
		ok, err := fits(middle)
		if err != nil {
			return 0, err
		}
		if ok {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}
