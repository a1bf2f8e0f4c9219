package kernel

import "math"

// fineRay is a walk over one ray of a phase.
type fineRay struct {
	grid     *fineGrid
	sigma    float64
	odds     dd // log((1−q)/q)
	shift    dd // 1/(2σ)
	scale    dd // log(σh/√2π)
	angle    float64
	cos, sin dd
	first    float64 // ρ at the block's first node
	last     float64 // ρ at the block's last node
	rho      [fineBlock]dd
	log, f   [fineBlock]complexDD // weights: f and log f
	sum      complexDD            // Σ f of the block
	total    float64              // Σ |f| of the block
	spent    float64              // terms in float64, four times as many in double-double
	power    [fineTerms]complexDD // Σ f (ρ/last)ᵏ⁺¹ of all blocks before
	ratio    [fineBlock]dd        // ρ over that of the block's last node
	turn     dd                   // ρ of a block's last node over that of the block's before
}

// rayTurn holds cos and sin of the rays' angles.
var rayTurn = [rayCount]complexDD{
	{dd{0.9689124217106447, 5.071436662403936e-17}, dd{-0.24740395925452294, 7.53102495590706e-18}},
	{dd{1, 0}, dd{}},
	{dd{0.9689124217106447, 5.071436662403936e-17}, dd{0.24740395925452294, -7.53102495590706e-18}},
	{dd{0.8775825618903728, -4.2623149864279997e-17}, dd{0.479425538604203, -5.103969860556013e-18}},
	{dd{0.7316888688738209, -1.0475824306512768e-17}, dd{0.6816387600233341, 4.410467313197903e-17}},
}

// begin makes r a walk over ray i of the phase.
func (r *fineRay) begin(ph Phase, g *fineGrid, i int) {
	*r = fineRay{grid: g, sigma: ph.Noise, angle: float64(i-1) * rayGap, cos: rayTurn[i].re, sin: rayTurn[i].im}
	r.odds = dd{-ph.Rate, 0}.log1p().add(logOf(ph.Rate).neg())
	r.shift = dd{2 * ph.Noise, 0}.inverse()
	r.scale = logOf(ph.Noise).add(logOf(g.step)).add(halfLogTwoPi)
	for j := range r.ratio {
		r.ratio[j] = twoProd(g.step, float64(j-fineBlock+1)).exp()
	}
	r.turn = twoProd(g.step, fineBlock).exp()
}

// fill sets the block that begins at a node.
func (r *fineRay) fill(base int) {
	r.sum, r.total = complexDD{}, 0
	for j := range r.rho {
		x := twoProd(r.grid.step, float64(base+j)).plus(r.grid.left)
		rho := x.exp()
		l := complexDD{rho.mul(r.cos), rho.mul(r.sin)}
		logL := complexDD{x, dd{r.angle, 0}}
		v := l.logQuotient(logL)
		z := logL.add(v)
		z.re = z.re.add(r.odds)
		z = z.times(dd{r.sigma, 0})
		z.re = z.re.add(r.shift)
		z = z.mul(z).times(dd{-0.5, 0})
		e := l.add(v.neg()).add(z) // log g − z²/2
		e.re = e.re.add(r.scale)
		r.rho[j], r.log[j], r.f[j] = rho, e, e.exp()
		r.sum = r.sum.add(r.f[j])
		r.total += sizeOf(r.f[j])
	}
	r.first, r.last = r.rho[0].hi, r.rho[fineBlock-1].hi
}

// pass adds the block to the running powers.
func (r *fineRay) pass() {
	shrink := r.turn.inverse()
	by := shrink
	for k := range r.power {
		r.power[k] = r.power[k].times(by)
		by = by.mul(shrink)
	}
	for j := range r.f {
		term := r.f[j]
		for k := range r.power {
			term = term.times(r.ratio[j])
			r.power[k] = r.power[k].add(term)
		}
	}
}

// series returns Σ f (e^(SL) − 1) over the blocks before, of S turned to the ray.
func (r *fineRay) series(s complexDD, rho dd) (sum complexDD) {
	y := s.times(rho)
	for k := fineTerms - 1; k >= 0; k-- {
		sum = sum.mul(y).add(r.power[k].times(overFactorial[k+1]))
	}
	return sum.mul(y)
}

