package kernel

import "math"

// A step as a pair of mixtures of unit normals on one line: part j has mean m_j, mass a_j under the first measure P and b_j
// under the second Q. Every step that the accountant knows is one, in units of σ:
//
//	Remove, Add  P = Σ C(k,j) qʲ (1−q)^(k−j) N(j/σ, 1), Q = N(0, 1); Add is the pair the other way round
//	Replace      P = (1−q)N(0, 1) + qN(1/σ, 1),         Q = (1−q)N(0, 1) + qN(−1/σ, 1)
//	q = 1        P = N(μ, 1),                           Q = N(0, 1), μ of distance; its loss is distributed alike both ways
//
// The loss l(z) = log dP/dQ rises in z. It has no inverse in closed form, so that an edge at the loss x is any z with |l(z) − x|
// ≤ slip, what Newton's method left. As {l > x} is the best of all sets for P − eˣQ, the set above z falls short of it by
// no more than eˣ(e^slip − 1) times the Q-mass between the two: of second order, and added to every bound.
//
// The parts stand in the fine table: z means, mass and weight a and b, la and lb their logs less m²/2, slope the units by
// which a and b may be wrong.

// pair is the head of the parts in the fine table.
type pair struct {
	n         int
	swap      bool    // Add
	least     float64 // the least l, −Inf for none
	low, high float64 // no part has more than e^(−1000) of its mass outside
}

// beyond stands for z = ±∞: no mass of any part, and no overflow.
const beyond = 1e5

// parts puts the parts of a phase into the fine table.
func (w *Workspace) parts(p *Problem, ph Phase) pair {
	t := pair{swap: p.Direction == Add && ph.Rate < 1, least: math.Inf(-1)}
	mu := 1 / ph.Noise
	switch {
	case ph.Rate == 1:
		w.part(&t, 0, math.Inf(-1), 0, 8)
		w.part(&t, distance(p, ph), 0, math.Inf(-1), 8)
	case p.Direction == Replace:
		w.part(&t, -mu, math.Inf(-1), Log(ph.Rate), 8)
		w.part(&t, 0, Log1p(-ph.Rate), Log1p(-ph.Rate), 8)
		w.part(&t, mu, Log(ph.Rate), math.Inf(-1), 8)
	default:
		k := p.Group
		t.least = float64(k) * Log1p(-ph.Rate)
		for j := 0; j <= k; j++ {
			units := 8 + 4*(float64(k)-float64(j)*Log(ph.Rate)-float64(k-j)*Log1p(-ph.Rate))
			other := math.Inf(-1)
			if j == 0 {
				other = 0
			}
			w.part(&t, float64(j)*mu, logBinomial(k, j, ph.Rate), other, units)
		}
	}
	t.low, t.high = w.fine.z[0]-45, w.fine.z[t.n-1]+45
	return t
}

func (w *Workspace) part(t *pair, mean, logOwn, logOther, units float64) {
	f, i := &w.fine, t.n
	f.z[i], f.mass[i], f.weight[i] = mean, Exp(logOwn), Exp(logOther)
	f.la[i], f.lb[i] = logOwn-mean*mean/2, logOther-mean*mean/2
	f.slope[i] = units + 4*math.Abs(mean)*math.Abs(mean)
	t.n++
}

// logMixture returns log Σ e^(logs_j + m_j z), its slope in z, and a bound of its error.
func (w *Workspace) logMixture(n int, logs list, z float64) (value, slope, wrong float64) {
	f := &w.fine
	top := math.Inf(-1)
	for j := 0; j < n; j++ {
		top = math.Max(top, logs[j]+f.z[j]*z)
	}
	var sum float64
	for j := 0; j < n; j++ {
		e := Exp(logs[j] + f.z[j]*z - top)
		if e == 0 {
			continue
		}
		sum += e
		slope += e * f.z[j]
		wrong += e * (f.slope[j] + 4*math.Abs(f.z[j]*z) + 4*math.Abs(logs[j]) + 4*math.Abs(top))
	}
	return top + Log(sum), slope / sum, unit * (wrong/sum + float64(n) + 8)
}

// pairLoss returns l(z), its slope and a bound of its error.
func (w *Workspace) pairLoss(t *pair, z float64) (value, slope, wrong float64) {
	a, up, ea := w.logMixture(t.n, w.fine.la, z)
	b, down, eb := w.logMixture(t.n, w.fine.lb, z)
	return a - b, up - down, ea + eb + 2*unit*math.Abs(a-b)
}

