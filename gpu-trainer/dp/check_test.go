package dp

import (
	"strings"
	"testing"
)

func TestCheckNoise(t *testing.T) {
	for seed := range uint64(200) {
		if err := CheckNoise(KeyFromSeed(seed)); err != nil {
			t.Fatal(err)
		}
	}
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckNoise(key); err != nil {
		t.Error(err)
	}
}

// TestCheckNoiseFinds gives each comparison a fault that only it sees.
func TestCheckNoiseFinds(t *testing.T) {
	const scale = 1 << 44
	for want, fault := range map[string]func(i int, v int64) int64{
		"sum is":           func(i int, v int64) int64 { return v + scale/32 },
		"sum of squares":   func(i int, v int64) int64 { return v * 31 / 30 },
		"numbers beyond 3": func(i int, v int64) int64 { return min(max(v, -3*scale), 3*scale) },
		"bit 0":            func(i int, v int64) int64 { return v &^ 1 },
	} {
		drawn := make([]int64, 1<<16)
		mustGaussian(t, scale).Draw(KeyFromSeed(9), DomainCheck, 0, drawn)
		for i, v := range drawn {
			drawn[i] = fault(i, v)
		}
		if err := checkNormal(drawn, scale); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
