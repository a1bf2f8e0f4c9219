package accountant

import (
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// sizes of a workspace: nodes of the coarse and of the fine quadrature in z, and of the contour in t.
type sizes struct{ coarse, fine, nodes int }

var (
	smallSizes = sizes{768, 1024, 2048}   // 190 KB: nearly every plan
	largeSizes = sizes{4096, 8192, 32768} // 2.8 MB: the lattice, and contours that the bent one does not replace
)

func newWorkspace(s sizes) *kernel.Workspace {
	var w kernel.Workspace
	w.Carve(make([]float64, kernel.SizeWorkspace(s.coarse, s.fine, s.nodes)), s.coarse, s.fine, s.nodes)
	return &w
}

// engine prices one plan again and again with the same memory.
type engine struct {
	small, large *kernel.Workspace
	stand        kernel.Stand // of a solver's last estimate
}

func newEngine() *engine { return &engine{small: newWorkspace(smallSizes)} }

// epsilon encloses ε(delta) of one direction, other the upper bound of the one before. Where replace-one comes out wide, what removing and
// adding a record cost bounds it (RATIONALE, "Why one pair of distributions stands for all data sets").
func (e *engine) epsilon(p *kernel.Problem, delta, other float64) Interval {
	v := e.epsilonAlone(p, delta, other)
	if p.Direction != kernel.Replace || v.Upper-v.Lower <= 1e-6*v.Upper {
		return v
	}
	remove, add, most := parts(p)
	up := e.epsilonAlone(&remove, delta, 0)
	low := worse(up, e.epsilonAlone(&add, delta, up.Upper))
	return Interval(kernel.Meet(kernel.Interval(v), kernel.Interval{Lower: low.Lower, Estimate: up.Estimate, Upper: math.Nextafter(up.Upper+most, math.Inf(1))}))
}

// parts returns the problems of removing and of adding a record, and the greatest loss of the latter.
func parts(p *kernel.Problem) (remove, add kernel.Problem, most float64) {
	remove, add = *p, *p
	remove.Direction, add.Direction = kernel.Remove, kernel.Add
	for _, ph := range p.Phases {
		most -= ph.Steps * math.Log1p(-ph.Rate) * (1 + 1e-14)
	}
	return remove, add, most
}

// epsilonAlone is epsilon of the direction by itself; where the contours of the small workspace leave it wide, by its lattice, and by the
// large one's contour and lattice, but not where it lies below other, the upper bound of the other direction, and so decides nothing.
func (e *engine) epsilonAlone(p *kernel.Problem, delta, other float64) Interval {
	if kernel.SinglePair(p) {
		if v, ok := e.small.SinglePairEpsilon(p, delta); ok {
			return Interval(v)
		}
	}
	v, method := e.small.BentEpsilon(p, delta)
	if method != kernel.Ceiling || v.Upper <= other {
		return Interval(v)
	}
	if other > 0 { // this direction may decide
		if tight, ok := e.small.PatientEpsilon(p, delta); ok {
			if v = kernel.Meet(tight, v); v.Upper <= other || v.Upper-v.Lower <= 1e-6*v.Upper {
				return Interval(v)
			}
		}
	}
	if tight, ok := e.small.LatticeEpsilon(p, delta); ok {
		return Interval(kernel.Meet(tight, v))
	}
	if other > 0 { // the lattice most often shows that nothing is decided here
		if v = e.meetLattice(p, delta, v); v.Upper <= other {
			return Interval(v)
		}
	}
	wide, method := e.big().ContourEpsilon(p, delta)
	v = kernel.Meet(wide, v)
	if method == kernel.Ceiling && other == 0 {
		v = e.meetLattice(p, delta, v)
	}
	return Interval(v)
}

// meetLattice narrows v by the large workspace's lattice.
func (e *engine) meetLattice(p *kernel.Problem, delta float64, v kernel.Interval) kernel.Interval {
	if wide, ok := e.big().AnyLatticeEpsilon(p, delta); ok {
		return kernel.Meet(wide, v)
	}
	return v
}

// delta encloses δ(epsilon) of one direction, as epsilon does.
func (e *engine) delta(p *kernel.Problem, epsilon float64) Interval {
	v := e.deltaAlone(p, epsilon)
	if p.Direction != kernel.Replace || v.Upper-v.Lower <= 1e-6*v.Upper {
		return v
	}
	remove, add, most := parts(p)
	low := worse(e.deltaAlone(&remove, epsilon), e.deltaAlone(&add, epsilon))
	up := v
	if epsilon > most {
		up = e.deltaAlone(&remove, math.Nextafter(epsilon-most, 0))
	}
	return Interval(kernel.Meet(kernel.Interval(v), kernel.Interval{Lower: low.Lower, Estimate: up.Estimate, Upper: up.Upper}))
}

func (e *engine) deltaAlone(p *kernel.Problem, epsilon float64) Interval {
	if kernel.SinglePair(p) {
		return Interval(e.small.SinglePairDelta(p, epsilon))
	}
	v, method := e.small.Delta(p, epsilon)
	if method == kernel.Ceiling && v.Upper > 0 {
		wide, method := e.big().Delta(p, epsilon)
		v = kernel.Meet(wide, v)
		if method == kernel.Ceiling {
			if wide, ok := e.big().AnyLatticeDelta(p, epsilon); ok {
				v = kernel.Meet(wide, v)
			}
		}
	}
	return Interval(v)
}

func (e *engine) big() *kernel.Workspace {
	if e.large == nil {
		e.large = newWorkspace(largeSizes)
	}
	return e.large
}

// problems returns the kernel's problems of a Poisson-sampled plan, one for each direction.
func (p Plan) problems() []kernel.Problem {
	base := kernel.Problem{Phases: p.canonical(), Group: p.group()}
	if p.adjacency() == ReplaceOne {
		base.Direction = kernel.Replace
		return []kernel.Problem{base}
	}
	remove, add := base, base
	remove.Direction, add.Direction = kernel.Remove, kernel.Add
	return []kernel.Problem{remove, add}
}
