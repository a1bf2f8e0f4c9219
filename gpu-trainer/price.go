package trainer

import (
	"fmt"

	"github.com/ewtune/ewtune/accountant"
)

// accounting is what the accountant prices of the first steps of a plan.
func (p Plan) accounting(steps int64) accountant.Plan {
	q := p.SamplingRate
	priced := accountant.Plan{Sampler: accountant.Poisson, Adjacency: accountant.AddRemove, DatasetSize: p.DatasetSize}
	for _, f := range p.Phases {
		n := min(f.Steps, steps)
		if n <= 0 {
			break
		}
		priced.Phases = append(priced.Phases, accountant.Phase{SamplingRate: q, NoiseMultiplier: p.NoiseMultiplier * f.NoiseFactor, Steps: n})
		steps -= n
	}
	return priced
}

// epsilonAfter is the certified price of the first steps of a plan at its delta.
func (p Plan) epsilonAfter(steps int64) (accountant.Result, error) {
	if steps == 0 {
		return accountant.Result{}, nil
	}
	return accountant.Epsilon(p.accounting(steps), p.Delta)
}

// solveNoise is the least noise multiplier, to a relative 1e-9 and rounded up, whose certified price is within the budget.
func (p Plan) solveNoise() (float64, error) {
	if len(p.Phases) == 1 {
		sigma, err := accountant.NoiseMultiplier(p.SamplingRate, p.Steps, p.Epsilon, p.Delta)
		return sigma / p.Phases[0].NoiseFactor, err
	}
	return bisectNoise(func(sigma float64) (bool, error) {
		p.NoiseMultiplier = sigma
		r, err := accountant.Epsilon(p.accounting(p.Steps), p.Delta)
		return r.Epsilon.Upper <= p.Epsilon, err
	}, p.Epsilon)
}

// bisectNoise finds the least multiplier that fits; it always returns one that was seen to fit.
func bisectNoise(fits func(float64) (bool, error), epsilon float64) (float64, error) {
	low, high := 0.0, 1.0
	for {
		ok, err := fits(high)
		if err != nil {
			return 0, err
		}
		if ok {
			break
		}
		if low, high = high, 2*high; high > 1e6 {
			return 0, fmt.Errorf("epsilon %v: no noise multiplier below 1e6 meets it", epsilon)
		}
	}
	for high-low > 1e-9*high {
		middle := (low + high) / 2
		ok, err := fits(middle)
		if err != nil && middle > 0.05 {
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
