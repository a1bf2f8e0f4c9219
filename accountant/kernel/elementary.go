package kernel

import "math"

// unit is the relative rounding error of one float64 operation, 2⁻⁵³.
const unit = 1.0 / (1 << 53)

const (
	log2e  = 1.44269504088896338700e+00
	ln2Hi  = 6.93147180369123816490e-01 // 32 bits: k*ln2Hi is exact for |k| < 2²¹
	ln2Lo  = 1.90821492927058770002e-10
	sqrt2  = 1.41421356237309504880
	maxExp = 709.782712893383973096
	minExp = -745.13321910194110842
)

// Exp returns eˣ within 2 units of relative error (0 below the least subnormal, +Inf above the largest float64).
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > maxExp:
		return math.Inf(1)
	case x < minExp:
		return 0
	}
	k := math.Floor(float64(x*log2e) + 0.5)
	hi := x - float64(k*ln2Hi)
	r := hi - float64(k*ln2Lo)
	return scale(1+r1(r), int(k))
}

// r1 returns eʳ − 1 for |r| ≤ 0.36 within 1.5 units, by its Taylor series to r¹⁴.
func r1(r float64) float64 {
	p := 1.0 / 87178291200
	p = float64(p*r) + 1.0/6227020800
	p = float64(p*r) + 1.0/479001600
	p = float64(p*r) + 1.0/39916800
	p = float64(p*r) + 1.0/3628800
	p = float64(p*r) + 1.0/362880
	p = float64(p*r) + 1.0/40320
	p = float64(p*r) + 1.0/5040
	p = float64(p*r) + 1.0/720
	p = float64(p*r) + 1.0/120
	p = float64(p*r) + 1.0/24
	p = float64(p*r) + 1.0/6
	p = float64(p*r) + 0.5
	return r + float64(float64(r*r)*p)
}

// scale returns x·2ᵏ for x in [0.5, 2], rounding once where the result is subnormal.
func scale(x float64, k int) float64 {
	if k > 1000 {
		return float64(x*0x1p1000) * math.Float64frombits(uint64(k-1000+1023)<<52)
	}
	if k < -1000 {
		return float64(x*math.Float64frombits(uint64(k+1000+1023)<<52)) * 0x1p-1000
	}
	return x * math.Float64frombits(uint64(k+1023)<<52)
}

// Expm1 returns eˣ − 1 within 4 units of relative error.
func Expm1(x float64) float64 {
	if x < 0.35 && x > -0.35 {
		return r1(x)
	}
	return Exp(x) - 1
}

// Log returns the natural logarithm of x within 2 units of relative error (-Inf at 0, NaN below).
func Log(x float64) float64 {
	switch {
	case x != x || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x > math.MaxFloat64:
		return x
	}
	k := 0
	if x < 0x1p-1022 {
		x *= 0x1p54
		k = -54
	}
	bits := math.Float64bits(x)
	k += int(bits>>52) - 1023
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m > sqrt2 {
		m *= 0.5
		k++
	}
	return logNear1(m-1, float64(k))
}

// logNear1 returns log(1+f) + k log 2 for 1+f in [√½, √2]: with s = f/(2+f), log(1+f) = f − f²/2 + s(f²/2 + R),
// R = 2(s²/3 + s⁴/5 + …).
func logNear1(f, k float64) float64 {
	s := f / (2 + f)
	w := s * s
	p := 2.0 / 25
	p = float64(p*w) + 2.0/23
	p = float64(p*w) + 2.0/21
	p = float64(p*w) + 2.0/19
	p = float64(p*w) + 2.0/17
	p = float64(p*w) + 2.0/15
	p = float64(p*w) + 2.0/13
	p = float64(p*w) + 2.0/11
	p = float64(p*w) + 2.0/9
	p = float64(p*w) + 2.0/7
	p = float64(p*w) + 2.0/5
	p = float64(p*w) + 2.0/3
	half := 0.5 * float64(f*f)
	tail := float64(s*(half+float64(w*p))) + float64(k*ln2Lo)
	return float64(k*ln2Hi) - ((half - tail) - f)
}

// Log1p returns log(1+x) within 3 units of relative error.
func Log1p(x float64) float64 {
	if x > -0.29 && x < 0.41 {
		return logNear1(x, 0)
	}
	y := 1 + x
	if x < -0.5 || x > 1e15 {
		return Log(y)
	}
	return Log(y) + (x-(y-1))/y
}

// Sincos returns sin x and cos x for |x| < 2³⁰, within 2 units plus a unit of |x|.
func Sincos(x float64) (sin, cos float64) {
	n := math.Floor(float64(x*0.63661977236758134308) + 0.5)
	r := x - float64(n*1.57079632673412561417e+00) // π/2 in three parts of 33 bits
	r -= float64(n * 6.07710050630396597660e-11)
	r -= float64(n * 2.02226624879595063154e-21)
	w := float64(r * r)
	a := 1.0 / 355687428096000
	a = float64(a*w) - 1.0/1307674368000
	a = float64(a*w) + 1.0/6227020800
	a = float64(a*w) - 1.0/39916800
	a = float64(a*w) + 1.0/362880
	a = float64(a*w) - 1.0/5040
	a = float64(a*w) + 1.0/120
	a = float64(a*w) - 1.0/6
	sr := r + float64(float64(r*w)*a)
	b := -1.0 / 6402373705728000
	b = float64(b*w) + 1.0/20922789888000
	b = float64(b*w) - 1.0/87178291200
	b = float64(b*w) + 1.0/479001600
	b = float64(b*w) - 1.0/3628800
	b = float64(b*w) + 1.0/40320
	b = float64(b*w) - 1.0/720
	b = float64(b*w) + 1.0/24
	cr := 1 - (0.5*w - float64(float64(w*w)*b))
	switch int64(n) & 3 {
	case 0:
		return sr, cr
	case 1:
		return cr, -sr
	case 2:
		return -sr, -cr
	}
	return -cr, sr
}

// Atan2 returns the angle of the point (x, y) in (−π, π], within 6 units.
func Atan2(y, x float64) float64 {
	ay, ax := math.Abs(y), math.Abs(x)
	var a float64
	switch {
	case ax == 0 && ay == 0:
		a = 0
	case ay > ax:
		a = math.Pi/2 - atanUnit(ax/ay)
	default:
		a = atanUnit(ay / ax)
	}
	if x < 0 {
		a = math.Pi - a
	}
	if y < 0 {
		return -a
	}
	return a
}

// atanUnit returns atan t for t in [0, 1], by two halvings of the angle and the series to t²³.
func atanUnit(t float64) float64 {
	base := 0.0
	if t > 0.41421356237309504880 {
		t = (t - 1) / (t + 1)
		base = math.Pi / 4
	}
	h := t / (1 + math.Sqrt(1+float64(t*t)))
	w := h * h
	p := -1.0 / 23
	p = float64(p*w) + 1.0/21
	p = float64(p*w) - 1.0/19
	p = float64(p*w) + 1.0/17
	p = float64(p*w) - 1.0/15
	p = float64(p*w) + 1.0/13
	p = float64(p*w) - 1.0/11
	p = float64(p*w) + 1.0/9
	p = float64(p*w) - 1.0/7
	p = float64(p*w) + 1.0/5
	p = float64(p*w) - 1.0/3
	return base + 2*(h+float64(float64(h*w)*p))
}
