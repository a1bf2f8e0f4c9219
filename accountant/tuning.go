package accountant

import (
	"fmt"
	"math"
)

// Distributions of the number of trials.
const (
	NegativeBinomial = "truncated-negative-binomial"
	PoissonTrials    = "poisson"
)

// Tuning says that a run is the best of a random number of trials of the same cost, drawn beforehand and not shown:
// hyper-parameter search priced by Papernot and Steinke 2022.
type Tuning struct {
	Distribution string  `json:"distribution"`
	Shape        float64 `json:"shape,omitempty"` // η > −1 of the truncated negative binomial: 0 logarithmic, 1 geometric
	Stop         float64 `json:"stop,omitempty"`  // γ in (0, 1) of the same: smaller means more trials
	Mean         float64 `json:"mean,omitempty"`  // μ > 0 of the Poisson distribution
}

func (t *Tuning) validate() error {
	switch {
	case t == nil:
		return nil
	case t.Distribution == NegativeBinomial && !(t.Shape > -1 && t.Shape <= 1e3):
		return fmt.Errorf("tuning shape %v: must be greater than -1, at most 1000", t.Shape)
	case t.Distribution == NegativeBinomial && !(t.Stop > 0 && t.Stop < 1):
		return fmt.Errorf("tuning stop %v: must be in (0, 1)", t.Stop)
	case t.Distribution == PoissonTrials && !(t.Mean > 0 && t.Mean <= 1e9):
		return fmt.Errorf("tuning mean %v: must be greater than 0, at most 1e9", t.Mean)
	case t.Distribution != NegativeBinomial && t.Distribution != PoissonTrials:
		return fmt.Errorf("tuning distribution %q: must be %s or %s", t.Distribution, NegativeBinomial, PoissonTrials)
	}
	return nil
}

// ExpectedTrials returns E[K].
func (t Tuning) ExpectedTrials() float64 {
	switch {
	case t.Distribution == PoissonTrials:
		return t.Mean
	case t.Shape == 0:
		return (1/t.Stop - 1) / math.Log(1/t.Stop)
	}
	return t.Shape * (1 - t.Stop) / (t.Stop * -math.Expm1(t.Shape*math.Log(t.Stop)))
}

// tuned prices a plan with tuning, by the Rényi divergences of the plan alone. With orders λ and λ̂:
//
//	negative binomial (theorem 2):  ε'(λ) = ε(λ) + (1+η)((1 − 1/λ̂)ε(λ̂) + log(1/γ)/λ̂) + log E[K]/(λ−1)
//	Poisson (theorem 6):            ε'(λ) = ε(λ) + μ δ̂ + log(μ)/(λ−1), δ̂ = δ of the plan at log(1 + 1/(λ−1))
//
// then the conversion of [RDP]. Every order gives a valid bound; the least over a grid of orders is returned.
func (e *engine) tuned(p Plan, delta float64) (Result, error) {
	t := *p.Tuning
	p.Tuning = nil
	r := p.result("rdp", true)
	r.Delta = point(delta)
	both := p.problems()
	best := math.Inf(1)
	for i := range both {
		worst := math.Inf(1)
		extra := math.Inf(1)
		if t.Distribution == NegativeBinomial {
			for _, hat := range orders {
				cost := (1-1/hat)*e.small.Renyi(&both[i], hat) + math.Log(1/t.Stop)/hat
				extra = math.Min(extra, (1+t.Shape)*cost)
			}
		}
		for _, order := range orders {
			more := extra + math.Log(t.ExpectedTrials())/(order-1)
			if t.Distribution == PoissonTrials {
				more = t.Mean*e.delta(&both[i], math.Log1p(1/(order-1))).Upper + math.Log(t.Mean)/(order-1)
			}
			eps := convert(e.small.Renyi(&both[i], order)+math.Max(0, more), order, delta)
			if eps < worst {
				worst, r.Order = eps, order
			}
		}
		if i == 0 {
			best = 0
		}
		best = math.Max(best, worst)
	}
	if math.IsInf(best, 1) {
		return Result{}, fmt.Errorf("tuning: no order is finite for this plan")
	}
	r.Epsilon = Interval{0, best, best}
	r.Remove, r.Add = r.Epsilon, r.Epsilon
	r.warn(fmt.Sprintf("the best of a random number of trials, %.3g on average: priced by Rényi differential privacy", t.ExpectedTrials()))
	p.warnDelta(&r, delta)
	return r, nil
}

// convert turns a Rényi divergence of an order into ε at delta (Canonne, Kamath and Steinke 2020, proposition 12).
func convert(divergence, order, delta float64) float64 {
	return math.Max(0, divergence+math.Log1p(-1/order)-(math.Log(delta)+math.Log(order))/(order-1))
}

// orders are the Rényi orders that are tried where each is costly: 1.01 to 1e5, 24 to a factor of ten.
var orders = func() (list []float64) {
	for x := 0.01; x < 1e5; x *= 1.1006941712522 {
		list = append(list, 1+x)
	}
	return list
}()
