package accountant

import (
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// GDP returns the Gaussian-limit estimate of ε(delta) (Bu, Dong, Long and Su 2020, corollary 5.4): μ² = Σ T q²(e^(1/σ²) − 1).
// It is an estimate, not a guarantee: it under-reports for small noise. Replace-one doubles μ's distance, as the limit does.
func GDP(p Plan, delta float64) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if err := p.poissonOnly(); err != nil {
		return Result{}, err
	}
	var sum float64
	for _, ph := range p.Phases {
		q, s := ph.SamplingRate, ph.NoiseMultiplier
		k := float64(p.group())
		sum += k * k * q * q * float64(ph.Steps) * math.Expm1(1/(s*s))
	}
	mu := math.Sqrt(sum)
	if p.adjacency() == ReplaceOne {
		mu *= 2
	}
	r := p.result("gdp", false)
	r.Delta = point(delta)
	r.Epsilon = point(newEngine().gaussian(mu, delta).Estimate)
	r.Remove, r.Add = r.Epsilon, r.Epsilon
	r.warn("estimate, not a guarantee")
	return r, nil
}

// gaussian inverts the Gaussian mechanism's δ(ε); +Inf where μ is.
func (e *engine) gaussian(mu, delta float64) Interval {
	if math.IsInf(mu, 1) {
		return point(mu)
	}
	p := kernel.Problem{Phases: []kernel.Phase{{Rate: 1, Noise: 1 / mu, Steps: 1}}, Group: 1}
	v, _ := e.small.Epsilon(&p, delta)
	return Interval(v)
}
