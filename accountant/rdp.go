package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// RDP returns the Rényi bound of ε(delta), over all real orders, by the conversion of Canonne, Kamath and Steinke 2020.
// Upper is proven; Lower is 0. Lots of fixed size have the Rényi bound by which [Epsilon] prices them.
func RDP(p Plan, delta float64) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if p.sampler() == Fixed && p.Tuning == nil {
		return fixed(p, delta)
	}
	if err := p.poissonOnly(); err != nil {
		return Result{}, err
	}
	return newEngine().rdp(p, delta)
}

func (e *engine) rdp(p Plan, delta float64) (Result, error) {
	r := p.result("rdp", true)
	r.Delta = point(delta)
	both := p.problems()
	var ends [2]Interval
	for i := range both {
		v, order, err := e.rdpDirection(&both[i], delta)
		if err != nil {
			return Result{}, err
		}
		ends[i] = Interval{0, v, v}
		if i == 0 {
			r.Order, ends[1] = order, ends[0]
		}
	}
	r.Remove, r.Add = ends[0], ends[1]
	r.Epsilon = worse(r.Remove, r.Add)
	p.warnDelta(&r, delta)
	return r, nil
}

func (e *engine) rdpDirection(p *kernel.Problem, delta float64) (epsilon, order float64, err error) {
	v, order, ok := e.small.RDPEpsilon(p, delta)
	if !ok || math.IsInf(v, 1) {
		v, order, ok = e.big().RDPEpsilon(p, delta)
	}
	if !ok {
		return 0, 0, fmt.Errorf("rdp: no order is finite for this plan")
	}
	return v, order, nil
}
