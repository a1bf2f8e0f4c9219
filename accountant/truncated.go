package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// Lots that are cut to a cap. Let L be the lot that the other records draw, at most N of them, and Ψ = Pr[|L| ≥ cap]. Where L
// is smaller, the record x only joins it: the pair of Poisson sampling. Where it is not, either lot is cut to the cap;
// coupled, the lot with x is the lot without it with one record y replaced by x, with probability at most q, so the sum
// moves by up to twice the clipping norm: the same pair at half the noise. Told which of the two it was, a step is
// dominated by a pair whose noise is halved with probability Ψ, a coin that does not depend on x. Composed, with K the
// number of wide steps,
//
//	δ(ε) ≤ Σ_k Pr[K = k] δ(ε; T − k steps of σ and k of σ/2),  K ~ Binomial(T, Ψ)
//
// exactly the Poisson value where the cap is never reached. On the other side a lot is cut with probability ΣTΨ at most, so
// δ(ε) ≥ δ_Poisson(ε) − (1 + e^ε) ΣTΨ (Chua et al. 2024, theorem 3.3).

// mixture is a share of the probability with the plan that stands for it, one problem a direction.
type mixture struct {
	share    float64
	problems []kernel.Problem
}

// capped returns the plan without its cap, the probability of each phase that a step of it is wide, and the expected number of wide
// steps.
func (p Plan) capped() (plain Plan, wide []float64, cut float64) {
	plain = p
	plain.Sampler, plain.MaxLot = Poisson, 0
	wide = make([]float64, len(p.Phases))
	for i, ph := range p.Phases {
		wide[i] = binomialAbove(p.DatasetSize, ph.SamplingRate, p.MaxLot-1)
		cut += float64(ph.Steps) * wide[i]
	}
	return plain, wide, cut
}

// truncated prices Poisson sampling whose lots are cut to a cap.
func (e *engine) truncated(p Plan, delta float64) (Result, error) {
	plain, wide, cut := p.capped()
	r, err := e.certifiedEpsilon(plain, delta)
	if err != nil {
		return Result{}, err
	}
	r.Sampler = string(TruncatedPoisson)
	if cut == 0 {
		return r, nil
	}
	parts, rest := plain.mixed(wide, 1e-3*delta)
	ends := [2]*Interval{&r.Remove, &r.Add}
	for d := range parts[0].problems {
		ends[d].Upper = e.mixedEpsilon(parts, rest, delta, ends[d].Upper, d)
	}
	if p.adjacency() == ReplaceOne {
		r.Add.Upper = r.Remove.Upper
	}
	r.Epsilon.Upper = math.Max(r.Remove.Upper, r.Add.Upper)
	if r.Epsilon.Upper == math.MaxFloat64 {
		r.warn(fmt.Sprintf("max_lot %d: lots pass it too often for delta %g under %s", p.MaxLot, delta, p.adjacency()))
	}
	r.warn(fmt.Sprintf("lots are cut: %.3g is the probability that any is", math.Min(1, cut)))
	return e.truncatedLower(r, plain, delta, cut)
}

// mixed splits a plan by the number of its wide steps, at most 8 parts; what they leave out has at most the probability rest.
// A plan of several phases has two parts: no wide step, and as many in every phase as leave a tail at most; where wide steps are
// the rule the second stands for both. Under zero-out the wide pair is another, and a wide step counts as a breach.
func (p Plan) mixed(wide []float64, tail float64) (parts []mixture, rest float64) {
	last := make([]int64, len(p.Phases))
	none := 1.0
	for i, ph := range p.Phases {
		for last[i] < ph.Steps && binomialAbove(ph.Steps, wide[i], last[i]) > tail/float64(len(wide)) {
			last[i] = min(ph.Steps, last[i]+1+last[i]/16)
		}
		rest += binomialAbove(ph.Steps, wide[i], last[i])
		none *= binomialTerm(ph.Steps, wide[i], 0)
	}
	none = math.Min(1, none)
	some := 1 - none*(1-1e-9)
	switch {
	case p.adjacency() == ZeroOut:
		return []mixture{{none, p.problems()}}, some
	case none < 0.05:
		return []mixture{{1, p.widened(last).problems()}}, rest
	case len(p.Phases) > 1:
		return []mixture{{none, p.problems()}, {some, p.widened(last).problems()}}, rest
	}
	const most = 8
	for i, from := int64(0), int64(0); from <= last[0]; i++ {
		to := max(from, last[0]*i/(most-1)) // from…to wide steps, priced as to
		share := binomialBetween(p.Phases[0].Steps, wide[0], from, to)
		if share > 0 {
			parts = append(parts, mixture{share, p.widened([]int64{to}).problems()})
		}
		from = to + 1
	}
	return parts, rest
}

// widened returns the plan with so many steps of each phase at half the noise.
func (p Plan) widened(steps []int64) Plan {
	var phases []Phase
	for i, ph := range p.Phases {
		if narrow := ph.Steps - steps[i]; narrow > 0 {
			phases = append(phases, Phase{ph.SamplingRate, ph.NoiseMultiplier, narrow})
		}
		if steps[i] > 0 {
			phases = append(phases, Phase{ph.SamplingRate, ph.NoiseMultiplier / 2, steps[i]})
		}
	}
	p.Phases = phases
	return p
}

