package accountant

import (
	"fmt"
)

// Interval encloses a number: Lower ≤ exact ≤ Upper. Where a method proves an upper bound only, Lower is 0 and Estimate the
// bound; where it proves nothing ([Result].Guarantee is false), all three are the estimate.
type Interval struct {
	Lower    float64 `json:"lower"`
	Estimate float64 `json:"estimate"`
	Upper    float64 `json:"upper"`
}

// Phase is a run of equal steps.
type Phase struct {
	SamplingRate    float64 `json:"sampling_rate"`    // probability that a record is in a step's lot, in (0, 1]
	NoiseMultiplier float64 `json:"noise_multiplier"` // standard deviation of the noise over the clipping norm, > 0
	Steps           int64   `json:"steps"`            // ≥ 1
}

// Sampler says how lots are drawn. The zero value means [Poisson].
type Sampler string

// The samplers that the accountant knows.
const (
	Poisson          Sampler = "poisson"           // each record independently with the sampling rate
	TruncatedPoisson Sampler = "truncated-poisson" // Poisson, and a lot above the cap is cut to it at random
	Fixed            Sampler = "fixed"             // lots of one size without replacement
	Shuffle          Sampler = "shuffle"           // each record once an epoch
)

// Adjacency says when two data sets are neighbours. The zero value means [AddRemove].
type Adjacency string

// The adjacencies that the accountant knows.
const (
	AddRemove  Adjacency = "add-remove"  // one has one record more
	ReplaceOne Adjacency = "replace-one" // one record differs
	ZeroOut    Adjacency = "zero-out"    // one record is replaced by one without gradient; priced as add-remove
)

// Plan is what is priced.
type Plan struct {
	Phases      []Phase   `json:"phases"`
	Sampler     Sampler   `json:"sampler,omitempty"`
	Adjacency   Adjacency `json:"adjacency,omitempty"`
	GroupSize   int       `json:"group_size,omitempty"`   // records that neighbours differ in; 0 means 1
	DatasetSize int64     `json:"dataset_size,omitempty"` // records; needed by truncated Poisson, else for warnings
	MaxLot      int64     `json:"max_lot,omitempty"`      // truncated Poisson: the cap
	Tuning      *Tuning   `json:"tuning,omitempty"`       // the run is the best of a random number of trials
}

// Limits of what is priced: beyond them numbers have no use and overflow.
const (
	MaxSteps64         = 1 << 40 // steps in all
	MinNoiseMultiplier = 0.01
	MaxNoiseMultiplier = 1e6
	MinSamplingRate    = 1e-12
	MinDelta           = 1e-300
	MaxEpsilon         = 1e100
	MaxGroupSize       = 64
	MaxPhases          = 100000
)

// Homogeneous is a plan of equal Poisson-sampled steps under add/remove adjacency.
func Homogeneous(samplingRate, noiseMultiplier float64, steps int64) Plan {
	return Plan{Phases: []Phase{{samplingRate, noiseMultiplier, steps}}, Sampler: Poisson, Adjacency: AddRemove}
}

// Validate returns an error that names the first value out of its range, and the range.
func (p Plan) Validate() error {
	if len(p.Phases) == 0 || len(p.Phases) > MaxPhases {
		return fmt.Errorf("phases %d: must be 1 to %d", len(p.Phases), MaxPhases)
	}
	var steps float64
	for i, ph := range p.Phases {
		if err := ph.validate(); err != nil {
			if len(p.Phases) > 1 {
				return fmt.Errorf("phase %d: %w", i+1, err)
			}
			return err
		}
		steps += float64(ph.Steps)
	}
	switch {
	case steps > MaxSteps64:
		return fmt.Errorf("steps %.0f: must be at most %d in all", steps, int64(MaxSteps64))
	case p.GroupSize < 0 || p.GroupSize > MaxGroupSize:
		return fmt.Errorf("group_size %d: must be 1 to %d", p.GroupSize, MaxGroupSize)
	case p.DatasetSize < 0:
		return fmt.Errorf("dataset_size %d: must not be negative", p.DatasetSize)
	}
	if err := p.validateSampling(); err != nil {
		return err
	}
	return p.Tuning.validate()
}

func (ph Phase) validate() error {
	switch {
	case !(ph.SamplingRate >= MinSamplingRate && ph.SamplingRate <= 1):
		return fmt.Errorf("sampling_rate %v: must be in (0, 1], and at least %g", ph.SamplingRate, MinSamplingRate)
	case !(ph.NoiseMultiplier >= MinNoiseMultiplier && ph.NoiseMultiplier <= MaxNoiseMultiplier):
		return fmt.Errorf("noise_multiplier %v: must be greater than 0, between %g and %g", ph.NoiseMultiplier, MinNoiseMultiplier, MaxNoiseMultiplier)
	case ph.Steps < 1 || ph.Steps > MaxSteps64:
		return fmt.Errorf("steps %d: must be 1 to %d", ph.Steps, int64(MaxSteps64))
	}
	return nil
}

func (p Plan) validateSampling() error {
	switch p.adjacency() {
	case AddRemove, ReplaceOne, ZeroOut:
	default:
		return fmt.Errorf("adjacency %q: must be %s, %s or %s", p.Adjacency, AddRemove, ReplaceOne, ZeroOut)
	}
	switch p.sampler() {
	case Poisson, Shuffle:
		if p.MaxLot != 0 {
			return fmt.Errorf("max_lot %d: belongs to the sampler %s, not to %s", p.MaxLot, TruncatedPoisson, p.sampler())
		}
	case TruncatedPoisson:
		if p.MaxLot < 1 || p.DatasetSize < 1 {
			return fmt.Errorf("max_lot %d, dataset_size %d: truncated Poisson sampling needs both, at least 1", p.MaxLot, p.DatasetSize)
		}
	case Fixed:
		if p.MaxLot != 0 {
			return fmt.Errorf("max_lot %d: belongs to the sampler %s, not to %s", p.MaxLot, TruncatedPoisson, p.sampler())
		}
		if p.adjacency() != ReplaceOne {
			return fmt.Errorf("adjacency %q: lots of fixed size are priced under %s only", p.adjacency(), ReplaceOne)
		}
	default:
		return fmt.Errorf("sampler %q: must be %s, %s, %s or %s", p.Sampler, Poisson, TruncatedPoisson, Fixed, Shuffle)
	}
	if p.group() > 1 && (p.adjacency() == ReplaceOne || p.sampler() != Poisson) {
		return fmt.Errorf("group_size %d: groups are priced under Poisson sampling and %s only", p.GroupSize, AddRemove)
	}
	return nil
}

func (p Plan) sampler() Sampler {
	if p.Sampler == "" {
		return Poisson
	}
	return p.Sampler
}

func (p Plan) adjacency() Adjacency {
	if p.Adjacency == "" {
		return AddRemove
	}
	return p.Adjacency
}

func (p Plan) group() int { return max(1, p.GroupSize) }

// Steps returns the number of steps of all phases.
func (p Plan) Steps() int64 {
	var n int64
	for _, ph := range p.Phases {
		n += ph.Steps
	}
	return n
}

func validateDelta(delta float64) error {
	if !(delta >= MinDelta && delta < 1) {
		return fmt.Errorf("delta %v: must be in (0, 1), and at least %g", delta, MinDelta)
	}
	return nil
}

func validateEpsilon(epsilon float64) error {
	if !(epsilon >= 0 && epsilon <= MaxEpsilon) {
		return fmt.Errorf("epsilon %v: must be a finite number, at least 0, and at most %g", epsilon, MaxEpsilon)
	}
	return nil
}
