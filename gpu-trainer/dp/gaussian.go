package dp

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
)

// Gaussian draws round(s·Z), Z exactly standard normal and s a float64: the noise of one coordinate on the grid.
//
// # Why the result is exact
//
// No floating-point number is ever the sample. |Z| has a density proportional to F(z) = K exp(-z²/2), K an integer.
// Cut [0, ∞) into bins of width w = 2⁻⁷. For bin b take integers
//
//	core_b ≤ F((b+1)w)              everywhere under the curve
//	core_b + wedge_b ≥ F(bw)        everywhere above it
//
// A 63-bit word picks a core, a wedge, the tail or nothing with probabilities exactly core_b/2⁶³, wedge_b/2⁶³, ... The rest
// of the sample is z = (b + X)w with X uniform on [0, 1). A core is accepted at once; a wedge if core_b + U·wedge_b < F(z), U
// uniform; nothing starts over. So the accepted (z, height) is uniform under F, and z has the density F/∫F: von Neumann's
// rejection, for any such integers. The tail beyond 1023w is cut into unit blocks under the heights 2^(tailBits-j).
//
// X and U are infinite sequences of random bits of which 64 are drawn first. A wedge is decided from the interval that the drawn
// bits leave: in float64 where the margin is 2¹¹ times the worst error, else in big.Float with 64 bits more at a time until both ends agree.
// The bits of X that were not drawn stay uniform and independent of the decision, since it holds for all of them.
//
// The result is round(s·w·(b + X)). s·w = m·2^e with an integer m, so for 64 drawn bits x the product m·(b·2⁶⁴ + x) is an
// exact 128-bit integer, and the true value lies less than m above it. If both ends round alike the result is known; else (probability
// about s·2⁻⁷¹) 64 more bits of X are drawn. Hence the result has exactly the law of the rounded ideal Gaussian, given random bits
// (Karney 2016 does the same with another decomposition, at an expected 26 bits and far more branches a number).
type Gaussian struct {
	mantissa uint64 // m
	shift    uint   // 64 - e, in [68, 123]: the bits of the product below the point
}

// Bounds of the scale of a Gaussian, in grid steps.
const (
	MinScale = 1
	MaxScale = 1 << 55
)

// MaxNoise bounds |noise|. The ideal Gaussian exceeds it with probability below exp(-2000); the sampler would panic.
const MaxNoise = 1 << 61

const (
	bins     = 1023 // of width 2⁻⁷; the tail begins at 1023/128 = 7.992
	binBits  = 7
	columns  = bins + 1
	slow     = bins // the table's entry for wedges, tail and nothing
	cutBits  = 53   // a column holds 2⁵³ of the 2⁶³ units
	tailBits = 10   // F(1023/128) < 2¹⁰ in units of a bin's height; checked in newTable
)

// NewGaussian prepares noise of standard deviation scale, in [MinScale, MaxScale] grid steps.
func NewGaussian(scale float64) (Gaussian, error) {
	if !(scale >= MinScale && scale <= MaxScale) {
		return Gaussian{}, fmt.Errorf("noise scale %v: must be in [%d, %d] grid steps", scale, MinScale, int64(MaxScale))
	}
	fraction, exponent := math.Frexp(scale)
	// scale·w = m·2^(exponent-53-7), and the drawn product carries 64 bits more.
	return Gaussian{uint64(fraction * (1 << 53)), uint(64 + 53 + binBits - exponent)}, nil
}

// noiseBlock is how many numbers share one stream; blocks are drawn in parallel and do not depend on who draws them. noiseChunk of
// them are held at a time.
const (
	noiseBlock = 1 << 20
	noiseChunk = 1 << 10
)

// AddTo adds the noise of one step to sum. What it adds depends on key, step and len(sum) only, not on the threads.
func (g Gaussian) AddTo(key Key, step uint64, sum []int64) {
	jobs := make(chan uint64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var s Stream
			noise := make([]int64, min(noiseChunk, len(sum)))
			for block := range jobs {
				s.open(key, DomainNoise, step, block)
				g.addTo(&s, noise, sum[block*noiseBlock:min((block+1)*noiseBlock, uint64(len(sum)))])
			}
		})
	}
	for block := range (uint64(len(sum)) + noiseBlock - 1) / noiseBlock {
		jobs <- block
	}
	close(jobs)
	workers.Wait()
}

// addTo adds one block.
func (g Gaussian) addTo(s *Stream, noise, sum []int64) {
	for part := range slices.Chunk(sum, noiseChunk) {
		g.Draw(s, noise[:len(part)])
		for i, v := range noise[:len(part)] {
			part[i] += v
		}
	}
}

// Draw writes independent numbers from one stream.
func (g Gaussian) Draw(s *Stream, out []int64) {
	t := table()
	for i := range out {
		if s.used+16 > streamBuffer {
			s.refill()
		}
		pair := s.buffer[s.used : s.used+16]
		s.used += 16
		word, x := binary.LittleEndian.Uint64(pair), binary.LittleEndian.Uint64(pair[8:])
		bin := t.pick(word)
		magnitude, known := g.roundFast(bin, x)
		if bin == slow || !known {
			magnitude = g.finish(s, bin, x)
		}
		out[i] = signed(word, magnitude)
	}
}

// roundFast is ⌊s·w·(bin + x/2⁶⁴ + t) + ½⌋ where that is the same for all t in [0, 2⁻⁶⁴). The product plus one half is high·2⁶⁴ + low
// with shift bits below the point; adding t adds less than m < 2⁵³, which carries past the point only if all bits from 64 to shift are ones.
func (g Gaussian) roundFast(bin, x uint64) (rounded int64, known bool) {
	places := g.shift - 64 // of the upper word
	high, low := bits.Mul64(g.mantissa, x)
	high += g.mantissa*bin + 1<<(places-1)
	fraction := uint64(1)<<places - 1
	return int64(high >> places), high&fraction != fraction || low <= -g.mantissa
}

// signed applies the sign bit of the word that picked the bin; no other use is made of that bit.
func signed(word uint64, magnitude int64) int64 {
	sign := int64(word) >> 63
	return (magnitude ^ sign) - sign
}