// own returns the block's Σ f (e^(SL) − 1), and a bound of the error where it is more than double-double's: up to allowed that may
// be, and then float64 does for e^(SL).
func (r *fineRay) own(s complexDD, allowed float64) (sum complexDD, wrong float64) {
	sum = r.sum.neg()
	most := s.re.hi * r.first
	if s.re.hi > 0 {
		most = s.re.hi * r.last
	}
	if most < -fineDead {
		return sum, 0
	}
	wrong = unit * (40 + 4*sizeOf(s)*r.last) * r.total * Exp(math.Min(700, most))
	if wrong <= allowed {
		return sum.add(r.plain(s)), wrong
	}
	r.spent += 4 * fineBlock
	for j := range r.rho {
		if s.re.hi*r.rho[j].hi < -fineDead {
			break
		}
		sum = sum.add(s.times(r.rho[j]).add(r.log[j]).exp())
	}
	return sum, 0
}

// plain returns the block's Σ f e^(SL) in float64. The exponent errs by 2 units of its size, cosine and sine by one of it and two
// more, e^x by two, the weight and the products by 6, the sum by a unit a term: less than 40 and 4 of the exponent's size.
func (r *fineRay) plain(s complexDD) complexDD {
	r.spent += fineBlock
	var re, im float64
	for j := range r.rho {
		rho := r.rho[j].hi
		a := s.re.hi * rho
		if a < -fineDead {
			break
		}
		e := Exp(math.Min(a, 700))
		sin, cos := Sincos(s.im.hi * rho)
		fr, fi := r.f[j].re.hi, r.f[j].im.hi
		re += e * (fr*cos - fi*sin)
		im += e * (fr*sin + fi*cos)
	}
	return complexDD{dd{re, 0}, dd{im, 0}}
}

// walk sums J of phase i over the ray, at the nodes of the panels that are summed on it.
func (w *Workspace) walk(ph Phase, i int, g *fineGrid, ray int, b *bend) {
	var r fineRay
	least := math.Inf(1) // of |S|
	for k := range b.fine.panels {
		if w.rayOf(k, i) == ray {
			least = math.Min(least, w.panelSize(k))
		}
	}
	if least == math.Inf(1) {
		return
	}
	r.begin(ph, g, ray)
	var past dd // ρ of the last node before the block, 0 before the first
	for base := 0; base < g.n; base += fineBlock {
		r.fill(base)
		end := base+fineBlock >= g.n
		for k := range b.fine.panels {
			if w.rayOf(k, i) == ray {
				w.stepPanel(&r, k, rayTurn[ray], past, end)
			}
		}
		if past = r.rho[fineBlock-1]; least*r.last <= fineReach {
			r.pass()
		}
	}
	w.rays[0].spent += 3 * r.spent
}

// stepPanel adds the block to the panel's nodes, and before the first that they add themselves the series of those before: what a
// panel never reaches is not worth a block of its own, so that the last is always one.
func (w *Workspace) stepPanel(r *fineRay, panel int, turn complexDD, past dd, end bool) {
	size := w.panelSize(panel)
	if size*r.last <= fineReach && !end {
		return
	}
	first := size*past.hi <= fineReach
	allowed := w.bent[0][keptAt(panel)+3]
	for k := panel * gaussOrder; k < (panel+1)*gaussOrder; k++ {
		s := w.fineNode(k).mul(turn)
		var sum complexDD
		if first {
			sum = r.series(s, past)
			*w.fineError(k, atMoment) = 0
		} else {
			sum = w.fineGet(k, atMoment)
		}
		own, wrong := r.own(s, allowed)
		w.finePut(k, atMoment, sum.add(own))
		*w.fineError(k, atMoment) += wrong
	}
}

// rayOf returns the ray on which the panel takes phase i.
func (w *Workspace) rayOf(panel, i int) int { return int(w.bent[2*(i&1)][keptAt(panel)+1+i/2]) }

// panelSize returns the largest |S| on the panel.
func (w *Workspace) panelSize(panel int) float64 {
	at := keptAt(panel)
	return math.Max(math.Hypot(w.bent[0][at], w.bent[1][at]), math.Hypot(w.bent[2][at], w.bent[3][at]))
}

func sizeOf(z complexDD) float64 { return math.Sqrt(z.re.hi*z.re.hi + z.im.hi*z.im.hi) }
