package kernel

import "math"

// The certified inversion. With s = c + it,
//   δ(ε) = (1/π) ∫₀^∞ Re[e^(K(s) − sε) / (s(s+1))] dt,   −dδ/dε = the same with 1/(s+1),
// by the trapezoid rule with n nodes of step h. Its errors, all added up in contour.low and contour.high:
//   aliasing    in [0, alias·δ], alias.go;
//   truncation  trunc, decay.go;
//   cut         cutLoss ≥ 0 and the jump of each step, moments.go;
//   amplitudes  each node's φ(t)^T is known up to expm1(slack), slack = Σ T log1p(η/|φ|) + rounding of the logs,
//               η the error of φ: quadrature in z (moments.go) and rounding (spin);
//   front       the factor e^(K(c) − cε), relative error front;
//   summation   the turning of the amplitudes by e^(−ikhΔ) and their sum.

const (
	respin     = 64            // amplitudes between two exact evaluations of their turning
	quadrature = 33            // −log of the quadrature error in z, relative to φ^T
	sumUnits   = 3*respin + 50 // rounding of one evaluation, and of wobble, in units of Σ|amplitude|
)

// care is how a contour is laid.
type care struct {
	tight float64 // log of aliasing and truncation, relative to δ
	soft  float64 // log of what soften may give up
	turns int     // turns of the terms between two exact evaluations
}

var (
	locating   = care{-9, 8, 64}    // while ε is only being located
	estimating = care{-25, 3, 128}  // for solvers, which prove what they find
	usual      = care{-29.5, 3, 64} //
	careful    = care{-30.5, 2, 16} // where the usual way left the interval wide
)

// contour is a set of nodes with their amplitudes (in the workspace), good for every ε near its own.
type contour struct {
	c, h     float64
	n        int
	epsilon  float64 // the amplitudes are turned to this ε
	logFront float64 // K(c)
	front    float64 // relative error of e^(K(c))
	fold     fold    // the period and its aliasing
	trunc    float64 // log of the truncation error over e^(K(c)−cε)
	wobble   float64 // error of the amplitudes' sum over e^(K(c)−cε)
	mass     float64 // Σ|amplitude|
	cutLoss  float64 // mass cut off, cut
}

// effort bounds nodes in t times nodes in z, of all contours of a call: about 10 ms.
const effort = 5e6

// build lays the contour k through s with the given care; false where the workspace is too
// small, the work too long or the error without a bound.
func (w *Workspace) build(p *Problem, s saddle, how care, k *contour) bool {
	top, ok := w.place(p, s, how, k)
	return ok && w.erect(p, k, top, how)
}

// place chooses the abscissa, the period and, returned, the top of the contour.
func (w *Workspace) place(p *Problem, s saddle, how care, k *contour) (top float64, ok bool) {
	*k = contour{epsilon: s.epsilon, cutLoss: w.cutLoss(p)}
	k.c, k.fold = w.soften(p, s, s.logDelta+how.tight-0.7, how.soft, true)
	k0, _, k2, ok := w.moments(p, k.c, 0)
	if !ok {
		return 0, false
	}
	k.trunc = s.logDelta + how.tight - (k0 - k.c*s.epsilon)
	return w.truncation(p, k.c, startOf(k.c, k2, how), k.trunc)
}

// erect fills the nodes of a placed contour; false where the workspace is too small or the work too long.
func (w *Workspace) erect(p *Problem, k *contour, top float64, how care) bool {
	if !w.clear(k, top) {
		return false
	}
	for i := range p.Phases {
		if !w.spin(p, i, k, k.h*float64(k.n), how.turns) {
			return false
		}
	}
	w.amplitudes(k)
	return k.wobble < math.Inf(1)
}

// startOf is a t from which the truncation is looked for.
func startOf(c, k2 float64, how care) float64 {
	return math.Sqrt(-2*how.tight/(k2+1/(c*c)+1/((1+c)*(1+c)))) * 1.5
}

// clear spreads the nodes from 0 to the top and clears them; false where they are too many.
func (w *Workspace) clear(k *contour, top float64) bool {
	k.h = 2 * math.Pi / k.fold.period
	nodes := math.Ceil(top/k.h) + 1
	if !(nodes <= float64(len(w.re))) {
		return false
	}
	k.n = int(nodes)
	for i := 0; i < k.n; i++ {
		w.re[i], w.im[i], w.slack[i] = 0, 0, 0
	}
	return true
}

