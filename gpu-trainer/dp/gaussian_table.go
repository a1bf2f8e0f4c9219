package dp

import (
	"math"
	"slices"
	"sync"
)

// peak is K. ∫F is K·128·√(π/2) = K·160.43 bins; with the wedges' excess, ½K, it stays just below 2⁶³ units, and the
// rest of the units pick nothing.
const peak = 57_310_000_000_000_000

// noiseTable holds the integers of the decomposition and the alias table (Walker 1977) over cores and the slow entry.
type noiseTable struct {
	core, wedge [bins]uint64
	upto        [bins]uint64    // running sums of wedge
	slowTotal   uint64          // 2⁶³ less all cores
	entry       [columns]uint64 // cut + alias·2⁵⁴: a column's units below cut are its own, the others alias's
}

const cutPlaces = cutBits + 1 // cut may be 2⁵³

// pick is the entry that a word's low 63 bits choose.
func (t *noiseTable) pick(word uint64) uint64 {
	column := word >> cutBits % columns
	entry := t.entry[column]
	if word%(1<<cutBits) < entry%(1<<cutPlaces) {
		return column
	}
	return entry >> cutPlaces
}

var table = sync.OnceValue(newTable)

func newTable() *noiseTable {
	t := &noiseTable{slowTotal: 1 << 63}
	height := func(b int) float64 { at := math.Ldexp(float64(b), -binBits); return peak * math.Exp(-at*at/2) }
	var running uint64
	for b := range bins {
		// math.Exp errs by less than 2⁻⁵⁰; a relative 2⁻⁴⁰ keeps core below the curve and core + wedge above it.
		t.core[b] = uint64(height(b+1) * (1 - 0x1p-40))
		t.wedge[b] = uint64(height(b)*(1+0x1p-40)) + 1 - t.core[b]
		running += t.wedge[b]
		t.upto[b] = running
		t.slowTotal -= t.core[b]
	}
	if t.slowTotal > 1<<62 || running+tailUnits > t.slowTotal || height(bins)*(1+0x1p-40) > 1<<tailBits {
		panic("dp: the normal's decomposition does not add up")
	}
	t.fillAlias(append(slices.Clone(t.core[:]), t.slowTotal))
	return t
}

// fillAlias cuts the weights, 2⁶³ in all, into columns of 2⁵³ with at most two entries each.
func (t *noiseTable) fillAlias(weight []uint64) {
	const unit = 1 << cutBits
	var small, large []int
	for entry, w := range weight {
		if w < unit {
			small = append(small, entry)
		} else {
			large = append(large, entry)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		entry, donor := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		t.entry[entry] = weight[entry] + uint64(donor)<<cutPlaces
		if weight[donor] -= unit - weight[entry]; weight[donor] < unit {
			large = large[:len(large)-1]
			small = append(small, donor)
		}
	}
	for _, entry := range large {
		t.entry[entry] = unit
	}
}
