package eval

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is a value with the two-sided 95 % interval around it. Lower <= Value <= Upper.
type Estimate struct {
	Value float64 `json:"value"`
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

// z95 is the 0.975 quantile of the standard normal distribution.
const z95 = 1.959963984540054

// Wilson gives the share successes/n with its 95 % score interval
//
//	(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//
// which, unlike the textbook p ± z√(p(1-p)/n), keeps its level near 0 and 1 and for small n (Wilson 1927; Brown, Cai
// and DasGupta 2001). n >= 1 and 0 <= successes <= n.
func Wilson(successes, n int) Estimate {
	p, m := float64(successes)/float64(n), float64(n)
	center := (p + z95*z95/(2*m)) / (1 + z95*z95/m)
	half := z95 * math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m)) / (1 + z95*z95/m)
	return Estimate{p, max(0, min(p, center-half)), min(1, max(p, center+half))}
}

// ClopperPearson gives the share successes/n with the exact interval of the given confidence in (0, 1), from the
// quantiles of the beta distribution (Clopper and Pearson 1934). It never covers less than it says.
func ClopperPearson(successes, n int, confidence float64) Estimate {
	tail, k, m := (1-confidence)/2, float64(successes), float64(n)
	e := Estimate{Value: k / m, Lower: 0, Upper: 1}
	if successes > 0 {
		e.Lower = mathext.InvRegIncBeta(k, m-k+1, tail)
	}
	if successes < n {
		e.Upper = mathext.InvRegIncBeta(k+1, m-k, 1-tail)
	}
	return e
}

// bootstrapResamples is the number of resamples behind a bootstrap interval; the ends of a 95 % interval then have a
// standard error of about 0.02 of its length.
const bootstrapResamples = 10000

// bootstrap gives the percentile interval of a statistic of a table of counts. Resampling rows with replacement is
// the same as drawing the table from the multinomial distribution with the observed shares, so each resample costs
// one binomial a cell and not one draw a row. The generator is seeded by a constant: the interval is a function of
// the counts alone.
func bootstrap(counts []int, statistic func(counts []int) float64) Estimate {
	source := rand.NewPCG(0x6577_7475_6e65, 0x626f_6f74)
	drawn := make([]int, len(counts))
	values := make([]float64, bootstrapResamples)
	for i := range values {
		multinomial(drawn, counts, source)
		values[i] = statistic(drawn)
	}
	slices.Sort(values)
	value, last := statistic(counts), float64(len(values)-1)
	lower, upper := values[int(0.025*last)], values[int(math.Ceil(0.975*last))]
	return Estimate{value, min(value, lower), max(value, upper)}
}

// multinomial draws as many rows as counts holds, with the shares of counts.
func multinomial(drawn, counts []int, source rand.Source) {
	left, weight := 0, 0
	for _, count := range counts {
		left += count
	}
	weight = left
	for i, count := range counts {
		switch {
		case count == 0 || left == 0:
			drawn[i] = 0
		case count == weight:
			drawn[i] = left
		default:
			share := float64(count) / float64(weight)
			drawn[i] = int(distuv.Binomial{N: float64(left), P: share, Src: source}.Rand())
		}
		left, weight = left-drawn[i], weight-count
	}
}
