package accountant

import (
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// law is the loss of one step of a phase under one of its two measures. With z a standard normal variable and
// A(z) = 1 − q + q e^(z/σ − 1/(2σ²)) the loss is ±log A(z), under replace-one log A(z) − log A(−z), and the measure has
// density φ(z), A(z)φ(z) or A(−z)φ(z).
type law struct {
	phase     kernel.Phase
	direction kernel.Direction
	weigh     int // 0: φ, 1: A(z)φ, −1: A(−z)φ

	second, third, fourth        float64 // E(l − a)², …³, …⁴, a the centre
	firstAbsolute, thirdAbsolute float64 // E|l − a|, E|l − a|³
}

// laws returns the losses of a plan's phases under their own measures or the other ones, with moments about the mean, or
// about 0 with raw.
func (e *engine) laws(p *kernel.Problem, other, raw bool) ([]law, error) {
	laws := make([]law, 0, len(p.Phases))
	for _, ph := range p.Phases {
		own, back, err := e.stepCumulants(ph, p.Direction)
		if err != nil {
			return nil, err
		}
		l := law{phase: ph, direction: p.Direction, weigh: measure(p.Direction, other)}
		k := own
		if other {
			k = back
		}
		centre := k[0]
		l.second, l.third, l.fourth = k[1], k[2], k[3]+3*k[1]*k[1]
		if raw {
			centre = 0
			m := k[0]
			l.second, l.third = k[1]+m*m, k[2]+3*k[1]*m+m*m*m
			l.fourth += 4*k[2]*m + 6*k[1]*m*m + m*m*m*m
		}
		l.absolute(centre)
		laws = append(laws, l)
	}
	return laws, nil
}

func measure(d kernel.Direction, other bool) int {
	switch {
	case (d == kernel.Add) != other && d != kernel.Replace:
		return 0
	case d == kernel.Replace && other:
		return -1
	}
	return 1
}

// absolute fills in the absolute moments about a centre, split where the monotone loss passes it.
func (l *law) absolute(centre float64) {
	left, right := l.ends()
	lo, hi := left, right
	for range 100 {
		if mid := lo + (hi-lo)/2; (l.loss(mid) > centre) == (l.direction != kernel.Add) {
			hi = mid
		} else {
			lo = mid
		}
	}
	moment := func(power int) float64 {
		f := func(z float64) float64 {
			x := math.Abs(l.loss(z) - centre)
			if power == 3 {
				x *= x * x
			}
			return l.density(z) * x
		}
		return integrate(left, lo, l.panels(lo-left), f) + integrate(lo, right, l.panels(right-lo), f)
	}
	l.firstAbsolute, l.thirdAbsolute = moment(1), moment(3)
}

// ends holds all but 1e-36 of the measure.
func (l *law) ends() (left, right float64) {
	shift := 1 / l.phase.Noise
	if l.direction == kernel.Replace {
		return -13 - shift, 13 + shift
	}
	return -13, 13 + shift
}

// panels of a quadrature over a width: the loss bends within σ.
func (l *law) panels(width float64) int {
	return 1 + int(width/math.Min(0.5, l.phase.Noise))
}

func (l *law) loss(z float64) float64 {
	switch l.direction {
	case kernel.Remove:
		return l.logA(z)
	case kernel.Add:
		return -l.logA(z)
	}
	return l.logA(z) - l.logA(-z)
}

func (l *law) logA(z float64) float64 {
	q, s := l.phase.Rate, l.phase.Noise
	u := z/s - 0.5/(s*s)
	if u > 30 {
		return u + math.Log(q) + math.Log1p((1-q)/q*math.Exp(-u))
	}
	return math.Log1p(q * math.Expm1(u))
}

func (l *law) density(z float64) float64 {
	if l.weigh == 0 {
		return density(z)
	}
	q := l.phase.Rate
	return (1-q)*density(z) + q*density(z-float64(l.weigh)/l.phase.Noise)
}

func density(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
