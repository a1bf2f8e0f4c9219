package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// EdgeworthBound names a uniform bound of how far the first-order Edgeworth expansion is from the distribution function of
// a sum, which [EdgeworthInterval] rests on.
type EdgeworthBound string

// The published bounds.
const (
	PublishedBound EdgeworthBound = "published" // as the code of Wang et al. 2022 computes it
	GeneralBound   EdgeworthBound = "general"   // theorem 2.1 of Derumigny, Girard and Guyonvarch 2023: moments alone
	RegularBound   EdgeworthBound = "regular"   // theorem 3.1 of the same: moments and the characteristic function's decay
)

// EdgeworthInterval returns the finite-sample Edgeworth interval of ε(delta) (Wang et al. 2022, theorem 2): the order-1
// value with a uniform error bound e_Y under the loss's own measure and e_X under the other one,
//
//	δ(ε) ∈ [d(ε) − e_Y − e^ε e_X, d(ε) + e_Y + e^ε e_X].
//
// It is reproduced as published and mostly vacuous: where no ε is bounded, Upper is math.MaxFloat64 and a warning says so.
// [Epsilon] is what certifies, [CertifiedEdgeworth] the interval that is never vacuous. Delta encloses δ at the estimate.
func EdgeworthInterval(p Plan, delta float64, bound EdgeworthBound) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if err := p.edgeworthOnly(1); err != nil {
		return Result{}, err
	}
	if bound != PublishedBound && bound != GeneralBound && bound != RegularBound {
		return Result{}, fmt.Errorf("bound %q: must be %s, %s or %s", bound, PublishedBound, GeneralBound, RegularBound)
	}
	e := newEngine()
	r, err := e.edgeworth(p, delta, 1)
	if err != nil {
		return Result{}, err
	}
	r.Method = "edgeworth-interval-" + string(bound)
	both := p.problems()
	var ends, deltas [2]Interval
	for i := range both {
		estimate := [2]float64{r.Remove.Estimate, r.Add.Estimate}[i]
		if ends[i], deltas[i], err = e.edgeworthInterval(&both[i], delta, estimate, bound); err != nil {
			return Result{}, err
		}
		if i == 0 {
			ends[1], deltas[1] = ends[0], deltas[0]
		}
	}
	r.Remove, r.Add = ends[0], ends[1]
	r.Epsilon, r.Delta = worse(ends[0], ends[1]), worse(deltas[0], deltas[1])
	r.Epsilon.Estimate = r.Remove.Estimate
	if r.Epsilon.Upper == math.MaxFloat64 {
		r.warn(fmt.Sprintf("vacuous: delta at the estimate is known within [%.3g, %.3g] only", r.Delta.Lower, r.Delta.Upper))
	}
	return r, nil
}

// edgeworthInterval returns the interval of ε of one direction, and of δ at the estimate.
func (e *engine) edgeworthInterval(p *kernel.Problem, delta, estimate float64, bound EdgeworthBound) (eps, at Interval, err error) {
	own, other, err := e.cumulants(p)
	if err != nil {
		return eps, at, err
	}
	eY, eX, err := e.edgeworthErrors(p, bound)
	if err != nil {
		return eps, at, err
	}
	wide := func(x float64) float64 { return eY + math.Exp(x)*eX }
	value := func(x float64) float64 { return kernel.EdgeworthDelta(&own, &other, 1, x) }
	d := value(estimate)
	w := math.Min(wide(estimate), math.MaxFloat64/2)
	at = Interval{d - w, d, d + w}
	eps = Interval{0, estimate, math.MaxFloat64}
	top := math.Max(estimate, math.Log(delta/eX)) // beyond, e^ε e_X alone exceeds delta
	proves := func(x float64) bool { return value(x)+wide(x) <= delta }
	refutes := func(x float64) bool { return value(x)-wide(x) >= delta }
	const cells = 4000
	for i := cells; i >= 0; i-- {
		x := top * float64(i) / cells
		if proves(x) {
			eps.Upper = x
		}
		if eps.Lower == 0 && refutes(x) {
			eps.Lower = turn(x, math.Min(top, x+top/cells), refutes)
		}
	}
	if below := eps.Upper - top/cells; eps.Upper < math.MaxFloat64 && below >= 0 {
		eps.Upper = turn(eps.Upper, below, proves)
	}
	eps.Lower, eps.Upper = math.Min(eps.Lower, estimate), math.Max(eps.Upper, estimate)
	return eps, at, nil
}

// turn bisects from where a property holds to where it does not, and returns the last point seen to hold.
func turn(holds, fails float64, property func(float64) bool) float64 {
	for range 60 {
		mid := holds + (fails-holds)/2
		if property(mid) {
			holds = mid
		} else {
			fails = mid
		}
	}
	return holds
}

// edgeworthErrors returns e_Y and e_X.
func (e *engine) edgeworthErrors(p *kernel.Problem, bound EdgeworthBound) (own, other float64, err error) {
	for side, out := range [2]*float64{&own, &other} {
		laws, err := e.laws(p, side == 1, bound == PublishedBound)
		if err != nil {
			return 0, 0, err
		}
		sum := standardise(laws)
		switch bound {
		case PublishedBound:
			*out = sum.published()
		case GeneralBound:
			*out = sum.least(standardised.general)
		default:
			*out = sum.least(standardised.regular) + characteristicIntegral(laws, sum)
		}
	}
	return own, other, nil
}
