package accountant

import "math"

// Result is an epsilon and a delta with all that they depend on.
type Result struct {
	Epsilon   Interval // of the worse direction
	Delta     Interval // a point where epsilon was asked for
	Method    string   // certified, certified-edgeworth, edgeworth-1…3, edgeworth-interval-…, rdp, gdp, pld, shuffle-gaussian
	Guarantee bool     // Upper is a proven bound
	Adjacency string   // that the numbers hold for
	Sampler   string
	Remove    Interval // the record is in the first data set; under replace-one both directions are the same
	Add       Interval // the record is in the second
	Order     float64  // rdp: the Rényi order; certified-edgeworth: the order of the expansion; else 0
	Warnings  []string // sentences that belong beside the numbers

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