// spin adds phase i: T log φ(kh) to the nodes, T K(c) to the front, and bounds on their errors.
func (w *Workspace) spin(p *Problem, i int, k *contour, top float64, turns int) bool {
	ph := p.Phases[i]
	if ph.Rate == 1 {
		w.spinGaussian(p, ph, k)
		return true
	}
	goal := quadrature + Log(ph.Steps)
	if !w.fine.lay(ph, p.Direction, p.Group, k.c, top, goal, w.level) {
		return false
	}
	if w.spent += float64(w.fine.n) * float64(k.n); w.spent > effort {
		return false
	}
	rough := w.front(p, ph, k, turns, top)
	w.bunch(top, k.h)
	eta := 6*Exp(-goal) + 2*w.edge
	for base := 0; base < k.n; base += turns {
		w.align(k.h * float64(base-1))
		for j := base; j < min(base+turns, k.n); j++ {
			re, im := w.rotate()
			x, y := w.bunched(float64(j) / float64(k.n))
			w.gather(j, ph.Steps, re+x, im+y, eta+unit*rough*k.h*float64(j+1))
		}
	}
	return true
}

// spinGaussian adds an unsampled phase: log φ = −μ²t²/2 + iμ²t(c + ½).
func (w *Workspace) spinGaussian(p *Problem, ph Phase, k *contour) {
	mu := distance(p, ph)
	v := ph.Steps * mu * mu
	k0 := v * k.c * (k.c + 1) / 2
	k.logFront += k0
	k.front += 8 * unit * k0
	for j := 0; j < k.n; j++ {
		t := k.h * float64(j)
		w.re[j] -= v * t * t / 2
		w.im[j] += v * t * (k.c + 0.5)
		w.slack[j] += 8 * unit * v * (t*t/2 + t*(k.c+0.5))
	}
}

// front fills the tilted weights (rho holds exponents and lossUnits before), adds T K(c) to the front, sets how many of the first nodes
// have |l| top ≤ ½, and returns the factor of t·unit in the rounding error of φ(t) − 1 = Σ p(e^(itl) − 1).
//
// With |e^(itl) − 1| ≤ t|l|: a term errs by its weight, whose exponent x has error |x| units; by its loss, dl (see logMix), which
// counts c+1 times in the weight and t times in the angle; by the summation in blocks; and by the rotation. There a turn adds a unit of
// |D| ≤ pt|l| for the last addition, and 9 of p|ρ| ≤ ph|l|: 5 for ρ, 1 for p + D, which is p in size, 3 for the product. As h times
// the turns since D was set is at most t, all turns add as many units as there are and 9, and setting D adds 8.
func (w *Workspace) front(p *Problem, ph Phase, k *contour, turns int, top float64) float64 {
	t := &w.fine
	d := p.Direction
	var excess, carry, wrong float64
	for j := 0; j < t.n; j++ {
		x, dl := t.exponent(j, d, k.c), w.lossUnits(j, p, ph)
		w.rho[0][j], w.rho[1][j] = x, dl
		base, term := t.mass[j], t.term(j, x)
		y := term - carry // compensated: 2 units in all
		next := excess + y
		carry = (next - excess) - y
		excess = next
		wrong += math.Abs(term)*(math.Abs(t.weight[j])+12) + (term+base)*(k.c+1)*dl
	}
	k0 := Log1p(excess)
	k.logFront += ph.Steps * k0
	w.edge = t.jump(d, k.c, k0)
	k.front += ph.Steps * (unit*(wrong/(1+excess)+4*math.Abs(k0)) + 3*Exp(-quadrature-Log(ph.Steps)) + w.edge)
	chain := float64(turns+t.n/block+block+40) + wrong
	var rough float64
	w.apart = 0
	for j := 0; j < t.n; j++ {
		x, dl := t.weight[j]+w.rho[0][j], w.rho[1][j]
		weight := Exp(x - k0)
		l := t.loss(j, d)
		rough += weight * (math.Abs(l)*(chain+math.Abs(t.weight[j])+math.Abs(x)+(k.c+1)*dl) + dl)
		t.weight[j] = weight // from here on the tilted weight itself
		t.slope[j] = l       // and the loss
		if j == w.apart && math.Abs(l)*top <= 0.5 {
			w.apart++
		}
	}
	return rough
}

