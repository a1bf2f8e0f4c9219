package accountant

import (
	"errors"
	"math"
)

// The Rényi orders that lots of fixed size are priced at: whole ones, for which the bound is proven.
const fixedOrders = 512

// fixed prices lots of fixed size drawn without replacement, under replace-one: the Rényi divergence of one step at a
// whole order α ≥ 2 is at most
//
//	1/(α−1) log(1 + γ² C(α,2) min(4(e^ε(2) − 1), 2e^ε(2)) + Σ_{j=3}^α γʲ C(α,j) min(4Bⱼ, 2e^((j−1)ε(j))))
//
// (Wang, Balle and Kasiviswanathan 2019, theorem 27), γ the share of records in a lot and ε(j) = 2j/σ²: replacing a record
// moves the sum of clipped gradients by up to twice the clipping norm. For even j, Bⱼ = E_q (p/q − 1)ʲ of the two
// Gaussians; for odd j the geometric mean of its neighbours. The conversion to epsilon is that of [RDP].
func fixed(p Plan, delta float64) (Result, error) {
	r := p.result("rdp", true)
	r.Delta = point(delta)
	steps := make([]fixedStep, len(p.Phases))
	for i, ph := range p.Phases {
		steps[i].phase = ph
	}
	best := math.Inf(1)
	for order := 2; order <= fixedOrders && float64(order) <= 2*r.Order+40; order++ { // far beyond the best none is better
		var divergence float64
		for i := range steps {
			divergence += float64(steps[i].phase.Steps) * steps[i].divergence(order)
		}
		if eps := convert(divergence, float64(order), delta); eps < best {
			best, r.Order = eps, float64(order)
		}
	}
	if math.IsInf(best, 1) {
		return Result{}, errors.New("rdp: no order is finite for this plan")
	}
	best *= 1 + 1e-9 // rounding and quadrature
	r.Epsilon = Interval{0, best, best}
	r.Remove, r.Add = r.Epsilon, r.Epsilon
	p.warnDelta(&r, delta)
	return r, nil
}

// fixedStep is one step of a phase, with the logs of the minima above as far as they were needed.
type fixedStep struct {
	phase Phase
	terms []float64 // of j = 0, 1, 2, …
	below float64   // log B of the last even j
}

// unsampled is the Rényi divergence of order j of one step on the whole data set.
func (s *fixedStep) unsampled(j float64) float64 {
	return 2 * j / (s.phase.NoiseMultiplier * s.phase.NoiseMultiplier)
}

// divergence is the bound of one step at a whole order.
func (s *fixedStep) divergence(order int) float64 {
	alone := s.unsampled(float64(order))
	if s.phase.SamplingRate == 1 {
		return alone
	}
	logBinomial := math.Log(float64(order))
	logs := []float64{0}
	for j := 2; j <= order; j++ {
		logBinomial += math.Log(float64(order-j+1) / float64(j))
		logs = append(logs, float64(j)*math.Log(s.phase.SamplingRate)+logBinomial+s.term(j))
	}
	return math.Min(logSum(logs)/float64(order-1), alone)
}

// term returns the log of the j-th minimum.
func (s *fixedStep) term(j int) float64 {
	distance := 2 / s.phase.NoiseMultiplier
	for k := len(s.terms); k <= j; k++ {
		f := float64(k)
		var central float64
		switch {
		case k < 2:
		case k%2 == 0:
			s.below = centralMoment(distance, k)
			central = s.below
		default:
			central = (s.below + centralMoment(distance, k+1)) / 2
		}
		v := math.Min(math.Log(4)+central, math.Log(2)+(f-1)*s.unsampled(f))
		if two := s.unsampled(2); k == 2 {
			v = math.Min(math.Log(4)+math.Log(math.Expm1(math.Min(two, 700))), math.Log(2)+two)
		}
		s.terms = append(s.terms, v)
	}
	return s.terms[j]
}

// centralMoment returns log E_q (p/q − 1)ʲ for even j of two unit Gaussians at a distance μ: p/q = e^(μz − μ²/2). It is +Inf
// where the distance is so large that it would not be the smaller term.
func centralMoment(mu float64, j int) float64 {
	f := float64(j)
	if mu > 4 {
		return math.Inf(1)
	}
	const step = 0.1 // the integrand is entire and as smooth as φ
	root := math.Sqrt(f)
	var logs []float64
	for z := -root - 12; z < f*mu+root+12; z += step {
		logs = append(logs, f*math.Log(math.Abs(math.Expm1(z*mu-mu*mu/2)))-z*z/2)
	}
	return logSum(logs) + math.Log(step) - math.Log(2*math.Pi)/2
}

func logSum(logs []float64) float64 {
	top := math.Inf(-1)
	for _, v := range logs {
		top = math.Max(top, v)
	}
	var sum float64
	for _, v := range logs {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}
