package accountant

import (
	"errors"
	"fmt"
	"math"
)

// truncated prices Poisson sampling whose lots are cut to a cap. Unless some lot of N+1 records would pass the cap, which
// has probability at most Σ T Ψ, it is Poisson sampling, so
//
//	|δ_truncated(ε) − δ_Poisson(ε)| ≤ (1 + e^ε) Σ T Ψ,  Ψ = Pr[Binomial(N+1, q) > cap]
//
// (Chua et al. 2024, "Scalable DP-SGD", theorem 3.3).
func (e *engine) truncated(p Plan, delta float64) (Result, error) {
	plain := p
	plain.Sampler = Poisson
	extra := 0.0
	for _, ph := range p.Phases {
		extra += float64(ph.Steps) * binomialAbove(p.DatasetSize+1, ph.SamplingRate, p.MaxLot)
	}
	r, err := e.certifiedEpsilon(plain, delta)
	if err != nil {
		return Result{}, err
	}
	r.Sampler = string(TruncatedPoisson)
	if extra == 0 {
		return r, nil
	}
	upper := r
	for range 60 {
		left := delta - extra*(1+math.Exp(upper.Epsilon.Upper))
		if !(left > 0) {
			return Result{}, &capError{p.MaxLot, extra, delta}
		}
		next, err := e.certifiedEpsilon(plain, left)
		if err != nil {
			return Result{}, err
		}
		settled := next.Epsilon.Upper <= upper.Epsilon.Upper
		upper = next
		if settled {
			break
		}
	}
	if extra*(1+math.Exp(upper.Epsilon.Upper))+e.priceDelta(plain, upper.Epsilon.Upper) > delta {
		return Result{}, errors.New("max_lot: the bound of truncated sampling did not settle")
	}
	r.Epsilon.Upper, r.Remove.Upper, r.Add.Upper = upper.Epsilon.Upper, upper.Remove.Upper, upper.Add.Upper
	return e.truncatedLower(r, plain, delta, extra)
}

// capError says that lots are cut too often for any finite epsilon at delta. Of two plans with the same cap the one with less
// noise is refused first, since the probability is weighed with 1 + e^ε.
type capError struct {
	limit              int64
	probability, delta float64
}

func (e *capError) Error() string {
	return fmt.Sprintf("max_lot %d: lots pass it with probability %.3g in all, too often for delta %g", e.limit, e.probability, e.delta)
}

// truncatedLower lowers the lower ends by the same difference.
func (e *engine) truncatedLower(r Result, plain Plan, delta, extra float64) (Result, error) {
	more := delta + extra*(1+math.Exp(r.Epsilon.Upper))
	var low Result
	if more < 1 {
		var err error
		if low, err = e.certifiedEpsilon(plain, more); err != nil {
			return Result{}, err
		}
	}
	r.Epsilon.Lower, r.Remove.Lower, r.Add.Lower = low.Epsilon.Lower, low.Remove.Lower, low.Add.Lower
	r.warn(fmt.Sprintf("lots are cut: %.3g is the probability that any is", extra))
	return r, nil
}

// priceDelta returns the certified upper δ at epsilon.
func (e *engine) priceDelta(p Plan, epsilon float64) float64 {
	r, err := e.certifiedDelta(p, epsilon)
	if err != nil {
		return 1
	}
	return r.Delta.Upper
}

// binomialAbove returns an upper bound of Pr[Binomial(n, q) > m]: the first term over 1 − r, r the ratio of the next two,
// which falls from there on; the logarithm is enlarged by what Lgamma may be off.
func binomialAbove(n int64, q float64, m int64) float64 {
	k := float64(m + 1)
	N := float64(n)
	switch {
	case m >= n:
		return 0
	case q == 1 || k <= N*q:
		return 1
	}
	ratio := (N - k) * q / ((k + 1) * (1 - q))
	if ratio >= 1 {
		return 1
	}
	a, _ := math.Lgamma(N + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(N - k + 1)
	log := a - b - c + k*math.Log(q) + (N-k)*math.Log1p(-q)
	return math.Min(1, math.Exp(log+1e-13*(a+N))/(1-ratio))
}

// shuffled refuses to price shuffling as Poisson sampling. Each record is in one lot an epoch, so a plan of E epochs is no
// worse than E Gaussian mechanisms on it: μ² = Σ E (1/σ)², twice the distance for replace-one. The Poisson value stands
// beside it in NotValid.
func (e *engine) shuffled(p Plan, delta float64) (Result, error) {
	r := p.result("shuffle-gaussian", true)
	r.Delta = point(delta)
	distance := 1.0
	if p.adjacency() == ReplaceOne {
		distance = 2
	} else if p.adjacency() == AddRemove {
		r.Adjacency = string(ZeroOut)
		r.warn("shuffled lots of fixed size: priced under zero-out, for adding a record would move others between lots")
	}
	var sum float64
	for _, ph := range p.Phases {
		epochs := math.Ceil(float64(ph.Steps)*ph.SamplingRate - 1e-9)
		sum += epochs * (distance / ph.NoiseMultiplier) * (distance / ph.NoiseMultiplier)
	}
	v := e.gaussian(math.Sqrt(sum), delta)
	r.Epsilon = Interval{0, v.Estimate, v.Upper}
	r.Remove, r.Add = r.Epsilon, r.Epsilon
	plain := p
	plain.Sampler = Poisson
	poisson, err := e.certifiedEpsilon(plain, delta)
	if err != nil {
		return Result{}, err
	}
	r.NotValid = &poisson.Epsilon
	r.warn(fmt.Sprintf("shuffling is not Poisson sampling: the Poisson value %.6g is not valid for shuffling; given is the bound of one Gaussian an epoch", poisson.Epsilon.Upper))
	p.warnDelta(&r, delta)
	return r, nil
}
