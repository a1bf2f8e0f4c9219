package accountant

import "math"

// Result is an epsilon and a delta with all that they depend on.
type Result struct {
	Epsilon   Interval // the worse direction
	Delta     Interval // a point where epsilon was asked for
	Method    string   // certified, edgeworth-1…3, rdp, gdp, pld, …
	Guarantee bool     // Upper is a proven bound
	Adjacency string
	Sampler   string
	Remove    Interval // under replace-one both directions are the same
	Add       Interval
	Order     float64 // rdp: the best order; else 0
	Warnings  []string

	// NotValid is the Poisson value beside a plan that does not sample so: not valid for its sampler.
	NotValid *Interval
}

func worse(a, b Interval) Interval {
	return Interval{math.Max(a.Lower, b.Lower), math.Max(a.Estimate, b.Estimate), math.Max(a.Upper, b.Upper)}
}

func point(x float64) Interval { return Interval{x, x, x} }

func (p Plan) result(method string, guarantee bool) Result {
	r := Result{Method: method, Guarantee: guarantee, Adjacency: string(p.adjacency()), Sampler: string(p.sampler())}
	return r
}

func (r *Result) warn(text string) { r.Warnings = append(r.Warnings, text) }
