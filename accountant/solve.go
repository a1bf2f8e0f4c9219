package accountant

import (
	"fmt"
	"math"
)

// NoiseMultiplier returns the smallest noise multiplier, to ten digits, whose certified upper epsilon is at most epsilon
// at delta: it provably meets the target, and the next smaller ten-digit number does not.
func NoiseMultiplier(samplingRate float64, steps int64, epsilon, delta float64) (float64, error) {
	if err := checkTarget(Homogeneous(samplingRate, 1, steps), epsilon, delta); err != nil {
		return 0, err
	}
	e := newEngine()
	return leastNoise(epsilon, func(sigma float64) (float64, error) {
		r, err := e.certifiedEpsilon(Homogeneous(samplingRate, sigma, steps), delta)
		return r.Epsilon.Upper, err
	})
}

// RDPNoiseMultiplier is NoiseMultiplier by the Rényi bound: sound, and larger than needed.
func RDPNoiseMultiplier(samplingRate float64, steps int64, epsilon, delta float64) (float64, error) {
	if err := checkTarget(Homogeneous(samplingRate, 1, steps), epsilon, delta); err != nil {
		return 0, err
	}
	e := newEngine()
	return leastNoise(epsilon, func(sigma float64) (float64, error) {
		r, err := e.rdp(Homogeneous(samplingRate, sigma, steps), delta)
		return r.Epsilon.Upper, err
	})
}

func checkTarget(p Plan, epsilon, delta float64) error {
	if err := p.check(delta); err != nil {
		return err
	}
	if !(epsilon > 0) || math.IsInf(epsilon, 0) {
		return fmt.Errorf("epsilon %v: must be a finite number greater than 0", epsilon)
	}
	return nil
}

// leastNoise finds the least ten-digit sigma with price(sigma) ≤ epsilon; price falls. It brackets, interpolates in
// log-log, and ends by seeing the answer pass and its lower neighbour fail.
func leastNoise(epsilon float64, price func(float64) (float64, error)) (float64, error) {
	lo, hi := MinNoiseMultiplier, MaxNoiseMultiplier
	flo, fhi := math.Inf(1), 0.0
	x := 1.0
	for range 200 {
		x = onGrid(x)
		v, err := price(x)
		if err != nil {
			return 0, err
		}
		if v <= epsilon {
			hi, fhi = x, v
		} else {
			lo, flo = x, v
		}
		if below(hi) <= lo {
			break
		}
		x = nextNoise(lo, hi, flo, fhi, epsilon)
	}
	if fhi == 0 && hi == MaxNoiseMultiplier {
		return 0, fmt.Errorf("epsilon %v: no noise multiplier up to %g meets it", epsilon, MaxNoiseMultiplier)
	}
	return hi, nil
}

func nextNoise(lo, hi, flo, fhi, epsilon float64) float64 {
	switch {
	case math.IsInf(flo, 1):
		return math.Max(hi*0.6, below(hi)*0+MinNoiseMultiplier)
	case fhi == 0:
		return math.Min(lo*1.7, hi)
	}
	share := math.Log(flo/epsilon) / math.Log(flo/fhi)
	x := lo * math.Pow(hi/lo, share)
	margin := (hi - lo) * 1e-3
	if up := onGrid(x); up >= hi {
		return below(hi)
	} else if up <= lo {
		return math.Min(below(hi), lo+math.Max(margin, grid(lo)))
	}
	return x
}

// grid is the distance of neighbouring ten-digit numbers at x.
func grid(x float64) float64 { return math.Pow(10, math.Floor(math.Log10(x))-9) }

func onGrid(x float64) float64 { return round(x, grid(x)) }

func below(x float64) float64 { return round(x-grid(x), grid(x)) }

// round rounds to a multiple of a power of ten, through its decimal so that the result prints short.
func round(x, unit float64) float64 {
	digits := int(math.Round(-math.Log10(unit)))
	scale := math.Pow(10, float64(digits))
	return math.Round(x*scale) / scale
}
