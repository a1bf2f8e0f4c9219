package kernel

import "math"

// Cells of the privacy loss. The loss x is put on the lattice kΔ. In the cell [kΔ, (k+1)Δ] one step has mass a under the
// direction's own measure and b under the other, so that a/b lies in [e^(kΔ), e^((k+1)Δ)], and
//   α = (b e^((k+1)Δ) − a)/w,  β = (a − b e^(kΔ))/w,  w = e^(kΔ)(e^Δ − 1),  α + β = b
// is the split to the two ends that keeps both masses.
//
// Upper: that split, connecting the dots of δ(e^x) (Doroshenko et al. 2022): the chord of a convex curve lies above it.
// Lower: optimistic.go.

// cell is the mass of one cell, split; miss bounds the error of beta.
type cell struct{ a, alpha, beta, miss float64 }

// edge is what the normal distribution says at a boundary of cells: the smaller tails at z and at z − 1/σ, moved so that
// the direction's own mass above is not under- (raise > 0) or overstated (raise < 0) by rounding; slip is how much.
type edge struct{ z, tail, shifted, slip float64 }

// edgeAt returns the edge where the loss of the direction is x.
func edgeAt(ph Phase, d Direction, x, raise float64) edge {
	if d == Add {
		x, raise = -x, -raise
	}
	z := math.Inf(-1)
	if e := Expm1(math.Min(x, 600)) / ph.Rate; x >= 600 {
		z = ph.Noise*(x-Log(ph.Rate)) + 0.5/ph.Noise
	} else if e > -1 {
		z = ph.Noise*Log1p(e) + 0.5/ph.Noise
		raise *= 1 + 1/(1+e) // the digits that log1p loses near −1
	}
	size := math.Min(math.Abs(z)+1, 40)
	slip := unit * (20 + 12*size*(size+2/ph.Noise)*math.Abs(raise))
	if raise < 0 {
		slip = -slip
	}
	return edge{z, nudge(z, slip), nudge(z-1/ph.Noise, slip), math.Abs(slip)}
}

// nudge returns the smaller tail at z, with the mass above z raised by the share slip.
func nudge(z, slip float64) float64 {
	if z < 0 {
		slip = -slip
	}
	return normUpper(math.Abs(z)) * (1 + slip)
}

// between returns the normal mass between two points given their smaller tails.
func between(z0, tail0, z1, tail1 float64) float64 {
	switch {
	case z0 >= 0:
		return math.Max(0, tail0-tail1)
	case z1 <= 0:
		return math.Max(0, tail1-tail0)
	}
	return 1 - tail0 - tail1
}

// split returns the cell between the edges of kΔ and (k+1)Δ, x = kΔ.
func split(ph Phase, d Direction, left, right edge, x, step float64) cell {
	lo, hi := left, right
	if d == Add {
		lo, hi = right, left
	}
	base := between(lo.z, lo.tail, hi.z, hi.tail)
	moved := between(lo.z-1/ph.Noise, lo.shifted, hi.z-1/ph.Noise, hi.shifted)
	wrong := 2*(lo.slip*lo.tail+hi.slip*hi.tail) + 2*unit*base
	wrongMix := (1-ph.Rate)*wrong + ph.Rate*(2*(lo.slip*lo.shifted+hi.slip*hi.shifted)+2*unit*moved)
	a, b := (1-ph.Rate)*base+ph.Rate*moved, base
	wa, wb := wrongMix, wrong
	if d == Add {
		a, b, wa, wb = b, a, wb, wa
	}
	y := Exp(x)
	width := y * Expm1(step)
	beta := (a - b*y) / width
	miss := (wa + wb*y + 4*unit*(a+b*y)) / width
	return cell{a, math.Min(b, math.Max(0, b-beta)), math.Min(b, math.Max(0, beta)), miss}
}
