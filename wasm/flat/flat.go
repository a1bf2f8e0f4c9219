// Package flat puts the accountant's kernel behind two arrays of numbers, so that it can be called from JavaScript: the
// caller writes a question to [Input], calls one of the functions without arguments, and reads [Output].
//
// Nothing is checked here: the caller (wasm/npm) does. Nothing allocates, so that the functions can be cut out of a linked
// module; wasm/npm/src/kernel.mjs holds the same layout in JavaScript.
//
// Input: number of phases, first argument, second argument, accountant, order, points, adjacency, δ of a series; then for
// each phase its sampling rate, noise multiplier and steps.
//
// Output of Epsilon and Delta: 0, then lower, estimate and upper in the direction remove, the same for add, flags. Of the
// solvers: 0, the value. Of the series: 0, and from place 8 on six numbers for each point as Epsilon gives them. The first
// number is 1 where the question is outside what can be computed.
package flat

import "github.com/ewtune/ewtune/accountant/kernel"

// MaxPhases and MaxPoints bound a question.
const (
	MaxPhases = 64
	MaxPoints = 1000

	firstPhase = 8
	firstPoint = 8
	perPoint   = 6
)

// Accountants, as Input names them.
const (
	Certified = iota
	Edgeworth
	RDP
	GDP
)

// ReplaceOne is the adjacency under which one record is exchanged for another; 0 is add-remove.
const ReplaceOne = 1

// FlagRoots says that an expansion crosses δ more than once, and that the largest ε was taken.
const FlagRoots = 1

// Nodes of the coarse and the fine quadrature and of the contour: a small working memory, which serves nearly every plan
// and is quick to walk over, and a large one. They are those of package accountant, so that answers agree to the bit.
const (
	smallCoarse, smallFine, smallNodes = 768, 1024, 2048
	largeCoarse, largeFine, largeNodes = 8192, 16384, 65536
)

var (
	// Input is the question.
	Input [firstPhase + 3*MaxPhases]float64
	// Output is the answer.
	Output [firstPoint + perPoint*MaxPoints]float64

	smallMemory [6*smallCoarse + 12*smallFine + 7*smallNodes]float64
	largeMemory [6*largeCoarse + 12*largeFine + 7*largeNodes]float64
	small       kernel.Workspace
	large       kernel.Workspace
	plan        [MaxPhases]kernel.Phase
	found       [MaxPoints]kernel.Interval
	counts      [MaxPoints]float64
)

// question reads Input and clears the answer's head.
func question() (phases []kernel.Phase, a, b float64) {
	small.Carve(smallMemory[:], smallCoarse, smallFine, smallNodes)
	large.Carve(largeMemory[:], largeCoarse, largeFine, largeNodes)
	n := int(Input[0])
	for i := range plan[:n] {
		at := firstPhase + 3*i
		plan[i] = kernel.Phase{Rate: Input[at], Noise: Input[at+1], Steps: Input[at+2]}
	}
	for i := range firstPoint {
		Output[i] = 0
	}
	return plan[:n], Input[1], Input[2]
}

// put writes an interval at place i of the answer.
func put(i int, x kernel.Interval) {
	Output[i], Output[i+1], Output[i+2] = x.Lower, x.Estimate, x.Upper
}

// both asks for one number in both directions and writes the answers from place i on.
func both(i int, phases []kernel.Phase, wantDelta bool, at float64) {
	for d := range 2 {
		p := problem(phases, d)
		put(i+3*d, ask(&p, wantDelta, at))
	}
}

// problem is one direction of a plan: 0 remove, 1 add. Under replace-one both are the same.
//
//go:noinline
func problem(phases []kernel.Phase, d int) kernel.Problem {
	if Input[6] == ReplaceOne {
		d = int(kernel.Replace)
	}
	return kernel.Problem{Phases: phases, Direction: kernel.Direction(d), Group: 1}
}

// Epsilon answers ε at δ.
//
//go:noinline
func Epsilon() {
	phases, delta, _ := question()
	both(1, phases, false, delta)
}

// Delta answers δ at ε.
//
//go:noinline
func Delta() {
	phases, eps, _ := question()
	both(1, phases, true, eps)
}

// Deltas answers δ at points between two ε.
//
//go:noinline
func Deltas() {
	phases, from, to := question()
	n := int(Input[5])
	step := (to - from) / float64(n-1)
	for d := range 2 {
		p := problem(phases, d)
		small.DeltaSeries(&p, from, step, found[:n])
		for i := range n {
			put(firstPoint+perPoint*i+3*d, found[i])
		}
	}
}

// Epsilons answers ε at δ after rising numbers of steps between two, of a plan with one phase.
//
//go:noinline
func Epsilons() {
	phases, from, to := question()
	n := int(Input[5])
	for i := range n {
		counts[i] = float64(int64(from + (to-from)*float64(i)/float64(n-1) + 0.5))
	}
	for d := range 2 {
		p := problem(phases, d)
		small.StepSeries(&p, Input[7], counts[:n], found[:n])
		for i := range n {
			put(firstPoint+perPoint*i+3*d, found[i])
		}
	}
}
