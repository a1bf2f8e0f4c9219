package flat

import (
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// epsilon asks the accountant that Input names for ε(δ) of one direction.
func epsilon(p *kernel.Problem, delta float64) kernel.Interval {
	switch int(Input[3]) {
	case Edgeworth:
		own, other := cumulants(p)
		x, roots, _ := kernel.EdgeworthEpsilon(&own, &other, int(Input[4]), delta)
		if roots > 1 {
			Output[7] = FlagRoots
		}
		return point(x)
	case RDP:
		x, _, ok := small.RDPEpsilon(p, delta)
		if !ok {
			x, _, _ = large.RDPEpsilon(p, delta)
		}
		return kernel.Interval{Lower: 0, Estimate: x, Upper: x}
	case GDP:
		phase := [1]kernel.Phase{gaussian(p)}
		return middle(small.ContourEpsilon(&kernel.Problem{Phases: phase[:], Group: 1}, delta))
	}
	return certified(p, delta)
}

// certified returns the enclosure of ε(δ), with the large memory where the small one does not reach; series of points do
// without, for they are drawn while somebody types.
func certified(p *kernel.Problem, delta float64) kernel.Interval {
	x, method := small.ContourEpsilon(p, delta)
	if method == kernel.Ceiling && x.Upper > 0 && Input[5] == 0 {
		wide, _ := large.Epsilon(p, delta)
		x = kernel.Meet(wide, x)
	}
	return x
}

// delta asks for δ(ε).
func delta(p *kernel.Problem, eps float64) kernel.Interval {
	switch int(Input[3]) {
	case Edgeworth:
		own, other := cumulants(p)
		return point(kernel.EdgeworthDelta(&own, &other, int(Input[4]), eps))
	case RDP:
		x := small.RDPDelta(p, eps)
		return kernel.Interval{Lower: 0, Estimate: x, Upper: x}
	case GDP:
		phase := [1]kernel.Phase{gaussian(p)}
		return middle(small.ContourDelta(&kernel.Problem{Phases: phase[:], Group: 1}, eps))
	}
	x, method := small.ContourDelta(p, eps)
	if method == kernel.Ceiling && x.Upper > 0 {
		wide, _ := large.Delta(p, eps)
		x = kernel.Meet(wide, x)
	}
	return x
}

// point is an estimate without bounds.
//
//go:noinline
func point(x float64) kernel.Interval { return kernel.Interval{Lower: x, Estimate: x, Upper: x} }

func middle(x kernel.Interval, _ kernel.Method) kernel.Interval { return point(x.Estimate) }

// cumulants adds up those of the phases.
func cumulants(p *kernel.Problem) (own, other kernel.Cumulants) {
	for i := range p.Phases {
		a, b, ok := small.CumulantsOf(p.Phases[i], p.Direction)
		if !ok {
			a, b, _ = large.CumulantsOf(p.Phases[i], p.Direction)
		}
		add(&own, &a, p.Phases[i].Steps)
		add(&other, &b, p.Phases[i].Steps)
	}
	return own, other
}

//go:noinline
func add(sum, one *kernel.Cumulants, steps float64) { sum.Add(one, steps) }

// gaussian is the one step without sampling that the central limit theorem puts in a plan's place: its distance is
// μ = √Σ T q²(e^(1/σ²) − 1) (Bu, Dong, Long, Su 2020, corollary 5.4), twice that under replace-one.
func gaussian(p *kernel.Problem) kernel.Phase {
	var sum float64
	for i := range p.Phases {
		ph := p.Phases[i]
		sum += ph.Steps * ph.Rate * ph.Rate * kernel.Expm1(1/(ph.Noise*ph.Noise))
	}
	if p.Direction == kernel.Replace {
		sum *= 4
	}
	return kernel.Phase{Rate: 1, Noise: 1 / math.Sqrt(sum), Steps: 1}
}
