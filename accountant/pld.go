package accountant

// PLD returns the enclosure of ε(delta) by the privacy loss distribution on a lattice: connect-the-dots above (Doroshenko
// et al. 2022), its optimistic twin below, composed by Fourier transforms after exponential tilting. It is independent of
// the contour that [Epsilon] prefers, and wider. It takes phases without sampling, every adjacency and groups; an error says
// that no lattice fits: an epsilon in the hundreds, or millions of steps. There the Rényi bound would still be an answer, but not
// this method's: what is asked of PLD is a second proof, and [Epsilon] answers every plan.
func PLD(p Plan, delta float64) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if err := p.poissonOnly(); err != nil {
		return Result{}, err
	}
	e := newEngine()
	r := p.result("pld", true)
	r.Delta = point(delta)
	both := p.problems()
	var ends [2]Interval
	for i := range both {
		v, ok := e.big().AnyLatticeEpsilon(&both[i], delta)
		if !ok {
			return Result{}, errNoLattice
		}
		ends[i] = Interval(v)
	}
	if r.Remove, r.Add = ends[0], ends[1]; len(both) == 1 {
		r.Add = r.Remove
	}
	r.Epsilon = worse(r.Remove, r.Add)
	p.warnDelta(&r, delta)
	return r, nil
}
