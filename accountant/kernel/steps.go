package kernel

import "math"

// ε over steps. After T equal steps K_T = T K₁, and the contour's nodes hold T log φ₁(t): one integration of the moments
// serves every T near its own. A contour is laid for a run of step counts from T₀ to T₁ ≤ 2T₀, at the abscissa of the one in
// the middle, with
//   the period      that T₁ asks for; the bound of aliasing is that of each T, alias.go, with K_T(c') = T/T₁ K_T₁(c');
//   the truncation  of T₀: where g(t) < 1 (decay.go), log g^T is T/T₀ times log g^T₀;
//   the nodes       T/T₁ times those of T₁, which adds four units of each to its slack.
// What does not come out narrow is priced by itself. Where no contour reaches (few steps), some counts are priced and the
// others lie between: further steps never lower ε.

// reuse is how far apart the step counts of one contour may be, sparse how far apart those priced where there is none.
const (
	reuse  = 2
	sparse = 3
)

// family is a contour for a run of step counts. Its nodes, those of T₁, stand in spare[0] to spare[2].
type family struct {
	k         contour // of T₁
	low, high float64 // T₀, T₁
	logDecay  float64 // log g^T₀ at the end
	logEnd    float64 // log πt there
}

// StepSeries encloses ε(δ) of p, whose one phase is sampled, after each of the counts of steps, which rise; it sets p's own
// as it goes. Without the lattice, as ContourEpsilon.
func (w *Workspace) StepSeries(p *Problem, delta float64, counts []float64, out []Interval) {
	last := len(counts) - 1
	var f family
	for last >= 0 {
		first := last
		for first > 0 && counts[first-1]*reuse >= counts[last] {
			first--
		}
		if !w.family(p, delta, counts[first], counts[last], &f) {
			break
		}
		guess := f.k.epsilon
		for ; last >= first; last-- {
			x, found := w.member(&f, delta, counts[last], guess)
			if !found {
				p.Phases[0].Steps = counts[last]
				x, _ = w.ContourEpsilon(p, delta)
			}
			out[last] = x
			guess = x.Estimate
		}
	}
	w.sparsely(p, delta, counts[:last+1], out)
}

// sparsely prices the last count, and every one below that is far enough from the one priced before.
func (w *Workspace) sparsely(p *Problem, delta float64, counts []float64, out []Interval) {
	limit := math.Inf(1)
	var above Interval
	for i := len(counts) - 1; i >= 0; i-- {
		if i == 0 || counts[i] <= limit {
			p.Phases[0].Steps = counts[i]
			above, _ = w.ContourEpsilon(p, delta)
			limit = counts[i] / sparse
		}
		out[i] = above
		above.Lower = -1 // that of the one priced below, yet unknown
	}
	for i := range counts {
		if out[i].Lower < 0 {
			out[i].Lower = out[i-1].Lower
		}
	}
}

// family makes f the contour for step counts from low to high.
func (w *Workspace) family(p *Problem, delta, low, high float64, f *family) bool {
	logDelta := Log(delta)
	k := &f.k
	*k = contour{}
	f.low, f.high = low, high
	least, ok := w.saddleOf(p, low, logDelta)
	if !ok || least.epsilon <= 0 {
		return false
	}
	s, ok := w.saddleOf(p, high, logDelta)
	if !ok {
		return false
	}
	s.c = math.Sqrt(s.c * least.c)
	k.epsilon, k.cutLoss = s.epsilon, w.cutLoss(p)
	k.c, k.fold = w.soften(p, s, logDelta+usual.tight-0.7, usual.soft, true)
	level := w.level
	p.Phases[0].Steps, w.held = low, -1
	k0, _, k2, ok := w.moments(p, k.c, 0)
	if !ok {
		return false
	}
	top, ok := w.truncation(p, k.c, startOf(k.c, k2, usual), logDelta+usual.tight-(k0-k.c*least.epsilon))
	f.logDecay, f.logEnd = w.decay(p, k.c, top, true), Log(math.Pi*top)
	if !ok || !(f.logDecay < 0) || !w.clear(k, top) {
		return false
	}
	p.Phases[0].Steps = high
	w.held, w.level, w.spent = -1, level, 0
	if !w.spin(p, 0, k, k.h*float64(k.n), usual.turns) {
		return false
	}
	copy(w.spare[0], w.re[:k.n])
	copy(w.spare[1], w.im[:k.n])
	copy(w.spare[2], w.slack[:k.n])
	return true
}

// saddleOf makes p a plan of so many steps and places its contour.
func (w *Workspace) saddleOf(p *Problem, steps, logDelta float64) (saddle, bool) {
	p.Phases[0].Steps = steps
	w.setLevel(p, logDelta)
	return w.saddleForDelta(p, logDelta)
}

// member encloses ε(δ) after the given number of steps; false where that is not narrow.
func (w *Workspace) member(f *family, delta, steps, guess float64) (Interval, bool) {
	k := f.k
	share := steps / f.high
	k.logFront *= share
	k.front = k.front*share + 4*unit*math.Abs(k.logFront)
	fixed := chernoff(k.fold.far) + 0.7
	k.fold.logRight = (k.fold.logRight-fixed)*share + fixed + 1e-9
	k.trunc = f.logDecay*(steps/f.low) - f.logEnd
	for range 4 {
		k.epsilon, k.wobble, k.mass = guess, 0, 0
		for j := 0; j < k.n; j++ {
			re, im := w.spare[0][j]*share, w.spare[1][j]*share
			w.re[j], w.im[j] = re, im
			w.slack[j] = w.spare[2][j]*share + 4*unit*(math.Abs(re)+math.Abs(im))
		}
		w.amplitudes(&k)
		eps := w.newton(&k, delta)
		if math.Abs(eps-guess)*k.fold.far < 1 || eps <= 0 && guess == 0 {
			x, ok := w.enclose(&k, delta, eps)
			return x, ok && x.Upper-x.Lower <= 1e-6*x.Upper
		}
		guess = math.Max(0, eps)
	}
	return Interval{}, false
}
