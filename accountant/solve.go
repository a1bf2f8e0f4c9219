package accountant

import (
	"fmt"
	"math"
)

// NoiseMultiplier returns the smallest noise multiplier, to ten digits, whose certified upper epsilon is at most epsilon
// at delta: it provably meets the target, and the next smaller ten-digit number does not.
func NoiseMultiplier(samplingRate float64, steps int64, epsilon, delta float64) (float64, error) {
	return SolveNoise(Homogeneous(samplingRate, 1, steps), epsilon, delta)
}

// MaxSteps returns the largest number of steps whose certified upper epsilon is at most epsilon at delta.
func MaxSteps(samplingRate, noiseMultiplier, epsilon, delta float64) (int64, error) {
	return SolveSteps(Homogeneous(samplingRate, noiseMultiplier, 1), epsilon, delta)
}

// MaxSamplingRate returns the largest sampling rate, to ten digits, whose certified upper epsilon is at most epsilon at
// delta.
func MaxSamplingRate(noiseMultiplier float64, steps int64, epsilon, delta float64) (float64, error) {
	return SolveRate(Homogeneous(1, noiseMultiplier, steps), epsilon, delta)
}

// SolveNoise is [NoiseMultiplier] for any plan: all its phases get the noise multiplier that is found.
func SolveNoise(p Plan, epsilon, delta float64) (float64, error) {
	if err := checkTarget(p.withNoise(1), epsilon, delta); err != nil {
		return 0, err
	}
	return p.searched(p.withNoise, epsilon, delta, search{low: MinNoiseMultiplier, high: MaxNoiseMultiplier, falls: true, name: "noise multiplier"}).run()
}

// SolveRate is [MaxSamplingRate] for any plan: all its phases get the sampling rate that is found.
func SolveRate(p Plan, epsilon, delta float64) (float64, error) {
	if err := checkTarget(p.withRate(1), epsilon, delta); err != nil {
		return 0, err
	}
	return p.searched(p.withRate, epsilon, delta, search{low: MinSamplingRate, high: 1, name: "sampling rate"}).run()
}

// SolveSteps is [MaxSteps] for a plan of one phase.
func SolveSteps(p Plan, epsilon, delta float64) (int64, error) {
	if len(p.Phases) != 1 {
		return 0, fmt.Errorf("phases %d: steps are solved for plans of one phase", len(p.Phases))
	}
	if err := checkTarget(p.withSteps(1), epsilon, delta); err != nil {
		return 0, err
	}
	with := func(x float64) Plan { return p.withSteps(int64(x)) }
	s := p.searched(with, epsilon, delta, search{low: 1, high: MaxSteps64, whole: true, name: "number of steps"})
	steps, err := s.run()
	if err != nil && s.costly == 1 {
		return 0, fmt.Errorf("epsilon %v: a single step costs more", epsilon)
	}
	return int64(steps), err
}

// searched completes a search for the certified upper epsilon of the plan that an argument makes.
func (p Plan) searched(with func(float64) Plan, epsilon, delta float64, s search) *search {
	e := newEngine()
	s.epsilon = epsilon
	s.price = func(x float64) (float64, error) { return e.atMost(with(x), epsilon, delta) }
	s.rough = func(x float64) float64 { return e.rough(with(x), delta) }
	s.near = func(x float64, again bool) (float64, bool) { return e.near(with(x), epsilon, delta, again) }
	if p.sampler() == TruncatedPoisson && p.Tuning == nil { // atMost has a stand-in for its price
		s.prove = func(x float64) (float64, error) { return e.upper(with(x), delta) }
	}
	return &s
}

// RDPNoiseMultiplier is [NoiseMultiplier] by the Rényi bound: sound, and larger than needed.
func RDPNoiseMultiplier(samplingRate float64, steps int64, epsilon, delta float64) (float64, error) {
	p := Homogeneous(samplingRate, 1, steps)
	if err := checkTarget(p, epsilon, delta); err != nil {
		return 0, err
	}
	e := newEngine()
	s := search{epsilon: epsilon, low: MinNoiseMultiplier, high: MaxNoiseMultiplier, falls: true, name: "noise multiplier",
		price: func(x float64) (float64, error) {
			r, err := e.rdp(p.withNoise(x), delta)
			return r.Epsilon.Upper, err
		},
		rough: func(x float64) float64 { return e.rough(p.withNoise(x), delta) },
	}
	return s.run()
}

// atMost returns the certified upper epsilon, of one direction only where that is above epsilon already.
func (e *engine) atMost(p Plan, epsilon, delta float64) (float64, error) {
	if p.sampler() == TruncatedPoisson && p.Tuning == nil {
		return e.cappedPrice(p, epsilon, delta)
	}
	if p.sampler() != Poisson || p.Tuning != nil {
		return e.upper(p, delta)
	}
	var v Interval // of the directions so far
	for _, one := range p.problems() {
		if v = worse(v, e.epsilon(&one, delta, v.Upper)); v.Upper > epsilon {
			break
		}
	}
	return v.Upper, nil
}

// upper returns the certified upper epsilon.
func (e *engine) upper(p Plan, delta float64) (float64, error) {
	r, err := e.price(p, delta)
	return r.Epsilon.Upper, err
}

// near estimates ε where it is near epsilon, by Remove, which is nearly always the worse direction.
func (e *engine) near(p Plan, epsilon, delta float64, again bool) (float64, bool) {
	if p.sampler() != Poisson || p.Tuning != nil {
		return 0, false
	}
	return e.small.EpsilonNear(&p.problems()[0], delta, epsilon, &e.stand, again)
}

func checkTarget(p Plan, epsilon, delta float64) error {
	if err := p.check(delta); err != nil {
		return err
	}
	if !(epsilon > 0 && epsilon <= MaxEpsilon) {
		return fmt.Errorf("epsilon %v: must be a finite number greater than 0, and at most %g", epsilon, MaxEpsilon)
	}
	return nil
}

func (p Plan) with(change func(*Phase)) Plan {
	phases := make([]Phase, len(p.Phases))
	for i, ph := range p.Phases {
		change(&ph)
		phases[i] = ph
	}
	p.Phases = phases
	return p
}

func (p Plan) withNoise(x float64) Plan { return p.with(func(ph *Phase) { ph.NoiseMultiplier = x }) }
func (p Plan) withRate(x float64) Plan  { return p.with(func(ph *Phase) { ph.SamplingRate = x }) }
func (p Plan) withSteps(t int64) Plan   { return p.with(func(ph *Phase) { ph.Steps = t }) }

// rough returns a quick estimate of ε for a solver's start, NaN where there is none.
func (e *engine) rough(p Plan, delta float64) float64 {
	if p.sampler() != Poisson && p.sampler() != TruncatedPoisson || p.Tuning != nil {
		return math.NaN()
	}
	both := p.problems()
	v, ok := e.small.RoughEpsilon(&both[0], delta)
	if !ok {
		return math.NaN()
	}
	return v
}
