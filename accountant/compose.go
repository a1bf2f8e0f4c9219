package accountant

import (
	"fmt"
	"sort"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// first returns the plan of the first t steps, 1 ≤ t ≤ Steps().
func (p Plan) first(t int64) Plan {
	var phases []Phase
	for _, ph := range p.Phases {
		if t == 0 {
			break
		}
		ph.Steps = min(ph.Steps, t)
		t -= ph.Steps
		phases = append(phases, ph)
	}
	p.Phases = phases
	return p
}

// Repeat returns the plan run n ≥ 1 times one after another. More steps than are priced are refused when it is.
func (p Plan) Repeat(n int64) Plan {
	phases := make([]Phase, len(p.Phases))
	for i, ph := range p.Phases {
		if ph.Steps > 0 && n > MaxSteps64/ph.Steps {
			ph.Steps = MaxSteps64 + 1 // and no overflow
		} else {
			ph.Steps *= n
		}
		phases[i] = ph
	}
	p.Phases = phases
	return p
}

// Compose returns the plan of running all of several plans. They must agree in all but their phases, and in the size of the
// data set only where lots are cut, for there it counts; else it is the largest.
func Compose(plans ...Plan) (Plan, error) {
	if len(plans) == 0 {
		return Plan{}, fmt.Errorf("plans 0: must be at least 1")
	}
	out := plans[0]
	out.Phases = nil
	for _, p := range plans {
		if p.sampler() != out.sampler() || p.adjacency() != out.adjacency() || p.group() != out.group() || p.MaxLot != out.MaxLot {
			return Plan{}, fmt.Errorf("plans: sampler, adjacency, group size and cap must agree, found %s, %s, %d, %d and %s, %s, %d, %d",
				out.sampler(), out.adjacency(), out.group(), out.MaxLot, p.sampler(), p.adjacency(), p.group(), p.MaxLot)
		}
		if out.sampler() == TruncatedPoisson && p.DatasetSize != out.DatasetSize {
			return Plan{}, fmt.Errorf("plans: the data sets of lots that are cut must be of one size, found %d and %d", out.DatasetSize, p.DatasetSize)
		}
		out.DatasetSize = max(out.DatasetSize, p.DatasetSize)
		if p.Tuning != nil {
			return Plan{}, fmt.Errorf("plans: a tuned run cannot be composed with others")
		}
		out.Phases = append(out.Phases, p.Phases...)
	}
	return out, nil
}

// canonical returns the phases as the kernel takes them: equal ones merged, in one order, so that every grouping of the
// same steps gives the same bits.
func (p Plan) canonical() []kernel.Phase {
	phases := make([]kernel.Phase, len(p.Phases))
	for i, ph := range p.Phases {
		phases[i] = kernel.Phase{Rate: ph.SamplingRate, Noise: ph.NoiseMultiplier, Steps: float64(ph.Steps)}
	}
	sort.Slice(phases, func(i, j int) bool {
		if phases[i].Rate != phases[j].Rate {
			return phases[i].Rate < phases[j].Rate
		}
		return phases[i].Noise < phases[j].Noise
	})
	merged := phases[:0]
	for _, ph := range phases {
		if n := len(merged); n > 0 && merged[n-1].Rate == ph.Rate && merged[n-1].Noise == ph.Noise {
			merged[n-1].Steps += ph.Steps
			continue
		}
		merged = append(merged, ph)
	}
	return merged
}
