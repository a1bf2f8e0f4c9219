package dp

import (
	"math"
	"math/big"
	"math/bits"
)

// finish ends a number that the fast path left open: a wedge or the tail, or a rounding that 64 bits do not decide.
func (g Gaussian) finish(s *Stream, bin, x uint64) int64 {
	z := point{bin: bin, x: x}
	for z.bin == slow && !z.drawSlow(s) {
		// Nothing was accepted: start over.
		z = point{bin: table().pick(s.Uint64()), x: s.Uint64()}
	}
	if z.bin < bins && len(z.more) == 0 {
		if rounded, known := g.roundFast(z.bin, z.x); known {
			return rounded
		}
	}
	return g.round(s, &z)
}

// point is z = (bin + 2^spread·X)·2⁻⁷ with X = 0.x₀x₁... in base 2⁶⁴, known so far as it was drawn.
type point struct {
	bin    uint64
	spread uint     // 0, or binBits in the tail, whose blocks have width 1
	x      uint64   // the first word of X
	more   []uint64 // further words, almost never drawn
}

// places is the number of bits of X that were drawn.
func (z *point) places() uint { return uint(64 + 64*len(z.more)) }

// ends gives, as integers with places() bits below the point, the interval of bin + 2^spread·X that the drawn bits
// leave.
func (z *point) ends() (low, high *big.Int) {
	low = new(big.Int).Lsh(new(big.Int).SetUint64(z.bin), z.places())
	low.Add(low, new(big.Int).Lsh(digits(z.x, z.more), z.spread))
	return low, new(big.Int).Add(low, new(big.Int).Lsh(big.NewInt(1), z.spread))
}

// round returns ⌊s·z + ½⌋, drawing bits of X until it is known.
func (g Gaussian) round(s *Stream, z *point) int64 {
	for {
		low, high := z.ends()
		a, b := g.roundProduct(low, z.places()), g.roundProduct(high, z.places())
		if a.Cmp(b) == 0 {
			if a.BitLen() > 61 {
				panic("dp: a Gaussian beyond 60 standard deviations")
			}
			return a.Int64()
		}
		z.more = append(z.more, s.Uint64())
	}
}

// roundProduct is ⌊m·v·2^(64-shift-places) + ½⌋.
func (g Gaussian) roundProduct(v *big.Int, places uint) *big.Int {
	down := g.shift - 64 + places
	p := new(big.Int).Mul(v, new(big.Int).SetUint64(g.mantissa))
	p.Add(p, new(big.Int).Lsh(big.NewInt(1), down-1))
	return p.Rsh(p, down)
}

// digits is the integer first·more₀·more₁... in base 2⁶⁴.
func digits(first uint64, more []uint64) *big.Int {
	v := new(big.Int).SetUint64(first)
	for _, word := range more {
		v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(word))
	}
	return v
}

// drawSlow tries one wedge or tail block and tells whether it was accepted.
func (z *point) drawSlow(s *Stream) bool {
	base, height, any := z.place(s, s.Below(table().slowTotal))
	return any && z.under(s, base, height)
}

// place puts z into the wedge or tail block that a number below slowTotal picks, if it picks one, and gives the base
// and height over which the curve is to be met.
func (z *point) place(s *Stream, pick uint64) (base, height float64, any bool) {
	t := table()
	bin := t.wedgeOf(pick)
	switch {
	case bin < bins:
		z.bin, z.spread = uint64(bin), 0
		return float64(t.core[bin]), float64(t.wedge[bin]), true
	case pick < t.upto[bins-1]+tailUnits:
		block := geometric(s)
		z.bin, z.spread = bins+uint64(block)<<binBits, binBits
		return 0, math.Ldexp(1, tailBits-block), true
	}
	return 0, 0, false
}

// tailUnits is the weight of the whole tail: block j is 2⁷ bins wide and 2^(tailBits-j) high, and the sum over j
// doubles the first.
const tailUnits = 1 << (tailBits + binBits + 1)

