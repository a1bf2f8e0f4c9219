package dp

import (
	"fmt"
	"math"
)

// checkFalseAlarm is the probability with which one of the comparisons of CheckNoise fails on a sampler that is right.
const checkFalseAlarm = 1e-10

// CheckNoise draws 65,536 numbers from a stream of the key that serves nothing else and compares them with the
// normal: a broken random generator, table or processor is found before it trains anything. It takes a millisecond.
//
// With n numbers and L = log(2/α), α = 1e-10, these hold but with probability α each:
//
//	mean        |Σz| ≤ 6.5√n                           Σz is normal; Pr[|Z| > 6.5] = 8e-11
//	variance    |Σz² - n| ≤ 2√(nL) + 2L                Laurent and Massart 2000, lemma 1
//	tail        |#{|z| > 3} - np| ≤ √(2np(1-p)L) + 2L/3   Bernstein, p = Pr[|Z| > 3]
//	resolution  each of the 16 low bits is set within √(nL/2) of n/2 times    Hoeffding; at scale 2⁴⁴ they are fair coins to 2⁻²⁷
//
// So a sound sampler is refused with probability below 19·1e-10.
func CheckNoise(key Key) error {
	const n, scale = 1 << 16, 1 << 44
	g, err := NewGaussian(scale)
	if err != nil {
		return err
	}
	drawn := make([]int64, n)
	g.Draw(key, DomainCheck, 0, drawn)
	return checkNormal(drawn, scale)
}

func checkNormal(drawn []int64, scale float64) error {
	var sum, squares, beyond float64
	var set [16]float64
	for _, v := range drawn {
		z := float64(v) / scale
		sum += z
		squares += z * z
		if math.Abs(z) > 3 {
			beyond++
		}
		for bit := range set {
			set[bit] += float64(v >> bit & 1)
		}
	}
	n, l := float64(len(drawn)), math.Log(2/checkFalseAlarm)
	p := math.Erfc(3 / math.Sqrt2)
	type comparison struct {
		name             string
		got, want, bound float64
	}
	comparisons := []comparison{
		{"sum", sum, 0, 6.5 * math.Sqrt(n)},
		{"sum of squares", squares, n, 2*math.Sqrt(n*l) + 2*l},
		{"numbers beyond 3", beyond, n * p, math.Sqrt(2*n*p*(1-p)*l) + 2*l/3},
	}
	for bit, count := range set {
		comparisons = append(comparisons, comparison{fmt.Sprintf("bit %d", bit), count, n / 2, math.Sqrt(n * l / 2)})
	}
	for _, c := range comparisons {
		if !(math.Abs(c.got-c.want) <= c.bound) {
			return fmt.Errorf("noise: %s is %v, want %v within %.4g: the random generator is broken", c.name, c.got, c.want, c.bound)
		}
	}
	return nil
}
