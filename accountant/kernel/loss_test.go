package kernel

import (
	"math"
	"math/big"
	"testing"
)

// The loss of a group is within what logMix promises of log Σ C(k,j) qʲ (1−q)^(k−j) e^(jz/σ − j²/2σ²) in 300 bits, also where
// a part's exponent is large and the part still small.
func TestGroupLoss(t *testing.T) {
	for _, c := range []struct {
		q, sigma float64
		k        int
	}{{1e-6, 0.3, 2}, {0.0045, 0.358, 3}, {0.0119, 0.85, 3}, {0.3, 1, 4}, {1e-3, 5, 2}} {
		for z := -9.0; z < 40; z += 0.37 {
			sum, zero := bigOf(0), bigOf(0)
			for j := 0; j <= c.k; j++ {
				term := bigOf(1)
				for i := range j {
					term = bigMul(term, bigMul(bigOf(c.q), new(big.Float).SetPrec(testBits).Quo(bigOf(float64(c.k-i)), bigOf(float64(i+1)))))
				}
				for range c.k - j {
					term = bigMul(term, bigAdd(bigOf(1), bigOf(-c.q)))
				}
				f := float64(j)
				a := new(big.Float).SetPrec(testBits).Quo(bigOf(f*z), bigOf(c.sigma))
				b := new(big.Float).SetPrec(testBits).Quo(bigOf(f*f/2), bigMul(bigOf(c.sigma), bigOf(c.sigma)))
				e, _ := bigCexp(bigAdd(a, b.Neg(b)), zero)
				sum = bigAdd(sum, bigMul(term, e))
			}
			got, slope := logMix(z, c.sigma, c.q, c.k)
			back, _ := bigCexp(bigOf(-got), zero)
			gap, _ := bigAdd(bigMul(back, sum), bigOf(-1)).Float64() // log A − got
			allowed := unit * (6*math.Abs(got) + 4*slope*(math.Abs(z)/c.sigma+float64(c.k)/(c.sigma*c.sigma)) + groupUnits(z, c.sigma, c.q, c.k, got, slope))
			if math.Abs(gap) > allowed {
				t.Errorf("%+v, z = %v: log A is %v, off by %g, %g is promised", c, z, got, gap, allowed)
			}
		}
	}
}
