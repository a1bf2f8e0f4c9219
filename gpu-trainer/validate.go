package trainer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewtune/ewtune/accountant"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/blas"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Pitfall is a known way to get private training wrong that a plan walks into.
type Pitfall struct {
	Name      string // short and stable, such as shuffle-priced-as-poisson
	Parameter string // of the plan, as in its JSON
	Problem   string // with the value and the rule
	Remedy    string
	Fatal     bool // refused; otherwise the result carries it as a warning
}

func (f Pitfall) Error() string {
	return fmt.Sprintf("%s %s (%s); %s", f.Parameter, f.Problem, f.Name, f.Remedy)
}

// Validate resolves a plan for a source of the given number of rows and names every pitfall. The error joins the
// fatal ones.
func (p Plan) Validate(rows int64, c model.Config) ([]Pitfall, error) {
	p = p.withDefaults(rows)
	if err := p.validateLearning(c); err != nil {
		return nil, err
	}
	found := p.lotPitfalls(rows)
	if !p.NonPrivate {
		found = append(found, p.privacyPitfalls()...)
	}
	var fatal []error
	for _, f := range found {
		if f.Fatal {
			fatal = append(fatal, f)
		}
	}
	return found, errors.Join(fatal...)
}

func (p Plan) validateLearning(c model.Config) error {
	switch {
	case p.Steps < 1:
		return fmt.Errorf("steps %d: must be at least 1", p.Steps)
	case !(p.LearningRate > 0) || !finite(p.LearningRate):
		return fmt.Errorf("learning rate %v: must be positive and finite", p.LearningRate)
	case !slices.Contains([]string{"float32", "float64", BFloat16, Float16}, p.Precision):
		return fmt.Errorf("precision %q: must be float32, float64, %s or %s", p.Precision, BFloat16, Float16)
	}
	return errors.Join(p.Method.Validate(c), p.Optimizer.Validate(), p.Schedule.validate(), p.validatePhases(), p.Audit.validate(c, !p.NonPrivate))
}

func (p Plan) validatePhases() error {
	total := int64(0)
	for i, f := range p.Phases {
		if f.Steps < 1 || !(f.NoiseFactor > 0) || !finite(f.NoiseFactor) || !(f.ClipFactor > 0) || !finite(f.ClipFactor) {
			return fmt.Errorf("phase %d %+v: steps and factors must be positive", i+1, f)
		}
		total += f.Steps
	}
	if total != p.Steps {
		return fmt.Errorf("phases: their steps sum to %d; must be the plan's %d", total, p.Steps)
	}
	return nil
}

// rule is one check of a plan: what it says if it is broken.
type rule struct {
	broken bool
	found  Pitfall
}

func broken(rules []rule) []Pitfall {
	var found []Pitfall
	for _, r := range rules {
		if r.broken {
			found = append(found, r.found)
		}
	}
	return found
}

// lotPitfalls are those of the data and the lots.
func (p Plan) lotPitfalls(rows int64) []Pitfall {
	exact := p.SamplingRate == float64(p.ExpectedBatchSize)/float64(max(p.DatasetSize, 1))
	return broken([]rule{
		{rows == 0, Pitfall{"no-examples", "source", "has 0 rows", "check that no column or filter dropped them", true}},
		{p.DatasetSize != rows+p.Audit.Slots(), Pitfall{"wrong-dataset-size", "dataset_size", fmt.Sprintf("%d: the source has %d rows (canaries included), so the sampling rate would be another than the priced one", p.DatasetSize, rows+p.Audit.Slots()), "leave it out or give the source's", true}},
		{p.ExpectedBatchSize < 1, Pitfall{"normaliser-from-data", "expected_batch_size", fmt.Sprintf("%d: must be a public constant of at least 1", p.ExpectedBatchSize), "choose the divisor of every sum; it is never taken from the lot", true}},
		{p.ExpectedBatchSize > rows && rows > 0, Pitfall{"batch-larger-than-data", "expected_batch_size", fmt.Sprintf("%d: must be at most the %d rows", p.ExpectedBatchSize, rows), "lower it", true}},
		{!exact, Pitfall{"normaliser-and-rate-disagree", "sampling_rate", fmt.Sprintf("%v: must be expected_batch_size/dataset_size = %v", p.SamplingRate, float64(p.ExpectedBatchSize)/float64(max(p.DatasetSize, 1))), "leave it out", true}},
		{p.samplerFault() != "", Pitfall{"sampler", "sampler", p.samplerFault(), "choose poisson, or for a non-private run fixed or shuffle", true}},
	})
}

func (p Plan) samplerFault() string {
	if p.DatasetSize < 1 || p.ExpectedBatchSize < 1 || p.ExpectedBatchSize > p.DatasetSize {
		return "" // told already
	}
	if err := p.sampler().Validate(); err != nil {
		return err.Error()
	}
	return ""
}