// rim is an edge of cells of a pair, at the loss of its direction to within slip.
type rim struct{ z, slope, slip float64 }

// rimAt returns the edge at the loss x of the pair's direction, near the edge last.
func (w *Workspace) rimAt(t *pair, x float64, last rim) rim {
	if t.swap {
		x = -x
	}
	if x <= t.least+8*unit*math.Abs(t.least) {
		return rim{-beyond, 0, math.Max(0, x-t.least) + 8*unit*math.Abs(t.least)}
	}
	lo, hi := t.low, t.high
	z := math.Min(hi, math.Max(lo, last.z))
	out := rim{slip: math.Inf(1)}
	for range 80 {
		value, slope, wrong := w.pairLoss(t, z)
		if gap := math.Abs(value-x) + wrong; gap < out.slip {
			out = rim{z, slope, gap}
		} else if gap < 4*wrong {
			break
		}
		if value > x {
			hi = z
		} else {
			lo = z
		}
		if math.Abs(value-x) <= wrong {
			break
		}
		z -= (value - x) / slope
		if !(z > lo && z < hi) {
			z = lo + (hi-lo)/2
		}
		if z <= lo || z >= hi {
			break
		}
	}
	return w.within(t, x, out)
}

// within moves an edge that hit an end of the line to infinity: there is no mass beyond.
func (w *Workspace) within(t *pair, x float64, e rim) rim {
	if e.z < t.low+0.1 {
		if value, _, _ := w.pairLoss(t, t.low); value > x {
			return rim{z: -beyond}
		}
	}
	if e.z > t.high-0.1 {
		if value, _, _ := w.pairLoss(t, t.high); value < x {
			return rim{z: beyond}
		}
	}
	return e
}

// chunk is a set's mass under the direction's own measure and the other, with bounds of their errors.
type chunk struct{ own, other, wrongOwn, wrongOther float64 }

// chunkOf returns the mass between two points.
func (w *Workspace) chunkOf(t *pair, z0, z1 float64) chunk {
	if z0 > z1 {
		z0, z1 = z1, z0
	}
	var c chunk
	f := &w.fine
	for j := 0; j < t.n; j++ {
		x0, x1 := z0-f.z[j], z1-f.z[j]
		t0, t1 := normUpper(math.Abs(x0)), normUpper(math.Abs(x1))
		mass := between(x0, t0, x1, t1)
		wrong := unit * (tailUnits(x0, z0, f.z[j])*t0 + tailUnits(x1, z1, f.z[j])*t1 + (f.slope[j]+4)*mass)
		c.own += f.mass[j] * mass
		c.other += f.weight[j] * mass
		c.wrongOwn += f.mass[j] * wrong
		c.wrongOther += f.weight[j] * wrong
	}
	if t.swap {
		c = chunk{c.other, c.own, c.wrongOther, c.wrongOwn}
	}
	return c
}

// tailUnits bounds the relative error of a normal tail at x = z − m, in units: that of normUpper, and that of x.
func tailUnits(x, z, m float64) float64 {
	size := math.Abs(x)
	return 40 + 4*size*size + 4*(size+1)*(math.Abs(z)+math.Abs(m))
}

// side returns the mass at losses above (or below) an edge.
func (w *Workspace) side(t *pair, e rim, above bool) chunk {
	if above != t.swap {
		return w.chunkOf(t, e.z, beyond)
	}
	return w.chunkOf(t, -beyond, e.z)
}

// cellOf splits the mass between the edges of the losses x and x + step, as split does; before is the other measure's mass in
// the cell before.
func (w *Workspace) cellOf(t *pair, left, right rim, x, step, before float64) cell {
	c := w.chunkOf(t, left.z, right.z)
	y := Exp(x)
	width := y * Expm1(step)
	beta := (c.own - c.other*y) / width
	short := 1.1 * (left.slip*(before+c.other) + right.slip*c.other*Exp(step))
	miss := (c.wrongOwn + c.wrongOther*y + 4*unit*(c.own+c.other*y) + short*y) / width
	return cell{c.own, math.Min(c.other, math.Max(0, c.other-beta)), math.Min(c.other, math.Max(0, beta)), miss}
}
