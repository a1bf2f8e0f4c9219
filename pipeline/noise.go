package pipeline

import (
	"fmt"

	"github.com/ewtune/ewtune/accountant"
)

// Accountants that can set noise.
const (
	Certified = "certified" // the least noise whose certified upper epsilon is within the budget
	RDP       = "rdp"       // by Rényi differential privacy: sound, and more than is needed
	Edgeworth = "edgeworth" // by the first-order estimate of the paper's code: less than is needed
)

// CheckAccountant refuses an accountant that is unknown, and one that is an estimate unless that was asked for.
func CheckAccountant(name string, allowEstimate bool) error {
	switch name {
	case Certified, RDP:
		return nil
	case Edgeworth:
		if allowEstimate {
			return nil
		}
		return fmt.Errorf("accountant %s: is an estimate that under-reports, so it sets no noise; --allow-estimate does it all the same and marks the claim \"estimate, not a guarantee\"", name)
	}
	return fmt.Errorf("accountant %q: must be %s, %s or %s", name, Certified, RDP, Edgeworth)
}

// NoiseMultiplier is the noise multiplier that the named accountant holds sufficient for (epsilon, delta).
func NoiseMultiplier(name string, samplingRate float64, steps int64, epsilon, delta float64) (float64, error) {
	switch name {
	case Certified:
		return accountant.NoiseMultiplier(samplingRate, steps, epsilon, delta)
	case RDP:
		return accountant.RDPNoiseMultiplier(samplingRate, steps, epsilon, delta)
	case Edgeworth:
		return accountant.PaperNoiseMultiplier(samplingRate, steps, epsilon, delta)
	}
	return 0, fmt.Errorf("accountant %q: must be %s, %s or %s", name, Certified, RDP, Edgeworth)
}
