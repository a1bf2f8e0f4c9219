package kernel

// Direction says which of the two neighbouring data sets the loss is measured on, and under which relation.
type Direction int

// The privacy losses that the kernel prices. With A(z) = 1 − q + q e^(z/σ − 1/(2σ²)) and Z standard normal:
const (
	Remove  Direction = iota // l = log A(Z), measure weight A:  P = (1−q)N(0,σ²) + qN(1,σ²) against Q = N(0,σ²)
	Add                      // l = −log A(Z), measure weight 1: Q against P
	Replace                  // l = log A(Z) − log A(−Z), measure weight A(Z): (1−q)N(0)+qN(1) against (1−q)N(0)+qN(−1)
)

// Phase is a run of equal steps.
type Phase struct {
	Rate  float64 // q in (0, 1]
	Noise float64 // σ > 0, in units of the clipping norm
	Steps float64 // T ≥ 1, whole
}

// Interval encloses a number: Lower ≤ truth ≤ Upper.
type Interval struct{ Lower, Estimate, Upper float64 }

// Problem is what is priced: phases, one direction, and the number of records that two data sets differ in.
type Problem struct {
	Phases    []Phase
	Direction Direction
	Group     int // ≥ 1; Replace only with 1
}

// Workspace is the working memory of a call. It carries nothing from one call to the next.
type Workspace struct {
	coarse table   // z nodes for moments on the real axis
	fine   table   // z nodes for the contour
	turn   [4]list // the fine nodes' rotating terms D; the last two are room for the bent contour, which lies over all
	rho    [2]list // e^(ihl) − 1
	apart  int     // fine nodes before are bunched
	power  [bunches]float64
	re, im list    // per t node: log of the amplitude, then the amplitude
	slack  list    // per t node: bound on the error of re + i im; lattice: masses of one step
	spare  [4]list // lattice: what the optimistic side needs of each cell
	held   int     // phase whose coarse table is filled, −1 for none
	reach  float64 // abscissa up to which the coarse table reaches
	over   float64 // of the last moments

	spent float64 // nodes in t times nodes in z of this call's contours
	level float64 // log of the mass of one step that is cut off at the right; −Inf: nothing is cut

	tiltedAt    float64 // turn[0] holds the tilted coarse weights of tiltedPhase at this abscissa
	tiltedPhase int
	first, last int     // the nodes among them that count
	lean        float64 // shift b over t of decay.go
	edge        float64 // jump of the tilted coarse weights

	rest   []float64 // all memory but the coarse table, for the bent contour
	rays   [mostRays]rays
	spread int     // how many of the rays are in use
	bent   [4]list // s and amplitude of the bent contour's nodes

	patience float64 // terms that a call may take where that is more than bendEffort: tests see how far the contour goes
}

type list []float64

// table holds what the quadrature in z needs at each node.
type table struct {
	z      list // node
	weight list // log of the rule's weight, −z²/2 + log(h/√2π)
	mass   list // the rule's weight
	la, lb list // log A(z), log A(−z)
	slope  list // σ dl/dz of the loss, ≥ 0
	n      int
	step   float64
	isCut  bool    // the right end is that of cut
	share  float64 // largest share qeᵘ/A in the table's range, for what the strip costs
	height float64 // largest height of the strip, πσ/k
}

// SizeWorkspace returns how many float64 a workspace for the given numbers of nodes takes.
func SizeWorkspace(coarse, fine, nodes int) int { return 6*coarse + 12*fine + 7*nodes }

// Carve lays a workspace over memory of SizeWorkspace(coarse, fine, nodes) numbers.
func (w *Workspace) Carve(memory []float64, coarse, fine, nodes int) {
	rest := w.coarse.carve(memory, coarse)
	w.rest = rest
	rest = w.fine.carve(rest, fine)
	for i := range w.turn {
		rest = w.turn[i].take(rest, fine)
	}
	for i := range w.rho {
		rest = w.rho[i].take(rest, fine)
	}
	rest = w.re.take(rest, nodes)
	rest = w.im.take(rest, nodes)
	rest = w.slack.take(rest, nodes)
	for i := range w.spare {
		rest = w.spare[i].take(rest, nodes)
	}
	w.held = -1
}

func (t *table) carve(rest []float64, n int) []float64 {
	rest = t.z.take(rest, n)
	rest = t.weight.take(rest, n)
	rest = t.mass.take(rest, n)
	rest = t.la.take(rest, n)
	rest = t.lb.take(rest, n)
	return t.slope.take(rest, n)
}

// take makes l the first n numbers of memory and returns the rest. Not inlined: it stands in twenty places.
//
//go:noinline
func (l *list) take(memory []float64, n int) []float64 {
	*l = memory[:n]
	return memory[n:]
}
