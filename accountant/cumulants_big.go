package accountant

import (
	"math"
	"math/big"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// precise is the precision in bits of the cumulants that float64 cannot give: twenty digits are left of a κ₆ that is 1e-40 of
// its moments.
const precise = 200

type number = *big.Float

func exact(x float64) number        { return new(big.Float).SetPrec(precise).SetFloat64(x) }
func plus(a, b number) number       { return new(big.Float).SetPrec(precise).Add(a, b) }
func minus(a, b number) number      { return new(big.Float).SetPrec(precise).Sub(a, b) }
func times(a, b number) number      { return new(big.Float).SetPrec(precise).Mul(a, b) }
func over(a, b number) number       { return new(big.Float).SetPrec(precise).Quo(a, b) }
func scaled(a number, n int) number { return times(a, exact(float64(n))) }

// bigCumulants returns κ₁…κ₆ of one step's loss under its own measure or the other one, by the trapezoid rule over z. Its step
// makes the rule's error e^(−2π²/h²) or e^(−2π·πσ/h), whichever counts, less than 1e-30.
func bigCumulants(ph kernel.Phase, d kernel.Direction, other bool) kernel.Cumulants {
	l := law{phase: ph, direction: d, weigh: measure(d, other)}
	left, right := l.ends()
	h := math.Min(0.4, 0.2*ph.Noise)
	var weights, losses []number
	mass, mean := exact(0), exact(0)
	for i := math.Floor(left / h); i*h <= right; i++ {
		z := times(exact(h), exact(i))
		w, loss := l.precisely(z)
		weights, losses = append(weights, w), append(losses, loss)
		mass, mean = plus(mass, w), plus(mean, times(w, loss))
	}
	mean = over(mean, mass)
	var m [7]number
	for k := range m {
		m[k] = exact(0)
	}
	for i, w := range weights {
		x := minus(losses[i], mean)
		for k := range m {
			m[k] = plus(m[k], w)
			w = times(w, x)
		}
	}
	for k := range m {
		m[k] = over(m[k], mass)
	}
	k4 := minus(m[4], scaled(times(m[2], m[2]), 3))
	k5 := minus(m[5], scaled(times(m[3], m[2]), 10))
	k6 := plus(minus(minus(m[6], scaled(times(m[4], m[2]), 15)), scaled(times(m[3], m[3]), 10)), scaled(times(m[2], times(m[2], m[2])), 30))
	var out kernel.Cumulants
	for i, k := range []number{mean, m[2], m[3], k4, k5, k6} {
		out[i], _ = k.Float64()
	}
	return out
}

// precisely returns the weight of z, without 1/√2π, and the loss there.
func (l *law) precisely(z number) (weight, loss number) {
	forward := l.mixture(z)
	weight = expand(times(times(z, z), exact(-0.5)))
	back := exact(1)
	if l.direction == kernel.Replace {
		back = l.mixture(new(big.Float).Neg(z))
	}
	switch l.weigh {
	case 1:
		weight = times(weight, forward)
	case -1:
		weight = times(weight, back)
	}
	loss = logarithm(over(forward, back))
	if l.direction == kernel.Add {
		loss.Neg(loss)
	}
	return weight, loss
}

// mixture is A(z) = 1 − q + q e^(z/σ − 1/(2σ²)).
func (l *law) mixture(z number) number {
	s := exact(l.phase.Noise)
	u := minus(over(z, s), over(exact(0.5), times(s, s)))
	q := exact(l.phase.Rate)
	return plus(minus(exact(1), q), times(q, expand(u)))
}

// expand is eˣ: the series at x/2⁴⁰, squared forty times.
func expand(x number) number {
	const halvings = 40
	small := new(big.Float).SetPrec(precise+halvings+20).SetMantExp(x, -halvings)
	sum := new(big.Float).SetPrec(precise + halvings + 20).SetInt64(1)
	term := new(big.Float).SetPrec(precise + halvings + 20).SetInt64(1)
	for n := int64(1); n < 9; n++ {
		term.Mul(term, small)
		term.Quo(term, new(big.Float).SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return new(big.Float).SetPrec(precise).Set(sum)
}

// logarithm is log x by two steps of Halley's method on eʸ from the float64 logarithm: 53 digits, 159, 477. Near 1 the start is
// x − 1, whose digits a float64 has.
func logarithm(x number) number {
	start, _ := minus(x, exact(1)).Float64()
	y := exact(math.Log1p(start))
	for range 2 {
		e := expand(y)
		y = plus(y, over(scaled(minus(x, e), 2), plus(x, e)))
	}
	return y
}
