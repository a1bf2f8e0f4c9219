package kernel

import "math"

// The bent contour in double-double. Where rare, enormous losses and many tiny ones compete, the integrand outweighs δ by up to
// 1/δ wherever the contour crosses, and float64 leaves nothing of it. The path, its panels and all bounds are those of
// bend.go; but on panels where the integrand is larger than e^fineLeast of δ the nodes, the moments there and their sum are
// double-double. The errors are the same, with fineUnit for unit and with a finer rule for the moments:
//
//	panels      from one end to the other exactly, each end a float64 shared by two of them;
//	moments     J(S) by the trapezoid rule on a ray as in rays.go, whose bounds serve: its sums bound integrals over the rays.
//
// The moments of all nodes of a ray are taken together, in one walk over the ray from left to right. To the left of |S|ρ = reach a
// node takes the Taylor series of e^(SL) − 1 in the running sums Σ f ρᵏ; from there on it adds its own terms, until e^(SL) is gone.

const (
	fineLeast = -3.0 // log of a panel's share of δ above which it is double-double
	fineReach = 0.5  // |S|ρ up to which the series serves: its first term left out is less than 2⁻¹¹⁰ of the whole
	fineTerms = 25
	fineSlack = 3     // by how much less tight the path is than in float64, of −log
	fineBlock = 32    // nodes of a ray that are walked at a time
	fineDead  = 75    // e^(−fineDead) is nothing
	fineWaste = 1e-13 // share of δ that float64 may cost a block of terms
	slots     = 4     // of each of the four lists, that a kept panel takes: its ends, ray and error for each phase, what float64 may err
)

// fine is what a bent contour has in double-double.
type fine struct {
	on     bool
	depth  float64 // −log of the error of the moments
	panels int
	n      int // nodes
	mass   float64
}

// fineGrid is the trapezoid rule on the rays of a phase.
type fineGrid struct {
	left, step float64
	n          int
	rest       [rayCount]float64 // of a Gaussian tail left of it
}

// finer tells whether a plan has a contour in double-double.
func (w *Workspace) finer(p *Problem) bool {
	return p.Direction == Remove && len(p.Phases) <= mostRays
}

// gridOf returns the rule of a phase whose table is t.
func (b *bend) gridOf(ph Phase, t *rays) (g fineGrid) {
	goal, sigma := b.fine.depth, ph.Noise
	z0 := sigma*Log((1-ph.Rate)/ph.Rate) + 0.5/sigma
	g.step = 2 * math.Pi * rayGap / goal
	g.left = math.Max((-math.Sqrt(2*(goal+4))-z0)/sigma, -(goal + Log(ph.Steps) + Log((math.Abs(b.start)+60/b.a)*5)))
	g.left = math.Min(g.left, -6)
	g.n = int((Log(t.rho[t.n-1])-g.left)/g.step) + 2
	for i := range g.rest {
		zr, zi, _, _ := turned(Exp(g.left), g.left, float64(i-1)*rayGap, t.cos[i], t.sin[i])
		zr, zi = sigma*zr+z0, sigma*zi
		g.rest[i] = 1.2 * Exp(zi*zi/2) * math.Min(1, normUpper(-zr))
	}
	return g
}

// eta bounds the error of the sum on ray i at an S of size at most abs, as rays.eta does, of which at are the bounds on all rays
// and last the term at the end of the table.
func (g *fineGrid) eta(t *rays, i int, abs, last float64, at *[rayCount]bounds) float64 {
	first := Exp(g.left)
	shrink := 1 / Expm1(2*math.Pi*rayGap/g.step)
	strip := at[i+1].g1 + at[i-1].g1 + t.zero[i+1].g1 + t.zero[i-1].g1
	rounding := at[i].r1 + t.zero[i].r1 + 16*at[i].g1

	return abs*(shrink*strip+3*g.rest[i]*Exp(abs*first)*first+fineUnit*rounding) + 8*last
}

// stepBack sets the depth, and moves the crossing left until the rule for the moments reaches it on the first stretch of the path:
// a far tail makes e^(SL) too large on the neighbours of the ray. It costs the integrand little where cε is small.
func (w *Workspace) stepBack(p *Problem, b *bend) bool {
	for range 12 {
		value, _ := b.exponent(b.start, 0)
		worst := 0.0
		for i := range p.Phases {
			if p.Phases[i].Rate == 1 {
				v := p.Phases[i].Steps / (p.Phases[i].Noise * p.Phases[i].Noise)
				value += v * b.start * (b.start - 1) / 2
				continue
			}
			t := w.table(p, i, b)
			if t == nil {
				return false
			}
			m, _, _, _ := t.whole(1, b.start, 0)
			value += t.steps * Log(m)
		}
		b.fine.depth = finely + 4 + math.Max(0, value-b.logScale-Log(b.start-1))
		if b.tight < 20 {
			b.fine.depth -= finely - 22
		}
		for i := range p.Phases {
			if p.Phases[i].Rate < 1 {
				worst = math.Max(worst, w.firstStretch(p, i, b))
			}
		}

		if worst < Exp(12-b.fine.depth) {
			return true
		}
		b.start = 1 + 0.75*(b.start-1)
		b.length *= 0.75
		for i := range w.spread {
			w.rays[i].phase = -1
		}
	}
	return false
}

