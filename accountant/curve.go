package accountant

import (
	"fmt"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// Point is a point of a curve: the value at X enclosed.
type Point struct {
	X float64 `json:"x"`
	Interval
}

// Profile returns the privacy profile δ(ε) at the given epsilons.
func Profile(p Plan, epsilons []float64) ([]Point, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	e := newEngine()
	points := make([]Point, 0, len(epsilons))
	for _, eps := range epsilons {
		if err := validateEpsilon(eps); err != nil {
			return nil, err
		}
		r, err := e.certifiedDelta(p, eps)
		if err != nil {
			return nil, err
		}
		points = append(points, Point{eps, r.Delta})
	}
	return points, nil
}

// EpsilonOverSteps returns ε(delta) after each of the given numbers of a plan's steps, its phases in their order.
func EpsilonOverSteps(p Plan, delta float64, steps []int64) ([]Point, error) {
	if err := p.check(delta); err != nil {
		return nil, err
	}
	e := newEngine()
	points := make([]Point, 0, len(steps))
	for _, t := range steps {
		if t < 1 || t > p.Steps() {
			return nil, fmt.Errorf("steps %d: must be 1 to the plan's %d", t, p.Steps())
		}
		r, err := e.price(p.first(t), delta)
		if err != nil {
			return nil, err
		}
		points = append(points, Point{float64(t), r.Epsilon})
	}
	return points, nil
}

// EpsilonOverNoise returns ε(delta) at each of the given noise multipliers.
func EpsilonOverNoise(p Plan, delta float64, noise []float64) ([]Point, error) {
	e := newEngine()
	points := make([]Point, 0, len(noise))
	for _, sigma := range noise {
		if err := p.withNoise(sigma).check(delta); err != nil {
			return nil, err
		}
		r, err := e.price(p.withNoise(sigma), delta)
		if err != nil {
			return nil, err
		}
		points = append(points, Point{sigma, r.Epsilon})
	}
	return points, nil
}

// Attack bounds what a membership attacker can do.
type Attack struct {
	FalsePositiveRate float64 `json:"fpr"`
	TruePositiveRate  float64 `json:"tpr"`       // at most
	Advantage         float64 `json:"advantage"` // TPR − FPR at any threshold, at most: δ(0)
}

// Attacks bounds the true positive rate at the given false positive rates, and the advantage.
func Attacks(p Plan, rates []float64) ([]Attack, error) {
	curve, err := TradeOff(p, rates)
	if err != nil {
		return nil, err
	}
	r, err := Delta(p, 0)
	if err != nil {
		return nil, err
	}
	list := make([]Attack, 0, len(curve))
	for _, c := range curve {
		list = append(list, Attack{c.X, 1 - c.Lower, r.Delta.Upper})
	}
	return list, nil
}

// GaussianMu returns the μ of the Gaussian mechanism that has the same epsilon at delta: the μ-GDP equivalent of a point.
func GaussianMu(epsilon, delta float64) (float64, error) {
	if err := validateEpsilon(epsilon); err != nil {
		return 0, err
	}
	if err := validateDelta(delta); err != nil {
		return 0, err
	}
	lo, hi := 0.0, 1.0
	for kernel.GaussianDelta(hi, epsilon).Estimate < delta && hi < 1e8 {
		lo, hi = hi, 2*hi
	}
	for range 200 {
		mid := (lo + hi) / 2
		if mid <= lo || mid >= hi {
			break
		}
		if kernel.GaussianDelta(mid, epsilon).Estimate < delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi, nil
}
