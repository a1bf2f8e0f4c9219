package kernel

import "math"

// The moment of one step far from the real axis. For Remove and Add, k = 1, let λ = −log(1−q), L = log A(Z) + λ ≥ 0 and
//   N(S) = E A(Z)^S = e^(−λS) (1 + J(S)),  J(S) = E(e^(SL) − 1),
// so that M_rem(s) = N(1+s) and M_add(s) = N(−s). In L the integral over z can be turned: with L = e^(x+iψ),
//   z = σ log((e^L − 1)(1−q)/q) + 1/(2σ),  dz/dx = σg,  g = L/(1 − e^(−L)),
//   J(S) = ∫ φ(z)σg (e^(SL) − 1) dx
// for every |ψ| < π/4: the integrand is analytic in x + iψ there, since e^L − 1 vanishes at L = 2πik only. Where
// arg S + ψ > π/2 the factor e^(SL) decays, so that J is computed without cancellation however large S is.
//
// Errors of the trapezoid rule of step h in x, all added up in eta:
//   discretisation  (I(ψ+d) + I(ψ−d))/(e^(2πd/h) − 1), I the integral of the absolute value along the ray
//                   (Trefethen and Weideman 2014, theorem 5.1);
//   left end        |e^(SL) − 1| ≤ |S|ρ e^(|S|ρ), ρ = |L|, and ∫|φ dz| = e^(Im²z/2) times a Gaussian tail;
//   cut             the table may stop at a cut, half a step beyond its last node: the difference of sum and integral is
//                   the integral of |f| e^(−2πy/h) along both halves of the vertical line there, where |f| grows by at
//                   most e^(gy), g = |S|ρ + |z dz/dx| + 4 and some: with gh ≤ 4.2, at most 8 terms like the last;
//   right end       else the terms fall faster than a geometric series there;
//   rounding        each term's own, in units, see lay.
// The integrals of absolute values are themselves sums of the same nodes: log|f| bends by at most curve in x, so that the
// integral over a cell is at most h times the mean of its ends times e^(h²·curve/8).
//
// G_k(S) = ∫ |f| ρ^k |e^(SL)| dx is log-convex in (Re S, Im S), so on a rectangle it is largest at a corner.

const (
	rayCount = 5    // angles (i−1)·rayGap, i < rayCount; sums are taken on 1 to 3
	rayGap   = 0.25 // and with it the half-width d of the strip
	bulge    = 1.5 / 8
)

// rays is the table of a phase on five rays.
type rays struct {
	rho    list // ρ of each node
	units  list // rounding of a term, in units
	size   [rayCount]list
	re, im [3]list // the weights on rays 1 to 3
	n      int
	step   float64
	steps  float64
	lambda float64
	spent  float64 // terms summed since it was carved
	outer  int     // the ray on which the last panel was bounded
	phase  int     // whose table it is, −1 for none
	end    int     // nodes that are summed: n, or cut
	cut    int     // nodes below the cut, half a step beyond the last of them; 0: none
	rhoCut float64 // L there
	steep  float64 // how fast the weights change there
	direct bool    // sum e^(SL), not e^(SL) − 1: for Add, where 1 + J is small
	left   [rayCount]float64
	cos    [rayCount]float64
	sin    [rayCount]float64
	zero   [rayCount]bounds // at S = 0
}

func (t *rays) carve(rest []float64, n int) []float64 {
	rest = t.rho.take(rest, n)
	rest = t.units.take(rest, n)
	for i := range t.size {
		rest = t.size[i].take(rest, n)
	}
	for i := range t.re {
		rest = t.re[i].take(rest, n)
		rest = t.im[i].take(rest, n)
	}
	return rest
}

// lay fills the table for exponents from start (real) up to size far, for relative errors of e^(−goal); low is a lower
// bound of log N on the way where direct; cutAt is the z of a cut, +Inf for none. False where it has too few nodes.
func (t *rays) lay(ph Phase, start, far, goal, low, cutAt float64) bool {
	q, sigma := ph.Rate, ph.Noise
	t.lambda, t.steps, t.outer = -Log1p(-q), ph.Steps, 1
	z0 := sigma*Log((1-q)/q) + 0.5/sigma
	t.step = 2 * math.Pi * rayGap / goal
	left, right := t.span(ph, start, far, math.Min(goal, finely+4), low, z0)
	t.cut = 0
	if cutAt < math.Inf(1) {
		left = t.cutFrom(ph, left, cutAt)
	}
	n := math.Ceil((right-left)/t.step) + 1
	if !(n <= float64(len(t.rho))) || !(n > 2) {
		return false
	}
	t.n = max(int(n), t.cut+2)
	t.end = t.n
	if t.n > len(t.rho) {
		return false
	}
	for i := range t.size {
		t.sin[i], t.cos[i] = Sincos(float64(i-1) * rayGap)
	}
	for j := 0; j < t.n; j++ {
		t.fill(ph, z0, j, left+t.step*float64(j))
	}
	t.spent += 12 * float64(t.n)
	for i := range t.zero {
		t.zero[i] = t.bound(i, 0, 0)
	}
	return true
}

