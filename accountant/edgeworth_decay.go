package accountant

import (
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// characteristicIntegral bounds (1.0253/π) ∫ |f(u)|/u over [aₙ, bₙ], f the characteristic function of the standardised sum:
// the regularity that theorem 3.1 of Derumigny, Girard and Guyonvarch asks for. aₙ = min(2πt₁*√n/K̃₃, bₙ/π), bₙ = 16π⁴n²/K̃₃⁴.
func characteristicIntegral(laws []law, m standardised) float64 {
	end := 16 * math.Pow(math.Pi, 4) * m.n * m.n / math.Pow(m.mixed, 4)
	start := math.Min(2*math.Pi*tStar*math.Sqrt(m.n)/m.mixed, end/math.Pi)
	const ratio = 1.02
	var sum float64
	for u := start; u < end; u *= ratio {
		var log, falling float64
		for i := range laws {
			l := &laws[i]
			cell, beyond := l.cell(u/m.scale, ratio)
			log += l.phase.Steps * math.Log(cell)
			falling += l.phase.Steps * math.Log(beyond)
		}
		if falling < -60 {
			return psi / math.Pi * (sum + math.Exp(falling)*math.Log(end/u))
		}
		sum += math.Exp(log) * math.Log(math.Min(ratio, end/u))
	}
	return psi / math.Pi * sum
}

// cell bounds |φ|, φ the characteristic function of one step's loss, on [τ, τ·ratio] and from τ on: |φ(τ)| changes by at
// most E|l − E l| times the distance, and decay falls.
func (l *law) cell(tau, ratio float64) (within, beyond float64) {
	beyond = l.decay(tau)
	return math.Min(beyond, l.characteristic(tau)+(ratio-1)*tau*l.firstAbsolute), beyond
}

// characteristic is |E e^(iτl)|, 1 where the phase turns too fast to be summed.
func (l *law) characteristic(tau float64) float64 {
	left, right := l.ends()
	turns := tau * (right - left) / l.phase.Noise
	if turns > 3e3 {
		return 1
	}
	panels := l.panels(right-left) + int(turns/3)
	re := integrate(left, right, panels, func(z float64) float64 { return l.density(z) * math.Cos(tau*l.loss(z)) })
	im := integrate(left, right, panels, func(z float64) float64 { return l.density(z) * math.Sin(tau*l.loss(z)) })
	return math.Hypot(re, im)
}

// decay bounds |E e^(iτl)| by moving the line of integration to Im z = ±bσ, where e^(iτl) has modulus e^(−τ·arg A), least
// over a few b: e^(b²σ²/2) E_φ[|A(z+ibσ)|^w e^(−τ arg)], w = 1 where A weighs the measure.
func (l *law) decay(tau float64) float64 {
	left, right := l.ends()
	best := 1.0
	for b := math.Pi / 2; b > 1e-6; b *= 0.6 {
		sin, cos := math.Sincos(b)
		mean := integrate(left, right, l.panels(right-left), func(z float64) float64 {
			size, arg := l.turned(z, sin, cos)
			if l.weigh == 0 {
				size = 1
			} else if l.weigh < 0 {
				size, _ = l.turned(-z, sin, cos)
			}
			if l.direction == kernel.Replace {
				_, more := l.turned(-z, sin, cos)
				arg += more
			}
			return size * density(z) * math.Exp(-tau*arg)
		})
		best = math.Min(best, math.Exp(b*b*l.phase.Noise*l.phase.Noise/2)*mean)
	}
	return best
}

// turned returns |A(z+ibσ)| and its angle.
func (l *law) turned(z, sin, cos float64) (size, arg float64) {
	q, s := l.phase.Rate, l.phase.Noise
	part := q * math.Exp(math.Min(z/s-0.5/(s*s), 700))
	re, im := 1-q+part*cos, part*sin
	return math.Hypot(re, im), math.Atan2(im, re)
}