// privacyPitfalls are those of a private plan.
func (p Plan) privacyPitfalls() []Pitfall {
	n := float64(max(p.DatasetSize, 1))
	found := broken([]rule{
		{p.Sampler == dp.Shuffle, Pitfall{"shuffle-priced-as-poisson", "sampler", "shuffle: its lots are not independent, and no price of ours holds for them", "use poisson", true}},
		{p.Sampler == dp.FixedSize, Pitfall{"fixed-size-priced-as-poisson", "sampler", "fixed: lots of one size are priced under replace-one adjacency, this plan under add-remove", "use poisson", true}},
		{p.Sampler == dp.TruncatedPoisson && p.MaxLot > 0 && p.MaxLot < p.ExpectedBatchSize, Pitfall{"most-lots-are-cut", "max_lot", fmt.Sprintf("%d: below the expected lot of %d, so most steps are cut, priced at half their noise, and divided by more rows than they hold", p.MaxLot, p.ExpectedBatchSize), "set it several √B above B, or leave it out", false}},
		{!(p.Delta > 0 && p.Delta < 1), Pitfall{"delta", "delta", fmt.Sprintf("%v: must be in (0, 1)", p.Delta), "1e-5 is usual for fewer than 100,000 rows", true}},
		{p.Delta < 1 && p.Delta >= 1/n, Pitfall{"delta-above-one-row", "delta", fmt.Sprintf("%v: at least 1/N = %.3g, so publishing a random row would be allowed", p.Delta, 1/n), "choose a smaller one", false}},
		{!(p.ClippingNorm > 0) || !finite(p.ClippingNorm), Pitfall{"no-clip", "clipping_norm", fmt.Sprintf("%v: must be positive and finite, else one example moves the sum without bound", p.ClippingNorm), "1 is a start; the run tells the share of clipped examples", true}},
		{p.ClippingNorm > 0 && finite(p.ClippingNorm) && !(p.ClippingNorm >= dp.MinNorm && p.ClippingNorm <= 1/dp.MinNorm), Pitfall{"clip-beyond-float32", "clipping_norm", fmt.Sprintf("%v: must be in [2^-40, 2^40], else factors on the integer grid overflow", p.ClippingNorm), "1 is a start", true}},
		{p.Epsilon < 0 || !finite(p.Epsilon) || p.Epsilon == 0 && p.NoiseMultiplier == 0, Pitfall{"no-budget", "epsilon", fmt.Sprintf("%v: must be positive, or a noise multiplier must be given", p.Epsilon), "set epsilon and delta", true}},
		{p.NoiseMultiplier < 0 || !finite(p.NoiseMultiplier), Pitfall{"noise", "noise_multiplier", fmt.Sprintf("%v: must be positive", p.NoiseMultiplier), "leave it out to get the least that meets the budget", true}},
		{p.Seed != nil, Pitfall{"noise-seed-known", "seed", "is given: whoever knows it subtracts the noise; noise seed known: no privacy", "leave it out of every run that should protect someone", false}},
		{p.Optimizer.Kind == dp.AdamBC && p.Method.Kind == model.RGP, Pitfall{"adambc-on-rebuilt-gradients", "optimizer", "adambc: the noise on a gradient rebuilt from carriers has no single variance to take out", "use adamw", true}},
		{p.Optimizer.Kind == dp.AdamBC && (len(p.Phases) > 1 || p.AdaptiveClip != nil), Pitfall{"adambc-under-changing-noise", "optimizer", "adambc: the variance of the noise must be the same at every step", "drop the schedule of noise and clip", true}},
		{p.AdaptiveClip != nil && p.ClippingMode != dp.ClipFlat, Pitfall{"adaptive-clip-mode", "clipping_mode", p.ClippingMode + ": the quantile is one of the flat norm", "use flat", true}},
	})
	if err := (dp.Clip{Norm: 1, Quantum: 1, Mode: p.ClippingMode}).Validate(); err != nil {
		found = append(found, Pitfall{"clipping-mode", "clipping_mode", strings.TrimPrefix(err.Error(), "clipping mode "), "leave it out for flat clipping", true})
	}
	return found
}

// checkProducts refuses the matrix products of a library for a private run. They add in an order that depends on the
// size of the batch, so an example that joins or leaves a lot changes the last bits of the others' gradients too, and
// the sum moves by more than the sensitivity.
func (p Plan) checkProducts(o EngineOptions) error {
	if p.NonPrivate || o.BLAS == blas.Builtin || !slices.Contains(blas.Names(), o.BLAS) {
		return nil
	}
	return Pitfall{"library-products", "blas", o.BLAS + ": its products depend on the size of the batch, so one example changes the gradients of others, which no clip bounds", "use builtin, or train without privacy", true}
}

// resolve validates a plan and fills in its noise. A plan whose certified price is above its budget is refused here.
func (p Plan) resolve(rows int64, c model.Config) (Plan, []Pitfall, error) {
	found, err := p.Validate(rows, c)
	if err != nil {
		return p, found, err
	}
	p = p.withDefaults(rows)
	if p.NonPrivate {
		return p, found, nil
	}
	if p.NoiseMultiplier == 0 {
		if p.NoiseMultiplier, err = p.solveNoise(); err != nil {
			return p, found, err
		}
	}
	if p.AdaptiveClip != nil {
		for _, f := range p.Phases {
			if err := p.AdaptiveClip.Validate(p.NoiseMultiplier * f.NoiseFactor); err != nil {
				return p, found, err
			}
		}
	}
	return p, found, p.withinBudget()
}

// withinBudget prices the whole plan.
func (p Plan) withinBudget() error {
	if p.Epsilon == 0 {
		return nil
	}
	price, err := p.epsilonAfter(p.Steps)
	if err != nil || price.Epsilon.Upper <= p.Epsilon {
		return err
	}
	remedy := "leave the noise multiplier out, or train fewer steps"
	if steps, err := accountant.MaxSteps(p.SamplingRate, p.NoiseMultiplier, p.Epsilon, p.Delta); err == nil && len(p.Phases) == 1 {
		remedy = fmt.Sprintf("leave the noise multiplier out, or train at most %d steps", steps)
	}
	return Pitfall{"over-budget", "noise_multiplier", fmt.Sprintf("%v: %d steps cost epsilon %.6g at delta %v, above the budget %v", p.NoiseMultiplier, p.Steps, price.Epsilon.Upper, p.Delta, p.Epsilon), remedy, true}
}
