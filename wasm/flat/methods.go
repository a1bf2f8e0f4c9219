package flat

import (
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// own and other are the cumulants of a plan, one those of a step.
var (
	own, other kernel.Cumulants
	one        [2]kernel.Cumulants
)

// ask asks the accountant that Input names for ε(δ) of one direction, or for δ(ε).
func ask(p *kernel.Problem, wantDelta bool, at float64) kernel.Interval {
	switch int(Input[3]) {
	case Edgeworth:
		return edgeworth(p, wantDelta, at)
	case RDP:
		return renyi(p, wantDelta, at)
	case GDP:
		phase := [1]kernel.Phase{gaussian(p)}
		x := certified(&kernel.Problem{Phases: phase[:], Group: 1}, wantDelta, at)
		return point(x.Estimate)
	}
	return certified(p, wantDelta, at)
}

// certified returns the enclosure: by the contour, and where that leaves it wide by the contour in the large memory and the
// lattice. Series of points do without these, for they are drawn while somebody types. The bent contour is not used: it
// would take a third more room.
func certified(p *kernel.Problem, wantDelta bool, at float64) kernel.Interval {
	x, method := contour(&small, p, wantDelta, at)
	if method != kernel.Ceiling || !(x.Upper > 0) || Input[5] != 0 {
		return x
	}
	wide, method := contour(&large, p, wantDelta, at)
	x = kernel.Meet(wide, x)
	if method != kernel.Ceiling {
		return x
	}
	var ok bool
	if wantDelta {
		wide, ok = large.LatticeDelta(p, at)
	} else {
		wide, ok = large.LatticeEpsilon(p, at)
	}
	if ok {
		x = kernel.Meet(wide, x)
	}
	return x
}

func contour(w *kernel.Workspace, p *kernel.Problem, wantDelta bool, at float64) (kernel.Interval, kernel.Method) {
	if wantDelta {
		return w.ContourDelta(p, at)
	}
	return w.ContourEpsilon(p, at)
}

// edgeworth returns the estimate of the published accountant.
func edgeworth(p *kernel.Problem, wantDelta bool, at float64) kernel.Interval {
	own, other = kernel.Cumulants{}, kernel.Cumulants{}
	for i := range p.Phases {
		ph := p.Phases[i]
		if !small.CumulantsOf(ph, p.Direction, &one[0], &one[1]) {
			large.CumulantsOf(ph, p.Direction, &one[0], &one[1])
		}
		own.Add(&one[0], ph.Steps)
		other.Add(&one[1], ph.Steps)
	}
	if wantDelta {
		return point(kernel.EdgeworthDelta(&own, &other, int(Input[4]), at))
	}
	x, roots, _ := kernel.EdgeworthEpsilon(&own, &other, int(Input[4]), at)
	if roots > 1 {
		Output[7] = FlagRoots
	}
	return point(x)
}

// renyi returns the bound of Rényi accounting.
func renyi(p *kernel.Problem, wantDelta bool, at float64) kernel.Interval {
	var x float64
	if wantDelta {
		x = small.RDPDelta(p, at)
	} else {
		var ok bool
		if x, _, ok = small.RDPEpsilon(p, at); !ok {
			x, _, _ = large.RDPEpsilon(p, at)
		}
	}
	return kernel.Interval{Lower: 0, Estimate: x, Upper: x}
}

// point is an estimate without bounds.
//
//go:noinline
func point(x float64) kernel.Interval { return kernel.Interval{Lower: x, Estimate: x, Upper: x} }

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