// span returns from where to where x is laid for errors of e^(−goal).
func (t *rays) span(ph Phase, start, far, goal, low, z0 float64) (left, right float64) {
	sigma := ph.Noise
	left = (-math.Sqrt(2*(goal+4-low)) - z0) / sigma
	if !t.direct {
		left = math.Max(left, -(goal + Log(ph.Steps) + Log(far)))
	}
	flat := sigma * sigma * 0.07 // cos 2ψ on the outermost ray
	lean := math.Max(0, 2*start)
	right = Log((lean + math.Sqrt(lean*lean+2*flat*(goal+40)) + 4*math.Abs(z0)*sigma) / flat)
	return math.Min(left, -6), right
}

// cutFrom sets the cut at z and moves the left end so that the cut lies half-way between two nodes.
func (t *rays) cutFrom(ph Phase, left, z float64) float64 {
	la, _ := logMix(z, ph.Noise, ph.Rate, 1)
	t.rhoCut = la + t.lambda
	t.steep = z * ph.Noise * (1 + t.rhoCut)
	x := Log(t.rhoCut)
	below := math.Ceil((x-left)/t.step + 0.5)
	t.cut = int(below)
	return x - t.step*(below-0.5)
}

// fill sets node j, at x, on all rays.
func (t *rays) fill(ph Phase, z0 float64, j int, x float64) {
	sigma, rho := ph.Noise, Exp(x)
	logStep := Log(t.step*sigma) - logSqrt2Pi
	base := sigma*(math.Abs(Log((1-ph.Rate)/ph.Rate))+2) + 0.5/sigma
	t.rho[j] = rho
	for i := range t.size {
		zr, zi, gr, gi := turned(rho, x, float64(i-1)*rayGap, t.cos[i], t.sin[i])
		zr, zi = sigma*zr+z0, sigma*zi
		v := logStep + gr + (zi*zi-zr*zr)/2
		if i >= 1 && i <= 3 {
			e := Exp(v)
			s, c := Sincos(gi - zr*zi)
			t.re[i-1][j], t.im[i-1][j] = e*c, e*s
		}
		gap := sigma * Exp(gr)
		size := math.Abs(zr) + math.Abs(zi)
		t.size[i][j] = v + t.step*t.step*bulge*(gap*gap+2*size*gap+4)
		if j == 0 {
			t.left[i] = 1.2 * Exp(zi*zi/2) * math.Min(1, normUpper(-zr))
		}
		if i == 3 {
			t.units[j] = 120 + 8*(size+sigma)*(base+size+sigma*math.Abs(x)+sigma*rho)
		}
	}
}

// turned returns log(e^L − 1) and log g of L = e^(x+iψ), Re L ≥ 0.
func turned(rho, x, angle, cos, sin float64) (wr, wi, gr, gi float64) {
	a, b := rho*cos, rho*sin
	if a < 1 {
		re, im := expm1(a, b)
		wr, wi = 0.5*Log(re*re+im*im), Atan2(im, re)
	} else {
		s, c := Sincos(b)
		e := Exp(-a)
		re, im := -e*c, e*s // −e^(−L)
		wr, wi = a+0.5*Log1p(2*re+re*re+im*im), b+Atan2(im, 1+re)
	}
	return wr, wi, x + a - wr, angle + b - wi
}

// expm1 returns e^(a+ib) − 1.
func expm1(a, b float64) (re, im float64) {
	half, c := Sincos(b / 2)
	e := Expm1(a)
	versine := 2 * half * half
	return e - (e+1)*versine, (e + 1) * 2 * half * c
}

// expm1Small is expm1 for |a|, |b| < 1e-3, by five terms of the series.
func expm1Small(a, b float64) (re, im float64) {
	re, im = 1+a*(1./5), b*(1./5)
	re, im = 1+(re*a-im*b)*(1./4), (re*b+im*a)*(1./4)
	re, im = 1+(re*a-im*b)*(1./3), (re*b+im*a)*(1./3)
	re, im = 1+(re*a-im*b)*0.5, (re*b+im*a)*0.5
	return re*a - im*b, re*b + im*a
}

