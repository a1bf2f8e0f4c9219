package accountant

import (
	"errors"
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// deltaBy asks a method for δ(epsilon) of each direction of a Poisson-sampled plan.
func (e *engine) deltaBy(p Plan, epsilon float64, r Result, ask func(*kernel.Problem) (Interval, error)) (Result, error) {
	r.Epsilon = point(epsilon)
	both := p.problems()
	ends := [2]*Interval{&r.Remove, &r.Add}
	for i := range both {
		v, err := ask(&both[i])
		if err != nil {
			return Result{}, err
		}
		*ends[i] = v
	}
	if len(both) == 1 {
		r.Add = r.Remove
	}
	r.Delta = worse(r.Remove, r.Add)
	return r, nil
}

func (p Plan) checkEpsilon(epsilon float64) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := validateEpsilon(epsilon); err != nil {
		return err
	}
	return p.poissonOnly()
}

// RDPDelta returns the Rényi bound of δ(epsilon), epsilon ≥ 0, as [RDP] does of epsilon: with the divergence D of order α the
// least of e^((α−1)(D−ε)) (1 − 1/α)^(α−1)/α (Canonne, Kamath and Steinke 2020, proposition 12).
func RDPDelta(p Plan, epsilon float64) (Result, error) {
	if err := p.checkEpsilon(epsilon); err != nil {
		return Result{}, err
	}
	e := newEngine()
	var order float64
	r, err := e.deltaBy(p, epsilon, p.result("rdp", true), func(problem *kernel.Problem) (Interval, error) {
		log, best := leastOrder(func(order float64) float64 {
			divergence := e.small.Renyi(problem, order)
			return (order-1)*(divergence-epsilon+math.Log1p(-1/order)) - math.Log(order)
		})
		if order == 0 {
			order = best
		}
		v := math.Min(1, math.Exp(log)*(1+1e-9)) // rounding
		return Interval{0, v, v}, nil
	})
	r.Order = order
	return r, err
}

// GDPDelta returns the Gaussian-limit estimate of δ(epsilon), as [GDP] does of epsilon.
func GDPDelta(p Plan, epsilon float64) (Result, error) {
	if err := p.checkEpsilon(epsilon); err != nil {
		return Result{}, err
	}
	mu, err := p.gaussianLimit()
	if err != nil {
		return Result{}, err
	}
	r := p.result("gdp", false)
	r.warn("estimate, not a guarantee")
	return newEngine().deltaBy(p, epsilon, r, func(*kernel.Problem) (Interval, error) {
		return point(kernel.GaussianDelta(mu, epsilon).Estimate), nil
	})
}

// PLDDelta returns the enclosure of δ(epsilon) by the privacy loss distribution, as [PLD] does of epsilon.
func PLDDelta(p Plan, epsilon float64) (Result, error) {
	if err := p.checkEpsilon(epsilon); err != nil {
		return Result{}, err
	}
	e := newEngine()
	return e.deltaBy(p, epsilon, p.result("pld", true), func(problem *kernel.Problem) (Interval, error) {
		v, ok := e.big().AnyLatticeDelta(problem, epsilon)
		if !ok {
			return Interval{}, errNoLattice
		}
		return Interval(v), nil
	})
}

var errNoLattice = errors.New("pld: no lattice fits this plan (its epsilon is too large, or its steps are too many)")

// EdgeworthDelta returns the Edgeworth approximation of δ(epsilon), order 1, 2 or 3, as it is: it can be negative. Delta is
// that of the remove direction, as in [Edgeworth].
func EdgeworthDelta(p Plan, epsilon float64, order int) (Result, error) {
	if err := p.checkEpsilon(epsilon); err != nil {
		return Result{}, err
	}
	if err := p.edgeworthOnly(order); err != nil {
		return Result{}, err
	}
	r := p.result(fmt.Sprintf("edgeworth-%d", order), false)
	r.warn("estimate, not a guarantee")
	e := newEngine()
	r, err := e.deltaBy(p, epsilon, r, func(problem *kernel.Problem) (Interval, error) {
		own, other, err := e.cumulants(problem)
		return point(kernel.EdgeworthDelta(&own, &other, order, epsilon)), err
	})
	r.Delta = r.Remove
	return r, err
}

// CertifiedEdgeworthDelta returns the tilted Edgeworth value of δ(epsilon) with the certificate of [Delta] around it, as
// [CertifiedEdgeworth] does of epsilon.
func CertifiedEdgeworthDelta(p Plan, epsilon float64, order int) (Result, error) {
	if err := p.checkEpsilon(epsilon); err != nil {
		return Result{}, err
	}
	if err := checkOrder(order); err != nil {
		return Result{}, err
	}
	e := newEngine()
	r := p.result("certified-edgeworth", true)
	r.Order = float64(order)
	return e.deltaBy(p, epsilon, r, func(problem *kernel.Problem) (Interval, error) {
		v := e.delta(problem, epsilon)
		if estimate, ok := e.tiltedDelta(problem, epsilon, order); ok {
			v.Estimate = estimate
		}
		return v, nil
	})
}
