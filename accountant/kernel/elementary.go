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

// nearest is added and taken away to round to the nearest whole number.
const nearest = 0x1.8p52

// Exp returns eˣ within 2 units of relative error (0 below the least subnormal, +Inf above the largest float64).
func Exp(x float64) float64 {
	if !(x <= maxExp) {
		return x * math.Inf(1)
	}
	if x < minExp {
		return 0
	}
	k := float64(x*log2e) + nearest - nearest
	hi := x - float64(k*ln2Hi)
	return scale(1+r1(hi-float64(k*ln2Lo)), int(k))
}

// r1 returns eʳ − 1 for |r| ≤ 0.3467 within 2 units: with R(r) = r coth(r/2) and c = r + 2 − R it is r + rc/(2−c). The polynomial in
// r² for R is within 2⁻⁵⁹ of 2 − c, which is 0.02 units; the second term, which carries 5 units, is at most 0.19 of the whole.
func r1(r float64) float64 {
	w := float64(r * r)
	p := 4.138117056856646e-08
	p = float64(p*w) - 1.6533901676641968e-06
	p = float64(p*w) + 6.613756320941401e-05
	p = float64(p*w) - 0.0027777777777013655
	p = float64(p*w) + 0.16666666666666602
	c := r - float64(w*p)
	return r + float64(r*c)/(2-c)
}

// scale returns x·2ᵏ for x in [0.5, 2] and |k| ≤ 1100, rounding once where the result is subnormal.
func scale(x float64, k int) float64 { return x * power(k>>1) * power(k-k>>1) }

// power returns 2ᵏ.
func power(k int) float64 { return math.Float64frombits(uint64(k+1023) << 52) }

// Expm1 returns eˣ − 1 within 8 units of relative error: beyond r1's reach Exp's error counts up to 3.5 times.
func Expm1(x float64) float64 {
	if x < 0.3466 && x > -0.3466 {
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
	p := 0.14795749815872952
	p = float64(p*w) + 0.15314074361030883
	p = float64(p*w) + 0.1818356321028167
	p = float64(p*w) + 0.2222219859926971
	p = float64(p*w) + 0.2857142874207134
	p = float64(p*w) + 0.39999999999416525
	p = float64(p*w) + 0.6666666666666734
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
	n := float64(x*0.63661977236758134308) + nearest - nearest
	r := x - float64(n*1.57079632673412561417e+00) // π/2 in three parts of 33 bits
	r -= float64(n * 6.07710050630396597660e-11)
	r -= float64(n * 2.02226624879595063154e-21)
	w := float64(r * r)
	a := 1.5896886473246482e-10
	a = float64(a*w) - 2.5050759889337627e-08
	a = float64(a*w) + 2.7557313705065217e-06
	a = float64(a*w) - 0.0001984126982985337
	a = float64(a*w) + 0.008333333333322486
	a = float64(a*w) - 0.16666666666666632
	sr := r + float64(float64(r*w)*a)
	b := -1.1359917373828593e-11
	b = float64(b*w) + 2.0875728994976372e-09
	b = float64(b*w) - 2.755731439926953e-07
	b = float64(b*w) + 2.4801587289666912e-05
	b = float64(b*w) - 0.001388888888887447
	b = float64(b*w) + 0.0416666666666666
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
	p := -0.05817664826098559
	p = float64(p*w) + 0.07639928336033647
	p = float64(p*w) - 0.09089211023355863
	p = float64(p*w) + 0.11111080693283933
	p = float64(p*w) - 0.1428571399354936
	p = float64(p*w) + 0.19999999998667795
	p = float64(p*w) - 0.3333333333333128
	return base + 2*(h+float64(float64(h*w)*p))
}
