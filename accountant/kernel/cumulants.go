package kernel

import "math"

// Cumulants holds κ₁…κ₆ of a loss.
type Cumulants [6]float64

// Add adds steps times the cumulants of one step.
func (k *Cumulants) Add(one *Cumulants, steps float64) {
	for i := range k {
		k[i] += steps * one[i]
	}
}

// CumulantsOf fills in the cumulants of the loss of one step under its own measure (P of the direction), and under the
// other one, from central moments: raw ones cancel. It is false where they are out of range.
func (w *Workspace) CumulantsOf(ph Phase, d Direction, own, other *Cumulants) bool {
	if ph.Rate == 1 {
		mu := 1 / ph.Noise
		if d == Replace {
			mu *= 2
		}
		half := mu * mu / 2
		*own, *other = Cumulants{half, 2 * half}, Cumulants{-half, 2 * half}
		return true
	}
	w.held = -1
	lay := d
	if d == Add {
		lay = Remove // the same nodes; its ends leave room for the weight A
	}
	if !w.coarse.lay(ph, lay, 1, 0.5, 2, 60, math.Inf(-1)) {
		return false
	}
	w.coarse.cumulants(d, 0, own)
	w.coarse.cumulants(d, -1, other)
	return true
}

// cumulants fills in κ₁…κ₆ of the loss under the measure weight·e^(c·loss).
func (t *table) cumulants(d Direction, c float64, k *Cumulants) {
	var mass, mean float64
	for j := 0; j < t.n; j++ {
		e := t.tilted(j, d, c)
		mass += e
		mean += e * t.loss(j, d)
	}
	mean /= mass
	var m2, m3, m4, m5, m6 float64
	for j := 0; j < t.n; j++ {
		e := t.tilted(j, d, c) / mass
		x := t.loss(j, d) - mean
		m2 += e * x * x
		m3 += e * x * x * x
		m4 += e * x * x * x * x
		m5 += e * x * x * x * x * x
		m6 += e * x * x * x * x * x * x
	}
	*k = Cumulants{mean, m2, m3, m4 - 3*m2*m2, m5 - 10*m3*m2, m6 - 15*m4*m2 - 10*m3*m3 + 30*m2*m2*m2}
}

// tilted returns weight·e^(c·loss) at node i. Not inlined, nor worth it.
//
//go:noinline
func (t *table) tilted(i int, d Direction, c float64) float64 {
	return Exp(t.weight[i] + t.exponent(i, d, c))
}

// TiltedCumulants returns K(c) and the cumulants of the plan's loss under its own measure tilted by e^(c·loss), the
// derivatives K'(c)…K⁽⁶⁾(c).
func (w *Workspace) TiltedCumulants(p *Problem, c float64) (k0 float64, k Cumulants, ok bool) {
	w.held = -1
	for i := range p.Phases {
		ph := p.Phases[i]
		if ph.Rate == 1 {
			mu := distance(p, ph)
			k0 += ph.Steps * c * (c + 1) * mu * mu / 2
			k.Add(&Cumulants{(c + 0.5) * mu * mu, mu * mu}, ph.Steps)
			continue
		}
		if !w.coarse.lay(ph, p.Direction, p.Group, c, 2, 60, math.Inf(-1)) {
			return 0, k, false
		}
		var one Cumulants
		w.coarse.cumulants(p.Direction, c, &one)
		k0 += ph.Steps * Log1p(w.coarse.excess(p.Direction, c))
		k.Add(&one, ph.Steps)
	}
	return k0, k, k0 < math.Inf(1) && k[1] > 0 && k[5] == k[5]
}

// EdgeworthTail returns the approximation of order 0 (normal) to 3 of Pr[S > x], S with cumulants k. With
// lⱼ = κⱼ/κ₂^(j/2) and y = (x − κ₁)/√κ₂ it is Φ(−y) + φ(y){ l₃/6 He₂ + [l₄/24 He₃ + l₃²/72 He₅] +
// [l₅/120 He₄ + l₃l₄/144 He₆ + l₃³/1296 He₈] } (Wang et al. 2022, equation 3.6). It can leave [0, 1].
func EdgeworthTail(k *Cumulants, order int, x float64) float64 {
	sd := math.Sqrt(k[1])
	l3, l4, l5 := k[2]/(sd*sd*sd), k[3]/(k[1]*k[1]), k[4]/(k[1]*k[1]*sd)
	y := (x - k[0]) / sd
	y2 := y * y
	he2, he3, he4 := y2-1, y*(y2-3), y2*(y2-6)+3
	he5, he6 := y*(y2*(y2-10)+15), y2*(y2*(y2-15)+45)-15
	he8 := y2*(y2*(y2*(y2-28)+210)-420) + 105
	var sum float64
	if order >= 1 {
		sum += l3 / 6 * he2
	}
	if order >= 2 {
		sum += l4/24*he3 + l3*l3/72*he5
	}
	if order >= 3 {
		sum += l5/120*he4 + l3*l4/144*he6 + l3*l3*l3/1296*he8
	}
	return normUpper(y) + normDensity(y)*sum
}

// EdgeworthDelta returns the approximation of δ(ε) = Pr_P[S > ε] − e^ε Pr_Q[S > ε]; own and other are the cumulants of
// S under P and Q.
func EdgeworthDelta(own, other *Cumulants, order int, epsilon float64) float64 {
	v := EdgeworthTail(own, order, epsilon)
	if back := EdgeworthTail(other, order, epsilon); back != 0 {
		v -= Exp(epsilon) * back
	}
	return v
}

// EdgeworthEpsilon returns the largest root ε ≥ 0 of the approximation of δ, the number of times that it crosses δ on a
// grid of a thousandth of the range, and whether it falls below zero or rises there.
func EdgeworthEpsilon(own, other *Cumulants, order int, delta float64) (epsilon float64, roots int, odd bool) {
	sd := math.Sqrt(own[1])
	top := math.Max(math.Min(own[0]+40*sd, 700), sd)
	const cells = 1000
	right := top
	above := EdgeworthDelta(own, other, order, right)
	for i := cells - 1; i >= 0; i-- {
		left := top * float64(i) / cells
		v := EdgeworthDelta(own, other, order, left)
		if v < -1e-3*delta || v < above-1e-9*delta {
			odd = true
		}
		if (v >= delta) != (above >= delta) {
			if roots == 0 {
				epsilon = edgeworthRoot(own, other, order, delta, left, right)
			}
			roots++
		}
		right, above = left, v
	}
	return epsilon, roots, odd
}

// edgeworthRoot bisects: δ̂(left) ≥ delta > δ̂(right).
func edgeworthRoot(own, other *Cumulants, order int, delta, left, right float64) float64 {
	for range 200 {
		mid := left + (right-left)/2
		if mid <= left || mid >= right {
			break
		}
		if EdgeworthDelta(own, other, order, mid) >= delta {
			left = mid
		} else {
			right = mid
		}
	}
	return right
}