// lossUnits bounds the error of the loss at fine node j, in units.
func (w *Workspace) lossUnits(j int, p *Problem, ph Phase) float64 {
	t := &w.fine
	size := math.Abs(t.la[j])
	if p.Direction == Replace {
		size += math.Abs(t.lb[j])
	}
	units := 6*size + 4*t.slope[j]*(math.Abs(t.z[j])/ph.Noise+float64(p.Group)/(ph.Noise*ph.Noise))
	if p.Group > 1 {
		units += groupUnits(t.z[j], ph.Noise, ph.Rate, p.Group, t.la[j], t.slope[j])
	}
	return units
}

// bunch sums Σ p (l top)ᵏ/k!, k = 1 to 14, over the first nodes: for them these powers stand for the rotating terms. What the
// series leaves out is less than a unit of Σ p|l|t, and a power's rounding less than 40. For the others it sets ρ = e^(ihl) − 1.
func (w *Workspace) bunch(top, h float64) {
	tab := &w.fine
	term, factorial := w.turn[0][:w.apart], 1.0
	for j := range term {
		term[j] = tab.weight[j]
	}
	for k := range w.power {
		var sum, part float64
		for j := range term {
			if j&(block-1) == 0 {
				sum, part = sum+part, 0
			}
			term[j] *= tab.slope[j] * top
			part += term[j]
		}
		factorial *= float64(k + 1)
		w.power[k] = (sum + part) / factorial
	}
	for j := w.apart; j < tab.n; j++ {
		sin, cos := Sincos(0.5 * h * tab.slope[j])
		w.rho[0][j], w.rho[1][j] = -2*sin*sin, 2*sin*cos
	}
}

const bunches = 14

// bunched returns the first nodes' Σ p(e^(itl) − 1) at t = y top.
func (w *Workspace) bunched(y float64) (re, im float64) {
	v := y * y
	for k := bunches - 1; k > 0; k -= 2 {
		re, im = w.power[k]-v*re, w.power[k-1]-v*im
	}
	return -v * re, y * im
}

// align sets the rotating terms D = p(e^(itl) − 1) exactly.
func (w *Workspace) align(t float64) {
	tab := &w.fine
	re, im := w.turn[0][:tab.n], w.turn[1][:tab.n]
	for j := w.apart; j < tab.n; j++ {
		sin, cos := Sincos(0.5 * t * tab.slope[j])
		re[j], im[j] = -2*tab.weight[j]*sin*sin, 2*tab.weight[j]*sin*cos
	}
}

// block is how many terms are summed before the sum goes to a sum of sums.
const block = 32

// rotate turns every D by one step, and returns their sum: D ← D + (p + D)ρ, ρ = e^(ihl) − 1, so that errors stay in
// proportion to D.
func (w *Workspace) rotate() (sumRe, sumIm float64) {
	n := w.fine.n
	re, im := w.turn[0][w.apart:n], w.turn[1][w.apart:n]
	weight := w.fine.weight[w.apart:n]
	rr, ri := w.rho[0][w.apart:n], w.rho[1][w.apart:n]
	var r, i float64
	for j := range re {
		if j&(block-1) == 0 {
			sumRe, sumIm, r, i = sumRe+r, sumIm+i, 0, 0
		}
		x, y := re[j], im[j]
		whole := x + weight[j]
		x, y = x+(whole*rr[j]-y*ri[j]), y+(whole*ri[j]+y*rr[j])
		re[j], im[j] = x, y
		r += x
		i += y
	}
	return sumRe + r, sumIm + i
}

// gather adds T log(1 + x + iy) to node j, and its slack.
func (w *Workspace) gather(j int, steps, x, y, eta float64) {
	square := 2*x + x*x + y*y
	var logAbs float64
	if square > -0.5 {
		logAbs = 0.5 * Log1p(square)
	} else {
		logAbs = 0.5 * Log((1+x)*(1+x)+y*y+1e-300)
	}
	arg := Atan2(y, 1+x)
	w.re[j] += steps * logAbs
	w.im[j] += steps * arg
	w.slack[j] += steps * (Log1p(eta*Exp(-logAbs)) + 8*unit*(math.Abs(logAbs)+math.Abs(arg)))
}

