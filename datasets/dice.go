package datasets

import (
	"math/bits"
	"math/rand/v2"
)

// dice makes the grammar's choices. One stream belongs to one row, so that rows can be made in any order.
type dice struct{ source rand.PCG }

// reseed starts the stream of attempt number draw for a row.
func (d *dice) reseed(seed, stream, row uint64) {
	d.source.Seed(mix(seed^mix(stream)), mix(row))
}

// below gives a number from 0 to n-1. The bias of the multiplication, below n/2^64, is of no concern to text.
func (d *dice) below(n int) int {
	high, _ := bits.Mul64(d.source.Uint64(), uint64(n))
	return int(high)
}

// chance is true in percent of 100 throws.
func (d *dice) chance(percent int) bool { return d.below(100) < percent }

// pick chooses a word.
func (d *dice) pick(words []string) string { return words[d.below(len(words))] }

// common chooses a word by rank: the n-th of the list has weight 1/n(n+1), so that the first is half of the whole, as a
// few words are of most talk.
func (d *dice) common(words []string) string {
	const scale = 27720
	total := 0
	for i := range words {
		total += scale / ((i + 1) * (i + 2))
	}
	at := d.below(total)
	for i, w := range words {
		if at -= scale / ((i + 1) * (i + 2)); at < 0 {
			return w
		}
	}
	panic("unreachable: the throw is below the total")
}

// other chooses a word that differs from not.
func (d *dice) other(words []string, not string) string {
	for {
		if w := d.pick(words); w != not {
			return w
		}
	}
}

// otherThan chooses a number from 0 to n-1 that differs from not.
func (d *dice) otherThan(n, not int) int { return (not + 1 + d.below(n-1)) % n }

// weighted chooses an index with probability proportional to its weight.
func (d *dice) weighted(weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	at := d.below(total)
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	panic("unreachable: the throw is below the total")
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood 2014): every input bit reaches every output bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
