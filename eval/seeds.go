package eval

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// MinSeeds is the fewest pairs of seeds that can show a difference at level 0.05: with n pairs no one-sided p-value of
// a rank test is below 2^-n, and 2^-5 = 0.031.
const MinSeeds = 5

// SeedTest compares two settings that ran with the same seeds.
type SeedTest struct {
	Seeds      int      `json:"seeds"`
	Difference Estimate `json:"difference"` // mean of new - old over seeds, with Student's 95 % interval
	P          float64  `json:"p"`          // two-sided Wilcoxon signed-rank test
	PDrop      float64  `json:"p_drop"`     // one-sided: is the new setting worse?
}

// TestSeeds tests the differences new[i] - old[i] of the same seeds with Wilcoxon's signed-rank test, its null
// distribution computed exactly (ties share their mean rank, zero differences are dropped). At least [MinSeeds] pairs.
func TestSeeds(old, new []float64) (SeedTest, error) {
	if len(old) != len(new) {
		return SeedTest{}, fmt.Errorf("seeds: %d old and %d new: each seed must be in both", len(old), len(new))
	}
	if len(old) < MinSeeds {
		return SeedTest{}, fmt.Errorf("seeds %d: at least %d pairs, fewer cannot reach p < 0.05", len(old), MinSeeds)
	}
	differences := make([]float64, len(old))
	for i := range old {
		// Rounded, so that equal differences of decimal shares tie whatever their last bits.
		differences[i] = math.Round((new[i]-old[i])*1e12) / 1e12
	}
	drop, rise := signedRank(differences)
	return SeedTest{len(old), MeanEstimate(differences), min(1, 2*min(drop, rise)), drop}, nil
}

// MeanEstimate is the mean of values with Student's 95 % interval; of one value the interval is the value alone.
func MeanEstimate(values []float64) Estimate {
	if len(values) == 1 {
		return Estimate{values[0], values[0], values[0]}
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
	return Estimate{mean, mean - half, mean + half}
}

// signedRank gives P[W <= w] and P[W >= w] of W, the sum of the ranks of the positive differences, when each sign is
// a fair coin.
func signedRank(differences []float64) (drop, rise float64) {
	ranks, positive := doubledRanks(differences)
	total := 0
	for _, r := range ranks {
		total += r
	}
	// ways[s] is the probability that the positive doubled ranks sum to s.
	ways := make([]float64, total+1)
	ways[0] = 1
	for _, r := range ranks {
		for s := total; s >= 0; s-- {
			ways[s] /= 2
			if s >= r {
				ways[s] += ways[s-r] / 2
			}
		}
	}
	for s, p := range ways {
		if s <= positive {
			drop += p
		}
		if s >= positive {
			rise += p
		}
	}
	return min(1, drop), min(1, rise)
}

// doubledRanks ranks the nonzero |differences|, ties sharing their mean rank; doubled, all ranks are integers. It
// also gives the sum over the positive differences.
func doubledRanks(differences []float64) (ranks []int, positive int) {
	nonzero := slices.DeleteFunc(slices.Clone(differences), func(d float64) bool { return d == 0 })
	slices.SortFunc(nonzero, func(a, b float64) int {
		switch abs := math.Abs(a) - math.Abs(b); {
		case abs < 0:
			return -1
		case abs > 0:
			return 1
		}
		return 0
	})
	ranks = make([]int, len(nonzero))
	for first := 0; first < len(nonzero); {
		last := first
		for last+1 < len(nonzero) && math.Abs(nonzero[last+1]) == math.Abs(nonzero[first]) {
			last++
		}
		for i := first; i <= last; i++ {
			ranks[i] = first + last + 2 // twice the mean of ranks first+1..last+1
			if nonzero[i] > 0 {
				positive += ranks[i]
			}
		}
		first = last + 1
	}
	return ranks, positive
}

// ascending gives the positions of values in ascending order.
func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	return order
}
