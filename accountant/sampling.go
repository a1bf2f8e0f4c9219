package accountant

import (
	"fmt"
	"math"
)

// shuffled refuses to price shuffling as Poisson sampling. Each record is in one lot an epoch, so a plan of E epochs is no
// worse than E Gaussian mechanisms on it: μ² = Σ E (1/σ)², twice the distance for replace-one. The Poisson value stands
// beside it in NotValid.
func (e *engine) shuffled(p Plan, delta float64) (Result, error) {
	r := p.result("shuffle-gaussian", true)
	r.Delta = point(delta)
	distance := 1.0
	if p.adjacency() == ReplaceOne {
		distance = 2
	} else if p.adjacency() == AddRemove {
		r.Adjacency = string(ZeroOut)
		r.warn("shuffled lots of fixed size: priced under zero-out, for adding a record would move others between lots")
	}
	var sum float64
	for _, ph := range p.Phases {
		epochs := math.Ceil(float64(ph.Steps)*ph.SamplingRate - 1e-9)
		sum += epochs * (distance / ph.NoiseMultiplier) * (distance / ph.NoiseMultiplier)
	}
	v := e.gaussian(math.Sqrt(sum), delta)
	r.Epsilon = Interval{0, v.Estimate, v.Upper}
	r.Remove, r.Add = r.Epsilon, r.Epsilon
	plain := p
	plain.Sampler = Poisson
	poisson, err := e.certifiedEpsilon(plain, delta)
	if err != nil {
		return Result{}, err
	}
	r.NotValid = &poisson.Epsilon
	r.warn(fmt.Sprintf("shuffling is not Poisson sampling: the Poisson value %.6g is not valid for shuffling; given is the bound of one Gaussian an epoch", poisson.Epsilon.Upper))
	p.warnDelta(&r, delta)
	return r, nil
}