// firstStretch returns the largest T eta of phase i at a few places of the first stretch and beyond it.
func (w *Workspace) firstStretch(p *Problem, i int, b *bend) float64 {
	t := w.table(p, i, b)
	g := b.gridOf(p.Phases[i], t)
	worst := 0.0
	for _, at := range [][2]float64{{0, 0}, {0, 0.05}, {0, 0.1}, {0, 0.3}, {2 * b.cos, 0.3 + 2*b.sin}} {
		side := panel{mr: b.start * (1 + at[0]), mi: b.start * at[1]}
		_, eta := t.surestFine(&side, &g, 4*b.start)
		worst = math.Max(worst, t.steps*eta)
	}
	return worst
}

// keepPanel notes a panel: its ends, and for each phase the ray on which the error is least, and that error.
func (w *Workspace) keepPanel(p *Problem, b *bend, pan *panel) bool {
	at := mostBend - slots*(b.fine.panels+1)
	if at < b.n || (b.fine.panels+1)*gaussOrder > len(w.fineMemory())/fineWords {
		return false
	}
	b.fine.panels++
	er, ei := b.endOf(pan)
	w.bent[0][at], w.bent[1][at], w.bent[2][at], w.bent[3][at] = b.sr, b.si, er, ei
	abs, steps := math.Sqrt(pan.mr*pan.mr+pan.mi*pan.mi)+pan.half, 0.0
	for i := range p.Phases {
		steps += p.Phases[i].Steps
		if p.Phases[i].Rate == 1 {
			continue
		}
		t := w.table(p, i, b)
		if t == nil {
			return false
		}
		g := b.gridOf(p.Phases[i], t)
		ray, eta := t.surestFine(pan, &g, abs)
		w.bent[2*(i&1)][at+1+i/2], w.bent[2*(i&1)+1][at+1+i/2] = float64(ray), eta
	}
	w.bent[0][at+3] = Exp(-pan.lift) * fineWaste / steps
	return true
}

// surestFine is surest for the rule g.
func (t *rays) surestFine(pan *panel, g *fineGrid, abs float64) (ray int, eta float64) {
	var at [2][rayCount]bounds
	var last [2][rayCount]float64
	for k := range at {
		side := pan.half * float64(2*k-1)
		sr, si := pan.mr+side*pan.cos, pan.mi+side*pan.sin
		for i := range at[k] {
			at[k][i] = t.bound(i, sr, si)
			end := t.n - 1
			last[k][i] = Exp(math.Min(700, t.size[i][end]+(sr*t.cos[i]-si*t.sin[i]+bulge*t.step*t.step*abs)*t.rho[end]))
		}
	}
	ray, eta = 1, math.Inf(1)
	for i := 1; i <= 3; i++ {
		if v := math.Max(g.eta(t, i, abs, last[0][i], &at[0]), g.eta(t, i, abs, last[1][i], &at[1])); v < eta {
			ray, eta = i, v
		}
	}
	return ray, eta
}

// fineWords is how many numbers a node takes: its exponent (later the amplitude), J, and the errors of both.
const fineWords = 10

// fineMemory is what is left beside the float64 nodes.
func (w *Workspace) fineMemory() list { return w.rest[4*mostBend:] }

// fineGet returns number i of node k's complex numbers.
func (w *Workspace) fineGet(k, i int) complexDD {
	m := w.fineMemory()[fineWords*k+4*i:]
	return complexDD{dd{m[0], m[1]}, dd{m[2], m[3]}}
}

func (w *Workspace) finePut(k, i int, z complexDD) {
	m := w.fineMemory()[fineWords*k+4*i:]
	m[0], m[1], m[2], m[3] = z.re.hi, z.re.lo, z.im.hi, z.im.lo
}

// fineError returns the place of the error of number i of node k.
func (w *Workspace) fineError(k, i int) *float64 { return &w.fineMemory()[fineWords*k+8+i] }

const ( // a node's numbers
	atExponent = iota
	atMoment
)

// sumFine sums the panels that were kept.
func (w *Workspace) sumFine(p *Problem, b *bend) {
	if b.fine.panels == 0 {
		return
	}
	grids := [mostRays]fineGrid{}
	for i := range p.Phases {
		if p.Phases[i].Rate < 1 {
			grids[i] = b.gridOf(p.Phases[i], w.table(p, i, b))
		}
	}
	w.fineNodes(p, b)
	for i := range p.Phases {
		if p.Phases[i].Rate == 1 {
			w.fineGaussian(p.Phases[i], b)
			continue
		}
		for ray := 1; ray <= 3; ray++ {
			w.walk(p.Phases[i], i, &grids[i], ray, b)
		}
		w.fineLogs(p.Phases[i], i, b)
	}
	for k := range b.fine.n {
		w.fineFinish(b, k)
	}
}