// mixedEpsilon returns an ε at which the mixture's upper δ in a direction is proven to be at most delta, from the Poisson value
// low upwards: by false position on log δ.
func (e *engine) mixedEpsilon(parts []mixture, rest, delta, low float64, direction int) float64 {
	excess := func(epsilon float64) float64 { return e.excess(parts, rest, delta, epsilon, direction) }
	if rest >= delta {
		return math.MaxFloat64 // no ε is enough
	}
	if len(parts) == 1 && parts[0].share == 1 {
		return e.epsilon(&parts[0].problems[direction], delta-rest, 0).Upper
	}
	above := excess(low)
	if above <= 0 {
		return low
	}
	high, step := low, 1e-3*(1+low)
	below := above
	for below > 0 {
		if high, step = high+step, 4*step; high > 1e300 {
			return math.MaxFloat64
		}
		below = excess(high)
	}
	side := 0
	for range 100 {
		next := low + (high-low)*above/(above-below)
		if high-low <= 1e-11*high || !(next > low && next < high) {
			break
		}
		v := excess(next)
		if v > 0 {
			if side > 0 {
				below *= damp(v, above)
			}
			low, above, side = next, v, 1
		} else {
			if side < 0 {
				above *= damp(v, below)
			}
			high, below, side = next, v, -1
		}
	}
	return high
}

// excess is the log of the mixture's upper δ(epsilon) in a direction over delta: at most 0 where epsilon is proven.
func (e *engine) excess(parts []mixture, rest, delta, epsilon float64, direction int) float64 {
	sum := rest
	for i := range parts {
		problem, share := &parts[i].problems[direction], parts[i].share
		quick, _ := e.small.ContourDelta(problem, epsilon)
		top := math.Min(1, quick.Upper)
		if share*(top-quick.Lower) > 1e-12*delta { // a part that is seldom need not be known well
			top = math.Min(1, e.delta(problem, epsilon).Upper)
		}
		sum += share * top
	}
	return math.Log(sum * (1 + 1e-12) / delta)
}

// cappedPrice stands for truncated's upper ε where a solver asks only whether that is at most epsilon: it is above or below epsilon
// where the mixture's δ(epsilon) is above or below delta, which takes one look where the ε itself takes ten.
func (e *engine) cappedPrice(p Plan, epsilon, delta float64) (float64, error) {
	plain, wide, cut := p.capped()
	if cut == 0 {
		return e.atMost(plain, epsilon, delta)
	}
	parts, rest := plain.mixed(wide, 1e-3*delta)
	if rest >= delta {
		return math.MaxFloat64, nil
	}
	worst := math.Inf(-1)
	for direction := range parts[0].problems {
		if worst = math.Max(worst, e.excess(parts, rest, delta, epsilon, direction)); worst > 0 {
			break
		}
	}
	const steep = 0.1 // about how the log of ε goes with that of δ
	return epsilon * math.Exp(steep*worst), nil
}

// damp is the factor of Anderson and Björck 1973 for the end that stays.
func damp(now, before float64) float64 {
	if m := 1 - now/before; m > 0 {
		return m
	}
	return 0.5
}

// truncatedLower lowers the lower ends.
func (e *engine) truncatedLower(r Result, plain Plan, delta, cut float64) (Result, error) {
	more := delta + cut*(1+math.Exp(r.Epsilon.Upper))
	var low Result
	if more < 1 {
		var err error
		if low, err = e.certifiedEpsilon(plain, more); err != nil {
			return Result{}, err
		}
	}
	r.Epsilon.Lower, r.Remove.Lower, r.Add.Lower = low.Epsilon.Lower, low.Remove.Lower, low.Add.Lower
	return r, nil
}

// binomialBetween returns an upper bound of Pr[from ≤ Binomial(n, q) ≤ to], of a long range by its tail.
func binomialBetween(n int64, q float64, from, to int64) float64 {
	if to-from > 1000 {
		return binomialAbove(n, q, from-1)
	}
	var sum float64
	for k := from; k <= to; k++ {
		sum += binomialTerm(n, q, k)
	}
	return math.Min(1, sum)
}

// binomialAbove returns an upper bound of Pr[Binomial(n, q) > m]: the first term over 1 − r, r the ratio of the next two,
// which falls from there on.
func binomialAbove(n int64, q float64, m int64) float64 {
	k, N := float64(m+1), float64(n)
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
	return math.Min(1, binomialTerm(n, q, m+1)/(1-ratio))
}

// binomialTerm returns an upper bound of Pr[Binomial(n, q) = k]; the logarithm is enlarged by what Lgamma may be off.
func binomialTerm(n int64, q float64, k int64) float64 {
	N, K := float64(n), float64(k)
	if q == 1 {
		return float64(k / n) // 1 for k = n
	}
	a, _ := math.Lgamma(N + 1)
	b, _ := math.Lgamma(K + 1)
	c, _ := math.Lgamma(N - K + 1)
	log := a - b - c + K*math.Log(q) + (N-K)*math.Log1p(-q)
	if k == 0 {
		log, a, N = N*math.Log1p(-q), 1, 1
	}
	return math.Min(1, math.Exp(log+1e-13*(a+N)))
}
