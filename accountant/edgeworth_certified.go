package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// CertifiedEdgeworth returns the exponentially tilted Edgeworth value of ε(delta), order 1, 2 or 3, with the certificate of
// [Epsilon] around it: an Edgeworth interval that is never vacuous. With the abscissa c where ε = K'(c) − 1/c − 1/(1+c),
//
//	δ(ε) = e^(K(c)−cε) E_c[(e^(−c(S−ε)) − e^(−(c+1)(S−ε))); S > ε]
//
// exactly, E_c under the measure tilted by e^(cS); the Edgeworth expansion of S (Wang et al. 2022, equation 3.6) is made
// under that measure, whose mean lies just beyond ε, and not under the untilted one, of which ε is a far tail (Barndorff-Nielsen
// and Cox 1979).
//
// Lower and Upper are proven and as tight as those of [Epsilon]. Estimate is the expansion's own value, not moved into the
// interval: how far it lies outside is the error of the expansion, and a warning gives it.
func CertifiedEdgeworth(p Plan, delta float64, order int) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if err := checkOrder(order); err != nil {
		return Result{}, err
	}
	e := newEngine()
	r, err := e.certifiedEpsilon(p, delta)
	if err != nil {
		return Result{}, err
	}
	r.Method, r.Order = "certified-edgeworth", float64(order)
	both := p.problems()
	ends := [2]*Interval{&r.Remove, &r.Add}
	for i := range both {
		name := [2]string{"remove", "add"}[i]
		value, ok := e.tiltedEpsilon(&both[i], delta, order)
		if !ok {
			r.warn(fmt.Sprintf("direction %s: the tilted expansion has no value here; the estimate is the certificate's", name))
			continue
		}
		ends[i].Estimate = value
		if off := math.Max(value-ends[i].Upper, ends[i].Lower-value); off > 0 {
			r.warn(fmt.Sprintf("direction %s: the tilted Edgeworth value %.10g lies %.2g outside the certified interval", name, value, off))
		}
	}
	if len(both) == 1 {
		r.Add = r.Remove
	}
	r.Epsilon.Estimate = math.Max(r.Remove.Estimate, r.Add.Estimate)
	return r, nil
}

// tilted is the expansion at one abscissa: the ε that it is made for and log δ there.
type tilted struct{ epsilon, logDelta float64 }

// tiltedAt expands at abscissa c. The density of y = (S − K')/√K” is φ(y) times the series; δ's integral over it is smooth
// and done by quadrature. ok is false where c is out of reach; a negative δ gives logDelta −Inf.
func (e *engine) tiltedAt(p *kernel.Problem, c float64, order int) (t tilted, ok bool) {
	k0, k, ok := e.small.TiltedCumulants(p, c)
	if !ok {
		if k0, k, ok = e.big().TiltedCumulants(p, c); !ok {
			return t, false
		}
	}
	sd := math.Sqrt(k[1])
	t.epsilon = k[0] - 1/c - 1/(1+c)
	start := (t.epsilon - k[0]) / sd
	end := math.Min(9, start+40/(c*sd)) // e^(−40), or nine standard deviations
	sum := integrate(start, math.Max(end, start), 60, func(y float64) float64 {
		u := (y - start) * sd
		return math.Exp(-c*u-y*y/2) * -math.Expm1(-u) * edgeworthSeries(&k, order, y)
	})
	t.logDelta = k0 - c*t.epsilon + math.Log(math.Max(0, sum)/math.Sqrt(2*math.Pi))
	return t, true
}

// edgeworthSeries is the expansion's density over φ: 1 + l₃/6 He₃ + [l₄/24 He₄ + l₃²/72 He₆] +
// [l₅/120 He₅ + l₃l₄/144 He₇ + l₃³/1296 He₉], lⱼ = κⱼ/κ₂^(j/2).
func edgeworthSeries(k *kernel.Cumulants, order int, y float64) float64 {
	sd := math.Sqrt(k[1])
	l3, l4, l5 := k[2]/(sd*sd*sd), k[3]/(k[1]*k[1]), k[4]/(k[1]*k[1]*sd)
	var he [10]float64
	he[0], he[1] = 1, y
	for n := 1; n < 9; n++ {
		he[n+1] = y*he[n] - float64(n)*he[n-1]
	}
	v := 1 + l3/6*he[3]
	if order >= 2 {
		v += l4/24*he[4] + l3*l3/72*he[6]
	}
	if order >= 3 {
		v += l5/120*he[5] + l3*l4/144*he[7] + l3*l3*l3/1296*he[9]
	}
	return v
}

// tiltedEpsilon solves for the abscissa whose δ is delta: both ε and −log δ grow with it.
func (e *engine) tiltedEpsilon(p *kernel.Problem, delta float64, order int) (float64, bool) {
	target := math.Log(delta)
	t, ok := e.lastTilted(p, order, func(t tilted) bool { return t.logDelta > target })
	return math.Max(0, t.epsilon), ok && math.Abs(t.logDelta-target) < 1e-6
}

// tiltedDelta solves for the abscissa whose ε is epsilon.
func (e *engine) tiltedDelta(p *kernel.Problem, epsilon float64, order int) (float64, bool) {
	t, ok := e.lastTilted(p, order, func(t tilted) bool { return t.epsilon <= epsilon })
	return math.Exp(t.logDelta), ok && math.Abs(t.epsilon-epsilon) < 1e-6*(1+epsilon)
}

// lastTilted bisects, in the logarithm of the abscissa, for the last expansion before a turn.
func (e *engine) lastTilted(p *kernel.Problem, order int, before func(tilted) bool) (last tilted, found bool) {
	lo, hi := math.Log(1e-6), math.Log(1e12)
	for range 200 {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if t, ok := e.tiltedAt(p, math.Exp(mid), order); ok && before(t) {
			lo, last, found = mid, t, true
		} else {
			hi = mid
		}
	}
	return last, found
}
