package dp

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
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
// A 63-bit word picks a core, a wedge, the tail or nothing with probabilities exactly core_b/2⁶³, wedge_b/2⁶³, ...
// The rest of the sample is z = (b + X)w with X uniform on [0, 1). A core is accepted at once; a wedge if core_b +
// U·wedge_b < F(z), U uniform; nothing starts over. So the accepted (z, height) is uniform under F, and z has the
// density F/∫F: von Neumann's rejection, for any such integers. The tail beyond 1023w is cut into unit blocks under
// the heights 2^(tailBits-j).
//
// X and U are infinite sequences of random bits of which 64 are drawn first. A wedge is decided from the interval
// that the drawn bits leave: in float64 where the margin is 2¹¹ times the worst error, else in big.Float with 64 bits
// more at a time until both ends agree. The bits of X that were not drawn stay uniform and independent of the
// decision, since it holds for all of them.
//
// The result is round(s·w·(b + X)). s·w = m·2^e with an integer m, so for 64 drawn bits x the product m·(b·2⁶⁴ + x)
// is an exact 128-bit integer, and the true value lies less than m above it. If both ends round alike the result is
// known; else (probability about s·2⁻⁷¹) 64 more bits of X are drawn. Hence the result has exactly the law of the
// rounded ideal Gaussian, given random bits (Karney 2016 does the same with another decomposition, at an expected 26
// bits and far more branches a number).
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

// NoiseBlock is how many numbers share one stream, of which whole chunks are drawn at a time.
const (
	NoiseBlock = 1 << 16
	NoiseChunk = 1 << 9
)

// Noise is the noise of one step: a number for each one of the released vector. It may be added by blocks, in any
// order and at the same time.
type Noise struct {
	gaussian Gaussian
	key      Key
	step     uint64
	drawings *sync.Pool
}

// Noise is what the key gives a step.
func (g Gaussian) Noise(key Key, step uint64) Noise {
	return Noise{g, key, step, &sync.Pool{New: func() any { return new(drawing) }}}
}

// From opens the noise of the numbers from, from+1, ..., from being a multiple of NoiseBlock. Each call of add adds
// the noise of the next len(sums) of them to their sums: whole chunks but for the last call, NoiseBlock in all at
// most. Everything else panics.
func (n Noise) From(from int) (add func(sums []int64)) {
	if from%NoiseBlock != 0 {
		panic(fmt.Sprintf("noise from number %d: must be a multiple of %d", from, NoiseBlock))
	}
	d, left := n.drawings.Get().(*drawing), NoiseBlock
	d.open(n.key, DomainNoise, n.step, uint64(from/NoiseBlock))
	return func(sums []int64) {
		if len(sums) > left {
			panic(fmt.Sprintf("noise of %d numbers: %d are left of the block", len(sums), left))
		}
		n.gaussian.add(d, sums)
		if left -= len(sums); len(sums)%NoiseChunk != 0 {
			left = 0
		}
		if left == 0 && d != nil {
			n.drawings.Put(d)
			d = nil
		}
	}
}

// AddTo adds the noise of the numbers from, from+1, ... to their sums, block by block.
func (n Noise) AddTo(sums []int64, from int) {
	for part := range slices.Chunk(sums, NoiseBlock) {
		n.From(from)(part)
		from += len(part)
	}
}

// Draw writes independent numbers of one use at one step, at most NoiseBlock.
func (g Gaussian) Draw(key Key, domain Domain, step uint64, out []int64) {
	var d drawing
	d.open(key, domain, step, 0)
	clear(out)
	g.add(&d, out)
}

// drawing is where the bits of one block of noise come from. Number i has bytes 16i to 16i+15 of the first stream;
// those few that need more have them from the second, in their order. So numbers can be drawn side by side.
type drawing struct {
	words keystream
	more  Stream
	pairs [2][16 * NoiseChunk]byte // of this chunk, and of the next
	turn  int                      // which of the two is this chunk's
	ready bool                     // it is there already
	open8 [NoiseChunk / 8]byte     // a bit for each number that was left open
}

func (d *drawing) open(key Key, domain Domain, step, block uint64) {
	d.words.open(key.derive(domain, step, block))
	d.more.open(key, domain+" more", step, block)
	d.ready = false
}

// bits are the random bits of the next n numbers, at most a chunk.
func (d *drawing) bits(n int) []byte {
	pairs := d.pairs[d.turn][:]
	if !d.ready {
		d.words.fill(pairs[:(16*n+keystreamChunk-1)/keystreamChunk*keystreamChunk]) // only the last part is shorter
	}
	d.ready = false
	return pairs
}

// add adds one block, or the next part of it.
func (g Gaussian) add(d *drawing, sum []int64) {
	for part := range slices.Chunk(sum, NoiseChunk) {
		pairs := d.bits(len(part))
		clear(d.open8[(len(part)+7)/8:])
		if len(part) == NoiseChunk && vectorAES() {
			g.addAhead(d, pairs, part)
		} else {
			g.addFast(pairs, part, d.open8[:])
		}
		for at := 0; at < len(d.open8); at += 8 {
			for open := binary.LittleEndian.Uint64(d.open8[at:]); open != 0; open &= open - 1 {
				i := 8*at + bits.TrailingZeros64(open)
				word, x := pair(pairs, i)
				part[i] += signed(word, g.finish(&d.more, table().pick(word), x))
			}
		}
	}
}

// addAhead is addFast of a whole chunk, beside which the bits of the next are enciphered.
func (g Gaussian) addAhead(d *drawing, pairs []byte, sum []int64) {
	d.turn, d.ready = 1-d.turn, true
	addVectorAhead(&pairs[0], &sum[0], NoiseChunk/8, &table().entry[0], g.mantissa, uint64(g.shift-64), &d.open8[0],
		&d.words.keys[0], d.words.take(NoiseChunk), &d.pairs[d.turn][0])
}

// pair is the random bits of number i: 63 bits pick a bin and one is the sign; the first 64 bits of X.
func pair(pairs []byte, i int) (word, x uint64) {
	return binary.LittleEndian.Uint64(pairs[16*i:]), binary.LittleEndian.Uint64(pairs[16*i+8:])
}

// addFast adds the numbers that fall into cores and are known from 64 bits of X, and sets a bit in open for each of
// the others.
func (g Gaussian) addFast(pairs []byte, sum []int64, open []byte) {
	t, done := table(), 0
	if groups := len(sum) / 8; groups > 0 && vectors() {
		addVector(&pairs[0], &sum[0], groups, &t.entry[0], g.mantissa, uint64(g.shift-64), &open[0])
		done = 8 * groups
	}
	for i := done; i < len(sum); i++ {
		word, x := pair(pairs, i)
		bin := t.pick(word)
		magnitude, known := g.roundFast(bin, x)
		if i%8 == 0 {
			open[i/8] = 0
		}
		if bin == slow || !known {
			open[i/8] |= 1 << (i % 8)
			continue
		}
		sum[i] += signed(word, magnitude)
	}
}

//go:generate go -C ../../tools/kernelgen run . -out ../../gpu-trainer/dp/vector_amd64.s -stubs ../../gpu-trainer/dp/vector_amd64.go -pkg dp

// roundFast is ⌊s·w·(bin + x/2⁶⁴ + t) + ½⌋ where that is the same for all t in [0, 2⁻⁶⁴). The product plus one half
// is high·2⁶⁴ + low with shift bits below the point; adding t adds less than m < 2⁵³, which carries past the point
// only if all bits from 64 to shift are ones.
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
