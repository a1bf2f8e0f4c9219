package accountant

import (
	"fmt"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// Edgeworth returns the Edgeworth approximation of ε(delta), order 1, 2 or 3 (Wang et al. 2022), the accountant that
// EW-Tune sets its noise by. It is an estimate, not a guarantee: it under-reports at the paper's settings. Lower and
// Upper equal the estimate. Epsilon is that of the remove direction, the only one that the published accountant looks
// at. Of several roots the largest is taken, with a warning.
func Edgeworth(p Plan, delta float64, order int) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if err := p.edgeworthOnly(order); err != nil {
		return Result{}, err
	}
	return newEngine().edgeworth(p, delta, order)
}

func checkOrder(order int) error {
	if order < 1 || order > 3 {
		return fmt.Errorf("order %d: must be 1, 2 or 3", order)
	}
	return nil
}

func (p Plan) edgeworthOnly(order int) error {
	if err := checkOrder(order); err != nil {
		return err
	}
	if p.group() > 1 {
		return fmt.Errorf("group_size %d: the Edgeworth accountant prices single records", p.GroupSize)
	}
	return p.poissonOnly()
}

func (e *engine) edgeworth(p Plan, delta float64, order int) (Result, error) {
	r := p.result(fmt.Sprintf("edgeworth-%d", order), false)
	r.Delta = point(delta)
	both := p.problems()
	var ends [2]Interval
	for i := range both {
		own, other, err := e.cumulants(&both[i])
		if err != nil {
			return Result{}, err
		}
		eps, roots, odd := kernel.EdgeworthEpsilon(&own, &other, order, delta)
		ends[i] = point(eps)
		if i == 0 {
			ends[1] = ends[0]
		}
		name := [2]string{"remove", "add"}[i]
		if roots > 1 {
			r.warn(fmt.Sprintf("direction %s: %d values of epsilon have this delta; the largest is given", name, roots))
		}
		if odd {
			r.warn(fmt.Sprintf("direction %s: the approximation of delta is negative or rises in epsilon somewhere", name))
		}
	}
	r.Remove, r.Add = ends[0], ends[1]
	r.Epsilon = r.Remove
	r.warn("estimate, not a guarantee")
	return r, nil
}

// PaperNoiseMultiplier returns the noise multiplier that EW-Tune's published code uses for (epsilon, delta): the order-1
// Edgeworth estimate on its search grid, which starts at 2 and walks down by 0.5, 0.05, 0.005 and 0.0005, each time until
// the estimate passes epsilon and then one step back. It is for reproduction: such noise is too small for its claim.
func PaperNoiseMultiplier(samplingRate float64, steps int64, epsilon, delta float64) (float64, error) {
	if err := checkTarget(Homogeneous(samplingRate, 2, steps), epsilon, delta); err != nil {
		return 0, err
	}
	e := newEngine()
	sigma := 2.0
	for _, step := range [4]float64{0.5, 0.05, 0.005, 0.0005} {
		for {
			next := sigma - step
			if next <= 0.1 {
				break
			}
			r, err := e.edgeworth(Homogeneous(samplingRate, next, steps), delta, 1)
			if err != nil {
				return 0, err
			}
			if r.Epsilon.Estimate >= epsilon {
				break
			}
			sigma = next
		}
	}
	return round(sigma, 1e-4), nil
}
