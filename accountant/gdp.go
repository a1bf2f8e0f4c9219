package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// GDP returns the Gaussian-limit estimate of ε(delta): the loss of many steps is that of one Gaussian mechanism with
// μ² = Σ T χ², χ² the divergence of a step's two measures (Bu, Dong, Long and Su 2020, corollary 5.4):
//
//	one record    q²(e^(1/σ²) − 1)
//	a group of k  Σᵢⱼ bᵢ bⱼ e^(ij/σ²) − 1, bⱼ = C(k,j) qʲ (1−q)^(k−j)
//	replace-one   4q² sinh(1/σ²), of log A(z) − log A(−z) to first order
//
// It is an estimate, not a guarantee: it under-reports for small noise.
func GDP(p Plan, delta float64) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if err := p.poissonOnly(); err != nil {
		return Result{}, err
	}
	mu, err := p.gaussianLimit()
	if err != nil {
		return Result{}, err
	}
	r := p.result("gdp", false)
	r.Delta = point(delta)
	r.Epsilon = point(newEngine().gaussian(mu, delta).Estimate)
	r.Remove, r.Add = r.Epsilon, r.Epsilon
	r.warn("estimate, not a guarantee")
	return r, nil
}

// gaussianLimit returns μ.
func (p Plan) gaussianLimit() (float64, error) {
	var sum float64
	for _, ph := range p.Phases {
		sum += float64(ph.Steps) * p.chiSquare(ph)
	}
	if math.IsInf(sum, 1) {
		return 0, fmt.Errorf("gdp: the limit's mean is out of range for this little noise")
	}
	return math.Sqrt(sum), nil
}

func (p Plan) chiSquare(ph Phase) float64 {
	q, precision := ph.SamplingRate, 1/(ph.NoiseMultiplier*ph.NoiseMultiplier)
	if p.adjacency() == ReplaceOne {
		return 4 * q * q * math.Sinh(precision)
	}
	k := p.group()
	share := make([]float64, k+1) // of drawing j of the group's records
	for j := range share {
		logs, _ := math.Lgamma(float64(k + 1))
		a, _ := math.Lgamma(float64(j + 1))
		b, _ := math.Lgamma(float64(k - j + 1))
		share[j] = math.Exp(logs-a-b) * math.Pow(q, float64(j)) * math.Pow(1-q, float64(k-j))
	}
	var sum float64
	for i := range share {
		for j := range share {
			sum += share[i] * share[j] * math.Expm1(float64(i*j)*precision)
		}
	}
	return sum
}

// gaussian inverts the Gaussian mechanism's δ(ε).
func (e *engine) gaussian(mu, delta float64) Interval {
	p := kernel.Problem{Phases: []kernel.Phase{{Rate: 1, Noise: 1 / mu, Steps: 1}}, Group: 1}
	v, _ := e.small.Epsilon(&p, delta)
	return Interval(v)
}
