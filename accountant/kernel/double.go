package kernel

import "math"

// Double-double arithmetic: a number as the unevaluated sum of two float64, |lo| ≤ 2⁻⁵³|hi|, so 106 bits. It serves where an
// integrand outweighs δ by many orders (bend_fine.go).
//
// Sums and products err by at most 5·2⁻¹⁰⁶ of their value (Joldes, Muller and Popescu 2017, algorithms 6 and 12), complex
// products and the functions of double_math.go by a few times that of their modulus: all less than two of

// fineUnit, which takes the place of unit in every bound. Those count more operations than there are, so that sixteen times the
// error of one operation leaves room.
const fineUnit = 1.0 / (1 << 100)

type dd struct{ hi, lo float64 }

// twoSum returns a + b exactly.
func twoSum(a, b float64) dd {
	s := a + b
	t := s - a
	return dd{s, (a - (s - t)) + (b - t)}
}

// quickSum is twoSum for |a| ≥ |b|.
func quickSum(a, b float64) dd {
	s := a + b
	return dd{s, b - (s - a)}
}

// twoProd returns a·b exactly.
func twoProd(a, b float64) dd {
	p := float64(a * b)
	return dd{p, math.FMA(a, b, -p)}
}

func (x dd) add(y dd) dd {
	s, t := twoSum(x.hi, y.hi), twoSum(x.lo, y.lo)
	v := quickSum(s.hi, s.lo+t.hi)
	return quickSum(v.hi, t.lo+v.lo)
}

// plus adds a float64.
func (x dd) plus(y float64) dd {
	s := twoSum(x.hi, y)
	return quickSum(s.hi, x.lo+s.lo)
}

func (x dd) mul(y dd) dd {
	p := float64(x.hi * y.hi)
	e := math.FMA(x.hi, y.hi, -p)
	return quickSum(p, e+math.FMA(x.lo, y.hi, math.FMA(x.hi, y.lo, float64(x.lo*y.lo))))
}

// times multiplies by a float64.
func (x dd) times(y float64) dd {
	p := float64(x.hi * y)
	return quickSum(p, math.FMA(x.lo, y, math.FMA(x.hi, y, -p)))
}

func (x dd) neg() dd { return dd{-x.hi, -x.lo} }

// inverse returns 1/x, by Newton's step from the float64 quotient.
func (x dd) inverse() dd {
	q := 1 / x.hi
	miss := x.times(-q).plus(1)
	return miss.times(q).plus(q)
}

func (x dd) float() float64 { return x.hi + x.lo }

// complexDD is a complex number.
type complexDD struct{ re, im dd }

func (z complexDD) add(w complexDD) complexDD { return complexDD{z.re.add(w.re), z.im.add(w.im)} }
func (z complexDD) neg() complexDD            { return complexDD{z.re.neg(), z.im.neg()} }

func (z complexDD) mul(w complexDD) complexDD {
	return complexDD{z.re.mul(w.re).add(z.im.mul(w.im).neg()), z.re.mul(w.im).add(z.im.mul(w.re))}
}

func (z complexDD) times(y dd) complexDD { return complexDD{z.re.mul(y), z.im.mul(y)} }

// plus adds a float64.
func (z complexDD) plus(y float64) complexDD { return complexDD{z.re.plus(y), z.im} }

// inverse returns 1/z.
func (z complexDD) inverse() complexDD {
	over := z.re.mul(z.re).add(z.im.mul(z.im)).inverse()
	return complexDD{z.re.mul(over), z.im.mul(over).neg()}
}
