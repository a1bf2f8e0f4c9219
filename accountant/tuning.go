package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
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
// both of the worse direction, for the theorems ask for them in both; then the conversion of [RDP]. Every order gives a valid
// bound; the least is returned.
func (e *engine) tuned(p Plan, delta float64) (Result, error) {
	t := *p.Tuning
	p.Tuning = nil
	r := p.result("rdp", true)
	r.Delta = point(delta)
	problems := p.problems()
	more := e.tuningCost(problems, t)
	eps, order := leastOrder(func(order float64) float64 {
		return convert(e.renyi(problems, order)+math.Max(0, more(order)), order, delta)
	})
	if math.IsInf(eps, 1) {
		return Result{}, fmt.Errorf("tuning: no order is finite for this plan")
	}
	r.Order = order
	r.Epsilon = Interval{0, eps, eps}
	r.Remove, r.Add = r.Epsilon, r.Epsilon
	r.warn(fmt.Sprintf("the best of a random number of trials, %.3g on average: priced by Rényi differential privacy", t.ExpectedTrials()))
	p.warnDelta(&r, delta)
	return r, nil
}

// renyi returns an upper bound of the Rényi divergence of the worse direction.
func (e *engine) renyi(problems []kernel.Problem, order float64) float64 {
	var worst float64
	for i := range problems {
		worst = math.Max(worst, e.small.Renyi(&problems[i], order))
	}
	return worst
}

// tuningCost returns what the trials add to the Rényi divergence of an order.
func (e *engine) tuningCost(problems []kernel.Problem, t Tuning) func(order float64) float64 {
	if t.Distribution == PoissonTrials {
		return func(order float64) float64 {
			var worst float64
			for i := range problems {
				worst = math.Max(worst, e.delta(&problems[i], math.Log1p(1/(order-1))).Upper)
			}
			return t.Mean*worst + math.Log(t.Mean)/(order-1)
		}
	}
	selection, _ := leastOrder(func(hat float64) float64 {
		return (1-1/hat)*e.renyi(problems, hat) + math.Log(1/t.Stop)/hat
	})
	return func(order float64) float64 {
		return (1+t.Shape)*selection + math.Log(t.ExpectedTrials())/(order-1)
	}
}

// convert turns a Rényi divergence of an order into ε at delta (Canonne, Kamath and Steinke 2020, proposition 12).
func convert(divergence, order, delta float64) float64 {
	return math.Max(0, divergence+math.Log1p(-1/order)-(math.Log(delta)+math.Log(order))/(order-1))
}

// leastOrder returns the least value over Rényi orders from 1.01 to 1e5: on a grid of eight to a factor of ten, then by golden
// section between the neighbours of the best.
func leastOrder(f func(order float64) float64) (value, order float64) {
	const ratio = 1.333521432163324
	at := func(x float64) float64 { return f(1 + math.Exp(x)) }
	value, best := math.Inf(1), math.Log(0.01)
	for x := best; x < math.Log(1e5); x += math.Log(ratio) {
		if v := at(x); v < value {
			value, best = v, x
		}
	}
	const golden = 0.61803398874989484820
	lo, hi := best-math.Log(ratio), best+math.Log(ratio)
	for range 30 {
		a, b := hi-golden*(hi-lo), lo+golden*(hi-lo)
		va, vb := at(a), at(b)
		if va < value {
			value, best = va, a
		}
		if vb < value {
			value, best = vb, b
		}
		if va <= vb {
			hi = b
		} else {
			lo = a
		}
	}
	return value, 1 + math.Exp(best)
}
