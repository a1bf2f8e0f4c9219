package dp

import (
	"math"
	"math/bits"
	"slices"
	"sync"
)

// peak is K. ∫F is K·128·√(π/2) = K·160.43 bins; with the wedges' excess, ½K, it stays just below 2⁶³ units, and the
// rest of the units pick nothing.
const peak = 57_310_000_000_000_000

// noiseTable holds the integers of the decomposition and the alias table (Walker 1977) over cores and the slow entry.
type noiseTable struct {
	core, wedge [bins]uint64
	bend        [bins]uint64    // how far the curve over a wedge may be from a straight line, see straight
	upto        [bins]uint64    // running sums of wedge
	guide       [guides]uint16  // the first bin whose upto exceeds g<<guideShift
	slowTotal   uint64          // 2⁶³ less all cores
	entry       [columns]uint64 // cut + alias·2⁵⁴: a column's units below cut are its own, the others alias's
}

const cutPlaces = cutBits + 1 // cut may be 2⁵³

// guides cut the numbers below slowTotal, which is below 2⁵⁶, into ranges of 2^guideShift.
const (
	guides     = 1 << 10
	guideShift = 56 - 10
)

func (t *noiseTable) fillGuide() {
	bin := 0
	for g := range t.guide {
		for bin < bins && t.upto[bin] <= uint64(g)<<guideShift {
			bin++
		}
		t.guide[g] = uint16(bin)
	}
}

// wedgeOf is the first bin whose upto exceeds a number below slowTotal; bins if none does.
func (t *noiseTable) wedgeOf(pick uint64) int {
	bin := int(t.guide[pick>>guideShift])
	for bin < bins && t.upto[bin] <= pick {
		bin++
	}
	return bin
}

// bendOf is a bin's bend, in units of 2⁻⁶⁴. Over bin b the curve F is a chord from F(bw) to F((b+1)w), give or take
//
//	w²/8 max|F″|,  |F″(z)| = K|z²-1| exp(-z²/2) ≤ F(bw) max(1, (b+1)²w²),
//
// and the wedge's own ends are these two within 2⁻³⁹F(bw) + 1. So the line core + U·wedge meets F at X where U + X is
// 1 give or take the sum of the two over F(bw) - F((b+1)w), which is the wedge less at most twice the second.
func bendOf(b int, top, wedge float64) uint64 {
	end := math.Ldexp(float64(b+1), -binBits)
	curved := math.Ldexp(top*max(1, end*end), -2*binBits-3)
	ends := top*0x1p-39 + 1
	share := (curved + ends) / (wedge - 2*ends) * (1 + 0x1p-30)
	if !(share > 0 && share < 0.5) {
		return math.MaxUint64 // says nothing
	}
	return uint64(math.Ldexp(share, 64)) + 3 // what is below the unit, and the bits of U and X not drawn yet
}

// straight decides core + U·wedge < F(z) of a bin from the first 64 bits of U and X where the curve is near enough
// to a straight line: almost always.
func (t *noiseTable) straight(bin, u, x uint64) (below, known bool) {
	sum, carry := bits.Add64(u, x, 0)
	if bend := t.bend[bin]; carry == 0 {
		return true, bend != math.MaxUint64 && sum < -bend
	} else {
		return false, sum > bend
	}
}

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
		t.bend[b] = bendOf(b, height(b), float64(t.wedge[b]))
	}
	if t.slowTotal > 1<<56 || running+tailUnits > t.slowTotal || height(bins)*(1+0x1p-40) > 1<<tailBits {
		panic("dp: the normal's decomposition does not add up")
	}
	t.fillGuide()
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
