package accountant

import (
	"fmt"
	"testing"
)

// The five settings that accountants are compared on.
var benchSettings = []struct {
	plan  Plan
	delta float64
}{
	{Homogeneous(0.0297, 0.65, 606), 1e-5},
	{Homogeneous(2000.0/392702, 0.6, 3534), 1e-6},
	{Homogeneous(0.01, 1, 1000), 1e-5},
	{Homogeneous(0.001, 0.8, 100000), 1e-7},
	{Homogeneous(1e-4, 0.5, 1000000), 1e-10},
}

// BenchmarkEpsilon is one certified epsilon, both directions, its memory included.
func BenchmarkEpsilon(b *testing.B) {
	for i, s := range benchSettings {
		b.Run(fmt.Sprint(i+1), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Epsilon(s.plan, s.delta); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNoise is the noise multiplier for (8, 1e-5), (3, 1e-5) and (1, 1e-5).
func BenchmarkNoise(b *testing.B) {
	for _, epsilon := range []float64{8, 3, 1} {
		for i, s := range benchSettings {
			b.Run(fmt.Sprintf("%v/%d", epsilon, i+1), func(b *testing.B) {
				for b.Loop() {
					ph := s.plan.Phases[0]
					if _, err := NoiseMultiplier(ph.SamplingRate, ph.Steps, epsilon, 1e-5); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkHard is one certified epsilon of plans for the bent contour: two steps, rare steps, heavy tails.
func BenchmarkHard(b *testing.B) {
	for _, c := range []struct {
		plan  Plan
		delta float64
	}{
		{Homogeneous(0.02, 1, 2), 1e-6},
		{Homogeneous(0.1, 0.5, 10), 1e-7},
		{Homogeneous(1e-5, 0.6, 100), 1e-8},
		{Homogeneous(1e-4, 1, 100000), 1e-8},
	} {
		ph := c.plan.Phases[0]
		b.Run(fmt.Sprintf("%v/%v/%d", ph.SamplingRate, ph.NoiseMultiplier, ph.Steps), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Epsilon(c.plan, c.delta); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
