package kernel

import "math"

// The optimistic side of the lattice. With Y = e^x and C(y) = E_Q(Y − y)₊, which is δ at ε = log y, every convex v with
//   max(0, 1 − y) ≤ v ≤ C
// that is piecewise linear with corners on the lattice is the curve of a pair that is no easier to tell apart (Strassen
// 1965), so its composition gives a lower bound. Here v = C − A at the corners. In a cell of width w in y, with the
// Q-masses α and β of its two ends, the tangents at the ends meet at the share θ = β/(α+β) of the cell, g = αw·θ below
// the chord; v lies under them if (1−θ)A_left + θA_right ≥ g. So A = the larger g of the two cells beside the corner is
// enough, unless that is more than C − (1 − y) allows near the left end or C near the right: then it is cut to that, and
// the next corner makes up for it.
//
// The masses of v are those of the chord less the second differences of A, straightened where v is not convex.

// Mass outside the row is dropped from both measures; the same holds for what is left of them.

// lower turns the masses of the chord in slack into those of v; spare[2] and [3] hold α and β of each cell.
func (w *Workspace) lower(l *lattice, r row) {
	a := w.spare[0][:r.n]
	w.leastDrops(l, r, a)
	w.limitLeft(l, r, a)
	w.limitRight(l, r, a)
	m := w.slack[:r.n]
	grow := Exp(l.step)
	kappa := 1 / Expm1(l.step)
	for i := range m {
		before, after := 0.0, 0.0
		if i > 0 {
			before = a[i] - a[i-1]
		}
		if i+1 < len(m) {
			after = a[i+1] - a[i]
		}
		m[i] -= kappa * (after - grow*before)
	}
	w.straighten(l, r)
}

// leastDrops sets A to the larger gap of the two cells beside each corner.
func (w *Workspace) leastDrops(l *lattice, r row, a list) {
	before := 0.0
	for i := range a {
		g := 0.0
		if i+1 < r.n {
			g = w.gap(l, r, i)
		}
		a[i] = math.Max(before, g)
		before = g
	}
}

// gap returns g of cell i, a little enlarged for rounding.
func (w *Workspace) gap(l *lattice, r row, i int) float64 {
	alpha, beta := w.spare[2][i], w.spare[3][i]
	if alpha+beta <= 0 {
		return 0
	}
	return alpha * beta / (alpha + beta) * l.width(r, i) * (1 + 1e-9)
}

// width returns the width in y of cell i.
func (l *lattice) width(r row, i int) float64 {
	return Exp(r.at(i, l.step)) * Expm1(l.step)
}

// limitLeft cuts A to C − (1 − y) = E(y − Y)₊, from the left, and carries what is lacking to the next corner.
func (w *Workspace) limitLeft(l *lattice, r row, a list) {
	var limit, below, need float64
	for i := range a {
		a[i] = math.Max(a[i], need)
		need = 0
		cut := a[i] > limit
		if cut {
			a[i] = limit
		}
		if i+1 == r.n {
			return
		}
		alpha, beta := w.spare[2][i], w.spare[3][i]
		if cut && beta > 0 {
			share := beta / (alpha + beta)
			need = (w.gap(l, r, i) - (1-share)*a[i]) / share
		}
		limit += l.width(r, i) * (below + alpha)
		below += alpha + beta
	}
}

// limitRight cuts A to C = E(Y − y)₊, from the right.
func (w *Workspace) limitRight(l *lattice, r row, a list) {
	var limit, above, need float64
	for i := r.n - 1; i >= 0; i-- {
		a[i] = math.Max(a[i], need)
		need = 0
		cut := a[i] > limit
		if cut {
			a[i] = limit
		}
		if i == 0 {
			return
		}
		alpha, beta := w.spare[2][i-1], w.spare[3][i-1]
		if cut && alpha > 0 {
			share := beta / (alpha + beta)
			need = (w.gap(l, r, i-1) - share*a[i]) / (1 - share)
		}
		limit += l.width(r, i-1) * (above + beta)
		above += alpha + beta
	}
}

// straighten replaces v by its greatest convex minorant: where the slope falls at a corner, the two pieces beside it are
// pooled (Ayer et al. 1955), in differences of slopes throughout. Far left and far right of the row v is a line.
func (w *Workspace) straighten(l *lattice, r row) {
	m := w.slack[:r.n]
	place, jump, wide := w.spare[0], w.spare[2], w.spare[3]
	depth, carry := 0, 0.0
	for i := range m {
		y := Exp(r.at(i, l.step))
		place[depth], jump[depth], wide[depth] = float64(i), m[i]/y+carry, y*Expm1(l.step)
		if i+1 == r.n {
			wide[depth] = math.Inf(1)
		}
		m[i], carry = 0, 0
		depth++
		for depth > 0 && jump[depth-1] < 0 {
			depth--
			share := 0.0 // of the pooled piece that lies right of the corner
			switch {
			case depth > 0 && wide[depth] == math.Inf(1):
				share = 1
			case depth > 0:
				share = wide[depth] / (wide[depth-1] + wide[depth])
			}
			carry += (1 - share) * jump[depth]
			if depth > 0 {
				jump[depth-1] += share * jump[depth]
				wide[depth-1] += wide[depth]
			}
		}
	}
	for k := 0; k < depth; k++ {
		i := int(place[k])
		m[i] = jump[k] * Exp(r.at(i, l.step))
	}
}
