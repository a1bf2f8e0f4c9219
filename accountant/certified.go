package accountant

import "fmt"

// Epsilon returns the certified enclosure of ε(delta), delta in (0, 1), in both directions: by contour inversion, closed
// forms or a lattice of the privacy loss, whichever reaches and is tightest (package kernel). Other samplers than Poisson, and tuning,
// are priced by the bounds that are proven for them; Method and Warnings say which. Add may be wide where it is proven to lie
// below Remove: it decides nothing there, and no more work is spent on it.
func Epsilon(p Plan, delta float64) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	return newEngine().price(p, delta)
}

// price prices a plan by the tightest proven way that its sampler and tuning allow.
func (e *engine) price(p Plan, delta float64) (Result, error) {
	switch {
	case p.Tuning != nil && p.sampler() != Poisson:
		return Result{}, fmt.Errorf("sampler %s: tuning is priced under Poisson sampling only", p.sampler())
	case p.Tuning != nil:
		return e.tuned(p, delta)
	case p.sampler() == TruncatedPoisson:
		return e.truncated(p, delta)
	case p.sampler() == Fixed:
		return fixed(p, delta)
	case p.sampler() == Shuffle:
		return e.shuffled(p, delta)
	}
	return e.certifiedEpsilon(p, delta)
}

// Delta returns the certified enclosure of δ(epsilon), epsilon ≥ 0, in both directions.
func Delta(p Plan, epsilon float64) (Result, error) {
	if err := p.Validate(); err != nil {
		return Result{}, err
	}
	if err := validateEpsilon(epsilon); err != nil {
		return Result{}, err
	}
	return newEngine().certifiedDelta(p, epsilon)
}

func (p Plan) check(delta float64) error {
	if err := p.Validate(); err != nil {
		return err
	}
	return validateDelta(delta)
}

func (e *engine) certifiedEpsilon(p Plan, delta float64) (Result, error) {
	r := p.result("certified", true)
	r.Delta = point(delta)
	if err := p.poissonOnly(); err != nil {
		return Result{}, err
	}
	both := p.problems()
	r.Remove = e.epsilon(&both[0], delta, 0)
	r.Add = r.Remove
	if len(both) > 1 {
		r.Add = e.epsilon(&both[1], delta, r.Remove.Upper)
	}
	r.Epsilon = worse(r.Remove, r.Add)
	p.warnDelta(&r, delta)
	return r, nil
}

func (e *engine) certifiedDelta(p Plan, epsilon float64) (Result, error) {
	r := p.result("certified", true)
	r.Epsilon = point(epsilon)
	if err := p.poissonOnly(); err != nil {
		return Result{}, err
	}
	both := p.problems()
	r.Remove = e.delta(&both[0], epsilon)
	r.Add = r.Remove
	if len(both) > 1 {
		r.Add = e.delta(&both[1], epsilon)
	}
	r.Delta = worse(r.Remove, r.Add)
	return r, nil
}

func (p Plan) poissonOnly() error {
	if p.sampler() != Poisson {
		return fmt.Errorf("sampler %s: this accountant prices Poisson sampling, and no other as if it were", p.sampler())
	}
	if p.Tuning != nil {
		return fmt.Errorf("tuning: only an epsilon of the whole is priced, by the certified accountant's Rényi bound")
	}
	return nil
}

func (p Plan) warnDelta(r *Result, delta float64) {
	if p.DatasetSize > 0 && delta >= 1/float64(p.DatasetSize) {
		r.warn(fmt.Sprintf("delta %g is not below 1/N = %.3g: it allows publishing a record outright", delta, 1/float64(p.DatasetSize)))
	}
}