// sum returns J(S), where direct 1 + J(S), and J'(S), on ray i of 1 to 3.
func (t *rays) sum(i int, sr, si float64) (re, im, dre, dim float64) {
	fr, fi, rho := t.re[i-1][:t.end], t.im[i-1][:t.end], t.rho[:t.end]
	cos, sin := t.cos[i], t.sin[i]
	t.spent += float64(t.end)
	ar, ai := sr*cos-si*sin, sr*sin+si*cos // S e^(iψ)
	for lo := 0; lo < t.end; lo += block {
		hi := min(lo+block, t.end)
		var r, m, dr, dm float64
		for j := lo; j < hi; j++ {
			a, b := ar*rho[j], ai*rho[j]
			var x, y, ux, uy float64
			if t.direct {
				e := Exp(math.Min(a, 700)) // beyond 700 bound is infinite
				s, c := Sincos(b)
				x, y = e*(fr[j]*c-fi[j]*s), e*(fr[j]*s+fi[j]*c)
				ux, uy = x, y
			} else {
				er, ei := -1.0, 0.0
				if math.Abs(a)+math.Abs(b) < 1e-3 {
					er, ei = expm1Small(a, b)
				} else if a > -60 {
					er, ei = expm1(math.Min(a, 700), b)
				}
				x, y = fr[j]*er-fi[j]*ei, fr[j]*ei+fi[j]*er
				ux, uy = x+fr[j], y+fi[j] // f e^(SL)
			}
			r += x
			m += y
			dr += ux * rho[j]
			dm += uy * rho[j]
		}
		re, im, dre, dim = re+r, im+m, dre+dr, dim+dm
	}
	return re, im, dre*cos - dim*sin, dre*sin + dim*cos
}

// whole is sum with 1 + J in both cases: good to a unit of 1 only.
func (t *rays) whole(i int, sr, si float64) (re, im, dre, dim float64) {
	re, im, dre, dim = t.sum(i, sr, si)
	if !t.direct {
		re++
	}
	return re, im, dre, dim
}

// bounds are upper bounds of G_0, G_1, G_2 at one S, and G_0 and G_1 with the terms' rounding as a
// weight, and what the cut costs.
type bounds struct{ g0, g1, g2, r0, r1, edge float64 }

func (b *bounds) most(o bounds) {
	b.g0, b.g1, b.g2 = math.Max(b.g0, o.g0), math.Max(b.g1, o.g1), math.Max(b.g2, o.g2)
	b.r0, b.r1, b.edge = math.Max(b.r0, o.r0), math.Max(b.r1, o.r1), math.Max(b.edge, o.edge)
}

// bound returns the bounds on ray i; infinite where the table ends too early for S.
func (t *rays) bound(i int, sr, si float64) (b bounds) {
	size, rho, units := t.size[i][:t.end], t.rho[:t.end], t.units[:t.end]
	t.spent += 0.4 * float64(t.end)
	abs := math.Sqrt(sr*sr + si*si)
	turn := sr*t.cos[i] - si*t.sin[i] + bulge*t.step*t.step*abs
	var last, before float64
	for j := range size {
		e := 0.0
		if v := size[j] + turn*rho[j]; v > -200 {
			e = Exp(v)
		}
		before, last = last, e
		f := e * rho[j]
		b.g0 += e
		b.g1 += f
		b.g2 += f * rho[j]
		b.r0 += e * units[j]
		b.r1 += f * units[j]
	}
	first, end := rho[0], rho[t.end-1]
	switch {
	case t.end == t.cut:
		if 1.3*(abs*t.rhoCut+t.steep+4)*t.step > 4.2 {
			last = math.Inf(1)
		}
		last *= 2
		b.edge = 8 * last
	case last > 0.8*before:
		last = math.Inf(1)
	}
	if last == math.Inf(1) {
		return bounds{last, last, last, last, last, last}
	}
	left := t.left[i] * Exp(abs*first)
	b.g0 += left + 5*last
	b.g1 += left*first + 5*last*end
	b.g2 += left*first*first + 5*last*end*end
	return b
}

// eta bounds the error of sum on ray i at an S of size at most abs, of which at are the bounds on all rays.
func (t *rays) eta(i int, abs float64, at *[rayCount]bounds) float64 {
	shrink := 1 / Expm1(2*math.Pi*rayGap/t.step)
	first := t.rho[0]
	left := 3 * t.left[i] * Exp(abs*first)
	if t.direct {
		return shrink*(at[i+1].g0+at[i-1].g0) + left + unit*(at[i].r0+16*abs*at[i].g1)
	}
	strip := at[i+1].g1 + at[i-1].g1 + t.zero[i+1].g1 + t.zero[i-1].g1
	return abs*(shrink*strip+left*first+unit*(at[i].r1+t.zero[i].r1+16*at[i].g1)) + 2*at[i].edge
}

// surest returns the ray on which eta is least at both ends of a stretch, and so on all of it: its bounds are convex.
func (t *rays) surest(pan *panel) (ray int, eta float64) {
	abs := math.Sqrt(pan.mr*pan.mr+pan.mi*pan.mi) + pan.half
	var at [2][rayCount]bounds
	for k := range at {
		side := pan.half * float64(2*k-1)
		for i := range at[k] {
			at[k][i] = t.bound(i, pan.mr+side*pan.cos, pan.mi+side*pan.sin)
		}
	}
	ray, eta = 1, math.Inf(1)
	last := 3
	if t.end == t.cut {
		last = 1
	}
	for i := 1; i <= last; i++ {
		if v := math.Max(t.eta(i, abs, &at[0]), t.eta(i, abs, &at[1])); v < eta {
			ray, eta = i, v
		}
	}
	return ray, eta
}
