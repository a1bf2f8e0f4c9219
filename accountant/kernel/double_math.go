package kernel

import "math"

// Functions of double-double numbers: a table, then a Taylor series whose first terms are double-double and whose last,
// which add less than 2⁻⁵⁰, are float64.

const (
	perTwo      = 46.16624130844683     // 32/log 2
	partTwo1    = 0.021660849391992087  // log 2/32 in parts of 34 bits and a rest
	partTwo2    = 5.062034433205141e-13 //
	partTwo3    = 1.2503391711295998e-23
	perTurn     = 10.185916357881302     // 32/π
	partTurn1   = 0.09817477042815881    // π/32 in parts
	partTurn2   = -3.477769797531689e-12 //
	partTurn3   = -8.536659626382816e-23
	leastExp    = -700 // e^x is 0 below
	seriesReach = 0.16 // |L|² up to which logSeries serves
)

var halfLogTwoPi = dd{-0.9189385332046728, 3.8782941580672414e-17} // −½ log 2π

// exp returns eˣ for x < 700, 0 below −700.
func (x dd) exp() dd {
	if x.hi < leastExp {
		return dd{}
	}
	n := math.Floor(float64(x.hi*perTwo) + 0.5)
	r := x.plus(-float64(n * partTwo1)).plus(-float64(n * partTwo2)).plus(-float64(n * partTwo3))
	h := r.hi
	p := 1.0 / 479001600
	p = math.FMA(p, h, 1.0/39916800)
	p = math.FMA(p, h, 1.0/3628800)
	p = math.FMA(p, h, 1.0/362880)
	p = math.FMA(p, h, 1.0/40320)
	p = math.FMA(p, h, 1.0/5040)
	y := overFactorial[6].plus(float64(p * h))
	y = y.mul(r).add(overFactorial[5])
	y = y.mul(r).add(overFactorial[4])
	y = y.mul(r).add(overFactorial[3])
	y = y.mul(r).plus(0.5)
	y = y.mul(r).mul(r).add(r)
	k := int(n)
	t := twoTo[k&31]
	y = y.mul(t).add(t)
	return dd{scale(y.hi, k>>5), scale(y.lo, k>>5)}
}

// sincos returns sin x and cos x, |x| < 2²⁰, up to fineUnit and the error of x.
func (x dd) sincos() (sin, cos dd) {
	n := math.Floor(float64(x.hi*perTurn) + 0.5)
	r := x.plus(-float64(n * partTurn1)).plus(-float64(n * partTurn2)).plus(-float64(n * partTurn3))
	w := r.mul(r)
	h := w.hi
	p := -1.0 / 1307674368000
	p = math.FMA(p, h, 1.0/6227020800)
	p = math.FMA(p, h, -1.0/39916800)
	p = math.FMA(p, h, 1.0/362880)
	s := overFactorial[7].neg().plus(float64(p * h))
	s = s.mul(w).add(overFactorial[5])
	s = s.mul(w).add(overFactorial[3].neg())
	s = s.mul(w).mul(r).add(r)
	p = 1.0 / 20922789888000
	p = math.FMA(p, h, -1.0/87178291200)
	p = math.FMA(p, h, 1.0/479001600)
	p = math.FMA(p, h, -1.0/3628800)
	p = math.FMA(p, h, 1.0/40320)
	c := overFactorial[6].neg().plus(float64(p * h))
	c = c.mul(w).add(overFactorial[4])
	c = c.mul(w).plus(-0.5)
	c = c.mul(w) // cos r − 1
	k := int(n)
	ts, tc := tableSincos(k & 63)
	return ts.mul(c).add(tc.mul(s)).add(ts), tc.mul(c).add(ts.mul(s).neg()).add(tc)
}

// tableSincos returns sine and cosine of kπ/32, 0 ≤ k < 64.
func tableSincos(k int) (sin, cos dd) {
	s, c := sines[k&15], sines[16-k&15]
	switch k >> 4 {
	case 0:
		return s, c
	case 1:
		return c, s.neg()
	case 2:
		return s.neg(), c.neg()
	}
	return c.neg(), s
}

// exp returns e^z.
func (z complexDD) exp() complexDD {
	e := z.re.exp()
	if e.hi == 0 {
		return complexDD{}
	}
	s, c := z.im.sincos()
	return complexDD{e.mul(c), e.mul(s)}
}

// log1p returns log(1+z): 2 artanh(z/(2+z)) where z is small, else by a Newton step from the float64 logarithm.
func (z complexDD) log1p() complexDD {
	x, y := z.re.hi, z.im.hi
	if float64(x*x)+float64(y*y) < 0.004 {
		s := z.mul(z.plus(2).inverse())
		w := s.mul(s)
		var re, im float64
		for k := 23.0; k > 11; k -= 2 {
			re, im = float64(re*w.re.hi)-float64(im*w.im.hi)+1/k, float64(re*w.im.hi)+float64(im*w.re.hi)
		}
		sum := complexDD{dd{re, 0}, dd{im, 0}}
		for k := 11; k > 0; k -= 2 {
			sum = sum.mul(w)
			sum.re = sum.re.add(odds[k/2])
		}
		return s.mul(sum).times(dd{2, 0})
	}
	one := z.plus(1)
	a, b := one.re.hi, one.im.hi
	re, im := 0.5*Log(float64(a*a)+float64(b*b)+1e-300), Atan2(b, a)
	t := complexDD{dd{-re, 0}, dd{-im, 0}}.exp().mul(one).plus(-1)
	t = t.add(t.mul(t).times(dd{-0.5, 0}))
	return complexDD{t.re.plus(re), t.im.plus(im)}
}

// log1p returns log(1+x) of x > −1.
func (x dd) log1p() dd { return complexDD{x, dd{}}.log1p().re }

// log returns log x of a float64 x > 0.
func logOf(x float64) dd {
	y := Log(x)
	t := dd{-y, 0}.exp().times(x).plus(-1)
	return t.plus(y)
}

// logQuotient returns log((e^L − 1)/L), Re L ≥ 0, given log L.
func (l complexDD) logQuotient(log complexDD) complexDD {
	x, y := l.re.hi, l.im.hi
	if float64(x*x)+float64(y*y) > seriesReach {
		v := l.neg().exp().neg().log1p().add(l)
		return v.add(log.neg())
	}
	w := l.mul(l)
	var re, im float64
	for k := len(logSeries) - 1; k > 6; k-- {
		re, im = float64(re*w.re.hi)-float64(im*w.im.hi)+logSeries[k].hi, float64(re*w.im.hi)+float64(im*w.re.hi)
	}
	sum := complexDD{dd{re, 0}, dd{im, 0}}
	for k := 6; k >= 0; k-- {
		sum = sum.mul(w)
		sum.re = sum.re.add(logSeries[k])
	}
	half := complexDD{dd{l.re.hi / 2, l.re.lo / 2}, dd{l.im.hi / 2, l.im.lo / 2}}
	return sum.mul(w).add(half)
}
