package eval

import (
	"bytes"
	"fmt"
	"math"
	"path"

	"github.com/ewtune/ewtune/accountant"
	"gonum.org/v1/gonum/stat/distuv"
)

// privacy prices what the ledger says was executed.
func (b *builder) privacy(r *RunReport) error {
	claim := r.Run.Privacy
	if claim == nil {
		return nil
	}
	name := path.Join(r.Folder, r.Run.Files.Ledger)
	text, err := b.read(name)
	if err != nil {
		return err
	}
	ledger, err := accountant.ReadLedger(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := b.price(r, ledger); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (b *builder) price(r *RunReport, ledger *accountant.Ledger) error {
	plan, err := ledger.Plan()
	if err != nil {
		return err
	}
	header := ledger.Header()
	p, err := b.prices.of(plan, header.Delta)
	if err != nil {
		return err
	}
	p.SeedDisclosed, p.ClippingNorms = header.SeedKnown, clippingNorms(ledger)
	r.Privacy = p
	p.Assumptions = assumptions(r, plan, header)
	p.Guarantee = p.proven
	for _, a := range p.Assumptions {
		p.Guarantee = p.Guarantee && a.State != Broken
	}
	p.ClaimHolds = p.Guarantee && p.Epsilon.Upper <= r.Run.Privacy.Epsilon && p.Delta <= r.Run.Privacy.Delta
	r.Warnings = append(r.Warnings, p.warnings...)
	r.warnOfPrivacy()
	return b.priceTrials(r, plan)
}

// clippingNorms are the least and the most in a ledger's events; nil where the header's holds throughout.
func clippingNorms(ledger *accountant.Ledger) *[2]float64 {
	var norms *[2]float64
	for _, e := range ledger.Events() {
		if e.ClippingNorm == 0 {
			continue
		}
		if norms == nil {
			norms = &[2]float64{e.ClippingNorm, e.ClippingNorm}
		}
		norms[0], norms[1] = min(norms[0], e.ClippingNorm), max(norms[1], e.ClippingNorm)
	}
	return norms
}

// priceTrials prices the release of every trial of the tuning, which bounds the release of the best one.
func (b *builder) priceTrials(r *RunReport, plan accountant.Plan) error {
	trials := r.Run.Privacy.Trials
	if trials < 2 || plan.Tuning != nil { // the ledger has priced the choice
		return nil
	}
	plan.Phases = repeated(plan.Phases, int64(trials))
	all, err := accountant.Epsilon(plan, r.Privacy.Delta)
	if err != nil {
		return fmt.Errorf("%d trials: %w", trials, err)
	}
	r.Privacy.AllTrials = &all.Epsilon
	r.warn("chosen of %d trials on the private data: the epsilon of all of them is %s", trials, FormatInterval(all.Epsilon))
	return nil
}

func repeated(phases []accountant.Phase, times int64) []accountant.Phase {
	many := make([]accountant.Phase, len(phases))
	for i, phase := range phases {
		phase.Steps *= times
		many[i] = phase
	}
	return many
}

func (r *RunReport) warnOfPrivacy() {
	p, claim := r.Privacy, r.Run.Privacy
	if !p.Guarantee {
		r.warn("no privacy guarantee: see the assumptions that do not hold")
	}
	if p.Epsilon.Upper > claim.Epsilon {
		r.warn("claimed epsilon %g, certified %s: the noise was set by the %s accountant and is too small for the claim",
			claim.Epsilon, FormatInterval(p.Epsilon), claim.Accountant)
	}
}

// prices remembers what a plan costs, so that the seeds of a setting are priced once.
type prices map[string]Privacy

func (c prices) of(plan accountant.Plan, delta float64) (*Privacy, error) {
	key := fmt.Sprintf("%v %v", plan, delta)
	if known, ok := c[key]; ok {
		return &known, nil
	}
	p, err := price(plan, delta)
	if err != nil {
		return nil, err
	}
	c[key] = *p
	return p, nil
}

// price asks the certified accountant, and for display the order-1 Edgeworth estimate, Rényi DP and the privacy loss
// distribution. Where one of the latter three cannot answer, its figure is absent.
func price(plan accountant.Plan, delta float64) (*Privacy, error) {
	certified, err := accountant.Epsilon(plan, delta)
	if err != nil {
		return nil, err
	}
	if finite(certified.Epsilon.Upper) == nil {
		return nil, fmt.Errorf("epsilon of the ledger at delta %g: not finite, there is nothing to report", delta)
	}
	p := &Privacy{Epsilon: certified.Epsilon, Remove: certified.Remove, Add: certified.Add, Delta: delta,
		Adjacency: certified.Adjacency, Sampler: certified.Sampler, Phases: plan.Phases, TradeOff: []TradeOffPoint{}, plan: plan, proven: certified.Guarantee, warnings: certified.Warnings}
	for i, phase := range plan.Phases {
		p.Steps += phase.Steps
		if i == 0 {
			p.SamplingRate, p.NoiseMultiplier = phase.SamplingRate, phase.NoiseMultiplier
		}
	}
	if estimate, err := accountant.Edgeworth(plan, delta, 1); err == nil {
		p.Edgeworth = finite(estimate.Epsilon.Estimate)
	}
	if rdp, err := accountant.RDP(plan, delta); err == nil {
		p.RDP = finite(rdp.Epsilon.Upper)
	}
	if pld, err := accountant.PLD(plan, delta); err == nil && finite(pld.Epsilon.Upper) != nil {
		p.PLD = &pld.Epsilon
	}
	p.Mu = gaussianMu(certified.Epsilon.Upper, delta)
	p.tradeOff(plan)
	return p, nil
}

// finite gives nil for what JSON cannot hold.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// tradeOffEpsilons are where the privacy profile is sampled, as multiples of the certified epsilon.
var tradeOffEpsilons = []float64{0, 0.05, 0.1, 0.2, 0.4, 0.7, 1}

// tradeOff bounds every attack from certified points (ε, δ(ε)) of the privacy profile: a test of false positive rate
// α misses at least
//
//	β >= max over ε of max(0, 1 - δ - e^ε α, e^-ε (1 - δ - α))
//
// (Wasserman and Zhou 2010; Dong, Roth and Su 2022, proposition 2.5).
func (p *Privacy) tradeOff(plan accountant.Plan) {
	var profile [][2]float64
	for _, share := range tradeOffEpsilons {
		epsilon := share * p.Epsilon.Upper
		delta := p.Delta
		if share < 1 {
			result, err := accountant.Delta(plan, epsilon)
			if err != nil {
				continue // fewer points bound less, and bound still
			}
			delta = result.Delta.Upper
		}
		profile = append(profile, [2]float64{epsilon, delta})
	}
	for _, alpha := range []float64{0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9} {
		beta := 0.0
		for _, at := range profile {
			beta = max(beta, 1-at[1]-math.Exp(at[0])*alpha, math.Exp(-at[0])*(1-at[1]-alpha))
		}
		p.TradeOff = append(p.TradeOff, TradeOffPoint{alpha, round(beta)})
	}
}

// gaussianMu is the μ of the Gaussian mechanism whose δ at epsilon equals delta (Dong, Roth and Su 2022, corollary 1):
//
//	δ = Φ(-ε/μ + μ/2) - e^ε Φ(-ε/μ - μ/2)
//
// It says how strong the guarantee is at this one point; the run itself is not μ-GDP. nil where epsilon is 0 or too
// large for float64.
func gaussianMu(epsilon, delta float64) *float64 {
	if !(epsilon > 0 && epsilon < 500) {
		return nil
	}
	low, high := 0.0, 100.0
	for high-low > 1e-12*high {
		mid := (low + high) / 2
		at := distuv.UnitNormal.CDF(-epsilon/mid+mid/2) - math.Exp(epsilon)*distuv.UnitNormal.CDF(-epsilon/mid-mid/2)
		if at > delta {
			high = mid
		} else {
			low = mid
		}
	}
	mu := round((low + high) / 2)
	return &mu
}

// Pricing a few steps takes longer than pricing many: a curve shows epsilon at every epsilonEvery-th point from step
// epsilonFrom on.
const (
	epsilonEvery = 4
	epsilonFrom  = 16
)

// spentStep is what epsilon on a curve is rounded up to; see spent.
const spentStep = 1e-6

// spend writes the certified upper epsilon after every fourth point of the curves, computed from the ledger's phases.
func (b *builder) spend(r *RunReport) error {
	if r.Privacy == nil || r.Privacy.plan.Tuning != nil { // tuning is a price of the whole
		return nil
	}
	last := len(r.Curves.Points) - 1
	for i := range r.Curves.Points {
		point := &r.Curves.Points[i]
		if point.Step > r.Privacy.Steps || i != last && (point.Step < epsilonFrom || i%epsilonEvery != epsilonEvery-1) {
			continue
		}
		epsilon, err := b.spent(r.Privacy, point.Step)
		if err != nil {
			return err
		}
		point.Epsilon = &epsilon
	}
	r.Curves.lowerToLater()
	return nil
}

// lowerToLater lets no point's bound exceed a later point's: epsilon rises with the steps, so what bounds more steps
// bounds fewer.
func (c *Curves) lowerToLater() {
	least := math.Inf(1)
	for i := len(c.Points) - 1; i >= 0; i-- {
		if e := c.Points[i].Epsilon; e != nil {
			least = min(least, *e)
			*e = least
		}
	}
}

// spent is the certified upper epsilon after the first steps of the executed plan, rounded up to six decimals.
func (b *builder) spent(p *Privacy, steps int64) (float64, error) {
	plan := p.plan
	plan.Phases = firstSteps(plan.Phases, steps)
	key := fmt.Sprintf("%v %v", plan, p.Delta)
	if known, ok := b.spends[key]; ok {
		return known, nil
	}
	result, err := accountant.Epsilon(plan, p.Delta)
	if err != nil {
		return 0, err
	}
	b.spends[key] = math.Ceil(result.Epsilon.Upper*1e6) / 1e6
	return b.spends[key], nil
}

func firstSteps(phases []accountant.Phase, steps int64) []accountant.Phase {
	var first []accountant.Phase
	for _, phase := range phases {
		phase.Steps = min(phase.Steps, steps)
		steps -= phase.Steps
		if phase.Steps > 0 {
			first = append(first, phase)
		}
	}
	return first
}