// geometric is j with probability 2^(-1-j).
func geometric(s *Stream) int {
	for j := 0; ; j += 64 {
		if v := s.Uint64(); v != 0 {
			return j + bits.TrailingZeros64(v)
		}
	}
}

// under decides base + U·height < K exp(-z²/2), drawing U.
func (z *point) under(s *Stream, base, height float64) bool {
	u := s.Uint64()
	if z.spread == 0 {
		if below, known := table().straight(z.bin, u, z.x); known {
			return below
		}
	}
	if z.bin < 32<<binBits {
		// Every operand has relative error below 2⁻⁴⁸ (the exponent is below 600, so 2⁻⁴² for exp); the margin is 2⁻³⁴.
		at := math.Ldexp(float64(z.bin)+math.Ldexp(float64(z.x), int(z.spread)-64), -binBits)
		curve := peak * math.Exp(-at*at/2)
		line := base + math.Ldexp(float64(u), -64)*height
		if margin := (curve + line) * 0x1p-34; math.Abs(curve-line) > margin {
			return line < curve
		}
	}
	return z.underExactly(s, u, base, height)
}

// underExactly is under with as many bits as it takes. U and X are drawn on together.
func (z *point) underExactly(s *Stream, u uint64, base, height float64) bool {
	var more []uint64
	for {
		low, high := z.curve()
		lineLow, lineHigh := line(u, more, base, height)
		if lineHigh.Cmp(low) <= 0 {
			return true
		}
		if lineLow.Cmp(high) >= 0 {
			return false
		}
		more = append(more, s.Uint64())
		z.more = append(z.more, s.Uint64())
	}
}

// line bounds base + U·height; both ends are exact.
func line(u uint64, more []uint64, base, height float64) (low, high *big.Float) {
	end := func(extra int64) *big.Float {
		prec := uint(64*len(more) + 256)
		v := new(big.Float).SetPrec(prec).SetInt(new(big.Int).Add(digits(u, more), big.NewInt(extra)))
		v.SetMantExp(v, -64-64*len(more))
		v.Mul(v, big.NewFloat(height))
		return v.Add(v, big.NewFloat(base))
	}
	return end(0), end(1)
}

// curve bounds F over the interval that the drawn bits of X leave.
func (z *point) curve() (low, high *big.Float) {
	prec := z.places() + 192
	near, far := z.ends()
	// exp(-y) is right to a relative 2^(64-prec), see expNegative.
	widen := new(big.Float).SetMantExp(big.NewFloat(1), 64-int(prec))
	bound := func(end *big.Int, factor *big.Float) *big.Float {
		at := new(big.Float).SetPrec(prec).SetInt(end)
		at.SetMantExp(at, -int(z.places())-binBits)
		at.Mul(at, at)
		e := expNegative(at.SetMantExp(at, -1), prec)
		return e.Mul(e, factor.Mul(factor, new(big.Float).SetInt64(peak)))
	}
	one := new(big.Float).SetPrec(prec).SetInt64(1)
	low = bound(far, new(big.Float).SetPrec(prec).Sub(one, widen))
	high = bound(near, new(big.Float).SetPrec(prec).Add(one, widen))
	return low, high
}

// expNegative is exp(-y), y ≥ 0, with relative error below 2^(64-prec) for y < 2³²: y is halved h ≤ 42 times below
// 2⁻¹⁰, the Taylor series is cut where a term falls below 2^-prec (at most prec/10 + 1 rounded terms), and each of
// the h squarings doubles the error: (prec/10 + 4)·2^(h-prec).
func expNegative(y *big.Float, prec uint) *big.Float {
	halvings := max(0, y.MantExp(nil)+10)
	x := new(big.Float).SetPrec(prec).SetMantExp(y, -halvings)
	x.Neg(x)
	sum := new(big.Float).SetPrec(prec).SetInt64(1)
	term := new(big.Float).SetPrec(prec).SetInt64(1)
	for i := int64(1); term.Sign() != 0 && term.MantExp(nil) > -int(prec); i++ {
		term.Mul(term, x)
		term.Quo(term, new(big.Float).SetInt64(i))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}