// keptPanel returns the place of panel k, and of node k's panel.
func keptAt(panel int) int { return mostBend - slots*(panel+1) }

// halfOf returns half of the vector along the kept panel.
func (w *Workspace) halfOf(panel int) complexDD {
	at := keptAt(panel)
	re, im := twoSum(w.bent[2][at], -w.bent[0][at]), twoSum(w.bent[3][at], -w.bent[1][at])
	return complexDD{re.times(0.5), im.times(0.5)}
}

// fineNode returns S of node k.
func (w *Workspace) fineNode(k int) complexDD {
	at, j := keptAt(k/gaussOrder), k%gaussOrder
	x := fineAbscissa[j/2]
	if j&1 != 0 {
		x = x.neg()
	}
	half := w.halfOf(k / gaussOrder)
	s := half.times(x).add(half)
	return complexDD{s.re.plus(w.bent[0][at]), s.im.plus(w.bent[1][at])}
}

// fineNodes lays −Sa + ε at each node.
func (w *Workspace) fineNodes(p *Problem, b *bend) {
	a := dd{b.epsilon, 0}
	for i := range p.Phases {
		if ph := p.Phases[i]; ph.Rate < 1 {
			a = a.add(dd{-ph.Rate, 0}.log1p().times(-ph.Steps))
		}
	}
	b.fine.n = b.fine.panels * gaussOrder
	for k := range b.fine.n {
		s := w.fineNode(k)
		e := s.times(a).neg()
		w.finePut(k, atExponent, e.plus(b.epsilon))
		size := math.Abs(s.re.hi) + math.Abs(s.im.hi)
		*w.fineError(k, atExponent) = 8 * fineUnit * ((2*size+2)*(b.lambda+b.epsilon) + 10)
	}
}

// fineGaussian adds an unsampled phase.
func (w *Workspace) fineGaussian(ph Phase, b *bend) {
	v := dd{ph.Noise, 0}.mul(dd{ph.Noise, 0}).inverse().times(ph.Steps / 2)
	for k := range b.fine.n {
		s := w.fineNode(k)
		size := math.Abs(s.re.hi) + math.Abs(s.im.hi)
		w.fineAdd(k, s.mul(s.plus(-1)).times(v), 16*fineUnit*v.hi*size*(size+1))
	}
}

// fineLogs adds T log(1 + J) of phase i.
func (w *Workspace) fineLogs(ph Phase, i int, b *bend) {
	for k := range b.fine.n {
		l := w.fineGet(k, atMoment).log1p()
		eta := w.bent[2*(i&1)+1][keptAt(k/gaussOrder)+1+i/2] + *w.fineError(k, atMoment)
		slack := Log1p(eta*Exp(-l.re.hi)) + 8*fineUnit*(math.Abs(l.re.hi)+math.Abs(l.im.hi))
		w.fineAdd(k, l.times(dd{ph.Steps, 0}), ph.Steps*slack)
	}
}

// fineAdd adds to the exponent of node k, and to its error.
func (w *Workspace) fineAdd(k int, e complexDD, slack float64) {
	w.finePut(k, atExponent, w.fineGet(k, atExponent).add(e))
	*w.fineError(k, atExponent) += slack
}

// fineFinish turns the exponent into the amplitude and adds up its error.
func (w *Workspace) fineFinish(b *bend, k int) {
	s, e := w.fineNode(k), w.fineGet(k, atExponent)
	slack := *w.fineError(k, atExponent)
	e.re = e.re.plus(-b.logScale)
	weight := w.halfOf(k / gaussOrder).times(fineWeight[k%gaussOrder/2])
	amp := e.exp().mul(weight).mul(s.mul(s.plus(-1)).inverse())
	mass := math.Abs(amp.re.hi) + math.Abs(amp.im.hi)
	b.fine.mass += mass
	if slack < 0.1 {
		b.wrong += mass * Expm1(slack)
	} else {
		b.wrong += mass * (Exp(slack) + 1)
	}
	w.finePut(k, atExponent, amp)
}

// fineAt returns what the double-double nodes give to δ(ε) and −dδ/dε at a distance d from the contour's ε, as bentAt, times π,
// and their rounding.
func (w *Workspace) fineAt(b *bend, d float64) (value, slope, wrong float64) {
	var sum dd
	var mass float64
	for k := range b.fine.n {
		s, amp := w.fineNode(k).plus(-1), w.fineGet(k, atExponent)
		if d != 0 {
			amp = s.times(dd{-d, 0}).exp().mul(amp)
		}
		sum = sum.add(amp.im)
		slope += s.re.hi*amp.im.hi + s.im.hi*amp.re.hi
		mass += math.Abs(amp.re.hi) + math.Abs(amp.im.hi)
	}
	return sum.float(), slope, 16 * fineUnit * mass * (1 + b.far*math.Abs(d))
}