// amplitudes turns the logs into amplitudes of the integrand at the contour's own ε and adds up their errors.
func (w *Workspace) amplitudes(k *contour) {
	for j := 0; j < k.n; j++ {
		t := k.h * float64(j)
		size := k.h / math.Pi
		if j == 0 {
			size /= 2
		}
		// 1/(s(s+1)) for s = c + it
		dr, di := k.c*(k.c+1)-t*t, t*(2*k.c+1)
		norm := dr*dr + di*di
		lift := Exp(w.re[j])
		slack := w.slack[j] + 8*unit*(math.Abs(w.re[j])+math.Abs(w.im[j])+t*math.Abs(k.epsilon))
		sin, cos := Sincos(w.im[j] - t*k.epsilon)
		kernel := size / math.Sqrt(norm)
		k.wobble += kernel * (Exp(w.re[j]+slack) - lift)
		k.mass += kernel * lift
		lift *= size / norm
		w.re[j], w.im[j] = lift*(cos*dr+sin*di), lift*(sin*dr-cos*di)
	}
	k.wobble += sumUnits * unit * k.mass
}

// at returns Σ Re[amplitude e^(−it(ε−ε₀))] and the same for −dδ/dε, without the front.
func (w *Workspace) at(k *contour, epsilon float64) (value, slope float64) {
	shift := -k.h * (epsilon - k.epsilon)
	ss, cs := Sincos(shift)
	var sin, cos float64
	for j := 0; j < k.n; j++ {
		if j%respin == 0 {
			sin, cos = Sincos(shift * float64(j))
		}
		x, y := w.re[j], w.im[j]
		r, i := x*cos-y*sin, x*sin+y*cos
		value += r
		slope += k.c*r - k.h*float64(j)*i
		sin, cos = sin*cs+cos*ss, cos*cs-sin*ss
	}
	return value, slope
}

// delta returns the enclosure of δ(ε) and −dδ/dε.
func (w *Workspace) delta(k *contour, epsilon float64) (Interval, float64) {
	value, slope := w.at(k, epsilon)
	shifted := math.Abs(epsilon-k.epsilon) * k.h * float64(k.n) * unit * k.mass
	front := k.logFront - k.c*epsilon
	rel := Expm1(k.front + 8*unit*(math.Abs(k.logFront)+k.c*math.Abs(epsilon)+4))
	scale := Exp(front)
	wrong := k.wobble + shifted + Exp(k.trunc) + math.Abs(value)*rel + 4*float64(k.n)*unit*unit
	est := scale * value
	alias := k.fold.alias(k.c, epsilon)
	return Interval{
		Lower:    math.Max(0, (est-scale*wrong-alias)*(1-8*unit)),
		Estimate: est,
		Upper:    (est+scale*wrong)*(1+8*unit) + k.cutLoss,
	}, scale * slope
}

// soften moves the abscissa left of the saddle where that shortens the period: a heavy tail of the loss makes M(c') large
// just beyond c. It gives up at most e^soft in the size of the integrand, which costs as much in rounding. With smooth it
// also goes on while the tilt lifts the cut end of a step so much that its jump would count, and gives up (an infinite
// period) where that costs more than e^(soft+14).
func (w *Workspace) soften(p *Problem, s saddle, goal, soft float64, smooth bool) (c float64, best fold) {
	c = s.c
	first := w.size(p, c, s.epsilon)
	rough := smooth && w.over > 1e-13
	best = w.period(p, c, first, s.epsilon, goal, 2*c)
	for range 20 {
		if best.period <= -1.3*goal/c && !rough {
			break
		}
		next := 0.8 * c
		size := w.size(p, next, s.epsilon)
		still := smooth && w.over > 1e-13
		f := w.period(p, next, size, s.epsilon, goal, best.far)
		switch {
		case rough && size-first <= soft+14:
		case rough:
			best.period = math.Inf(1)
			return c, best
		case f.period > 0.85*best.period && best.period < math.Inf(1) || !(size-first <= soft):
			return c, best
		}
		c, best, rough = next, f, still
	}
	return c, best
}

// size is the log of the integrand at t = 0, +Inf where it overflows.
func (w *Workspace) size(p *Problem, c, epsilon float64) float64 {
	k0, _, _, ok := w.moments(p, c, 0)
	if !ok {
		return math.Inf(1)
	}
	return k0 - c*epsilon - Log(c) - Log1p(c)
}
