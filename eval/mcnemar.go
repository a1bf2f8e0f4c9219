package eval

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// McNemar compares two models on the same rows by the rows that only one of them predicts right.
type McNemar struct {
	Rows     int     `json:"rows"`
	Lost     int     `json:"lost"`      // right before, wrong now
	Gained   int     `json:"gained"`    // wrong before, right now
	P        float64 `json:"p"`         // two-sided mid-p: are they different?
	PDrop    float64 `json:"p_drop"`    // one-sided mid-p: is the new one worse?
	Visible  float64 `json:"visible"`   // smallest drop of accuracy that this test shows with power 0.8 at level 0.05
	Observed float64 `json:"discorded"` // share of rows that changed, (Lost+Gained)/Rows
}

// TestMcNemar computes the mid-p test of lost against gained rows out of n. Under equal accuracy, lost is binomial
// with n' = lost+gained and probability 1/2; the mid-p value counts half of the observed value's own probability
//
//	p_drop = P[X > lost] + ½ P[X = lost],   p = 2 min(p_drop, 1 - p_drop)
//
// It keeps its level where the exact test is too cautious (Fagerland, Lydersen and Laake 2013, section "mid-p").
func TestMcNemar(lost, gained, n int) McNemar {
	drop := midP(lost, lost+gained, 0.5)
	return McNemar{
		Rows: n, Lost: lost, Gained: gained,
		P:        min(1, 2*min(drop, midP(gained, lost+gained, 0.5))),
		PDrop:    drop,
		Visible:  VisibleDrop(n, lost+gained),
		Observed: ratio(lost+gained, n),
	}
}

// midP is P[X > k] + ½ P[X = k] for X binomial(n, p).
func midP(k, n int, p float64) float64 {
	if n == 0 {
		return 0.5
	}
	return atLeast(k+1, n, p) + distuv.Binomial{N: float64(n), P: p}.Prob(float64(k))/2
}

// atLeast is P[X >= k] for X binomial(n, p), as the regularised incomplete beta function I_p(k, n-k+1): unlike one
// minus the distribution function it keeps its digits where it is small.
func atLeast(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p)
}

// Level and Power of the tests behind verdicts: a verdict of "worse" is wrong in at most Level of equal pairs, and a
// drop of the size [VisibleDrop] is seen in Power of the cases.
const (
	Level = 0.05
	Power = 0.8
)

// VisibleDrop is the smallest drop of accuracy that the one-sided test at [Level] shows with probability [Power] on n
// rows of which changed are predicted differently by the two models (Connor 1987):
//
//	d = (z_α √ψ + z_β √(ψ - d²)) / √n,   ψ = changed / n
//
// It gives at most ψ, since no drop can be larger than the share of rows that changed. With no rows changed, one
// cannot be seen either: ψ is then taken as 1/n.
func VisibleDrop(n, changed int) float64 {
	const zAlpha, zBeta = 1.6448536269514722, 0.8416212335729143
	psi := max(ratio(changed, n), 1/float64(n))
	d := 0.0
	for range 64 { // a contraction: |derivative| < d/√(nψ)
		d = (zAlpha*math.Sqrt(psi) + zBeta*math.Sqrt(max(0, psi-d*d))) / math.Sqrt(float64(n))
	}
	return min(d, psi)
}

// PairedDifference is the difference of two paired shares, gained minus lost over n, with the 95 % interval of Bonett
// and Price (2012): Wald's after adding one row to each of the two counts of changed rows. Fagerland, Lydersen and
// Laake (2014) recommend it for its coverage.
func PairedDifference(lost, gained, n int) Estimate {
	m := float64(n) + 2
	up, down := (float64(gained)+1)/m, (float64(lost)+1)/m
	half := z95 * math.Sqrt((up+down-(up-down)*(up-down))/m)
	value := float64(gained-lost) / float64(n)
	return Estimate{value, max(-1, min(value, up-down-half)), min(1, max(value, up-down+half))}
}

// Holm adjusts p-values so that comparing each with a level keeps the chance of any false alarm below that level
// (Holm 1979): sorted ascending, the i-th of m becomes the largest of (m-j+1) p_j for j <= i, at most 1.
func Holm(p []float64) []float64 {
	order := ascending(p)
	adjusted, running := make([]float64, len(p)), 0.0
	for i, at := range order {
		running = max(running, min(1, float64(len(p)-i)*p[at]))
		adjusted[at] = running
	}
	return adjusted
}
