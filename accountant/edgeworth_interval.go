package accountant

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// EdgeworthInterval returns the finite-sample Edgeworth interval of ε(delta) (Wang et al. 2022): the order-1 value with
// the uniform error bound of Derumigny, Girard and Guyonvarch (2023, theorem 2.1 under moment conditions, identically
// distributed terms). With e_Y and e_X that bound under the loss's own measure and the other one,
//
//	δ(ε) ∈ [d(ε) − e_Y − e^ε e_X, d(ε) + e_Y + e^ε e_X].
//
// It is reproduced as published, for plans of one phase, and mostly vacuous: where no ε is bounded, Upper is
// math.MaxFloat64 and a warning says so. [Epsilon] is what certifies. Delta encloses δ at the estimate.
func EdgeworthInterval(p Plan, delta float64) (Result, error) {
	if err := p.check(delta); err != nil {
		return Result{}, err
	}
	if err := p.edgeworthOnly(1); err != nil {
		return Result{}, err
	}
	if len(p.canonical()) != 1 {
		return Result{}, fmt.Errorf("phases %d: the Edgeworth interval is for plans of one phase", len(p.Phases))
	}
	e := newEngine()
	r, err := e.edgeworth(p, delta, 1)
	if err != nil {
		return Result{}, err
	}
	r.Method = "edgeworth-interval"
	both := p.problems()
	var ends, deltas [2]Interval
	for i := range both {
		estimate := [2]float64{r.Remove.Estimate, r.Add.Estimate}[i]
		if ends[i], deltas[i], err = e.edgeworthInterval(&both[i], delta, estimate); err != nil {
			return Result{}, err
		}
		if i == 0 {
			ends[1], deltas[1] = ends[0], deltas[0]
		}
	}
	r.Remove, r.Add = ends[0], ends[1]
	r.Epsilon, r.Delta = worse(ends[0], ends[1]), worse(deltas[0], deltas[1])
	if r.Epsilon.Upper == math.MaxFloat64 {
		r.warn(fmt.Sprintf("vacuous: delta at the estimate is known within [%.3g, %.3g] only", r.Delta.Lower, r.Delta.Upper))
	}
	return r, nil
}

// edgeworthInterval returns the interval of ε of one direction, and of δ at the estimate.
func (e *engine) edgeworthInterval(p *kernel.Problem, delta, estimate float64) (eps, at Interval, err error) {
	own, other, err := e.cumulants(p)
	if err != nil {
		return eps, at, err
	}
	ph := p.Phases[0]
	a, b, ok := e.big().AbsoluteMoments(ph, p.Direction)
	if !ok {
		return eps, at, fmt.Errorf("noise_multiplier %v: its moments are out of range", ph.Noise)
	}
	eY, eX := edgeworthError(&own, a, ph.Steps), edgeworthError(&other, b, ph.Steps)
	wide := func(x float64) float64 { return eY + math.Exp(x)*eX }
	value := func(x float64) float64 { return kernel.EdgeworthDelta(&own, &other, 1, x) }
	d := value(estimate)
	at = Interval{d - wide(estimate), d, d + wide(estimate)}
	eps = Interval{0, estimate, math.MaxFloat64}
	const cells = 4000
	top := math.Max(2*estimate, 1)
	for i := range cells + 1 {
		x := top * float64(i) / cells
		if v := value(x); v-wide(x) >= delta {
			eps.Lower = x
		} else if v+wide(x) <= delta {
			eps.Upper = x
			break
		}
	}
	eps.Lower, eps.Upper = math.Min(eps.Lower, estimate), math.Max(eps.Upper, estimate)
	return eps, at, nil
}

// edgeworthError returns the uniform distance of a sum's distribution function from its first-order Edgeworth expansion,
// the least over the free parameter of the theorem.
func edgeworthError(sum *kernel.Cumulants, absolute [2]float64, n float64) float64 {
	one := *sum
	for i := range one {
		one[i] /= n
	}
	m := standardised{
		n: n, skew: math.Abs(one[2]) / math.Pow(one[1], 1.5), fourth: one[3]/(one[1]*one[1]) + 3,
		third: absolute[1], mixed: absolute[1] + absolute[0],
	}
	best := math.Inf(1)
	for i := 1; i < 200; i++ {
		if b := m.bound(float64(i) / 600); b < best { // not so where its exponentials overflow
			best = b
		}
	}
	return best
}

// standardised holds the moments of one standardised term: |λ₃|, K₄ = E X⁴, K₃ = E|X|³, K̃₃ = K₃ + E|X|.
type standardised struct{ n, skew, fourth, third, mixed float64 }

// bound is theorem A.3 of Derumigny, Girard and Guyonvarch (2023), with free parameter e in (0, 1/3).
func (m standardised) bound(e float64) float64 {
	n, l, k4, kt := m.n, m.skew, m.fourth, m.mixed
	root := math.Sqrt(n)
	side := (1 - 3*e) * (1 - 3*e)
	e3 := math.Exp(e*e/6 + e*e/(2*side))
	main := 0.1995*kt/root + (0.031*kt*kt+0.327*k4*(1.0/12+1/(4*side)))/n
	main += (0.054*l*kt + 0.037*e3*l*l) / n
	low, high := math.Min(math.Sqrt(2*e)*math.Pow(n/k4, 0.25), 2*root/kt), 2*root/kt
	rest := (14.1961+67.0415)*math.Pow(kt, 4)/(16*math.Pow(math.Pi, 4)*n*n) + 4.3394*l*kt*kt*kt/(8*math.Pow(math.Pi, 3)*n*n)
	rest += m.integrated(e) + 1.306*(m.growth(e)-e3)*l*l/(36*n)
	rest += l * (upperGamma32(low) - upperGamma32(high)) / root
	rest += psi * math.Pow(2, 2.5) * m.third / (3 * math.Pi * root) * (upperGamma32(low*low/8) - upperGamma32(high*high/8))
	return main + rest
}

// psi bounds 2π|t| times the modulus of Prawitz's smoothing function.
const psi = 1.0253

// upperGamma32 is Γ(3/2, x) = ½√π erfc √x + √x e^(−x).
func upperGamma32(x float64) float64 {
	r := math.Sqrt(x)
	return math.Sqrt(math.Pi)/2*math.Erfc(r) + r*math.Exp(-x)
}

// integrated is R̄ of section C.3.2.
func (m standardised) integrated(e float64) float64 {
	n, l, k4 := m.n, m.skew, m.fourth
	side := (1 - 3*e) * (1 - 3*e)
	scale := psi / (2 * side * math.Pi)
	shape := k4/12 + 1/(4*side) + m.polynomial(e)/(576*side)
	gamma := math.Gamma
	sum := scale * k4 / (24 * n * n) * 8 * gamma(5)
	sum += scale * k4 * k4 / (576 * n * n * n) * 16 * gamma(6)
	sum += psi / math.Pi * m.growth(e) / (8 * n * n) * shape * 16 * gamma(6)
	sum += scale * l / (6 * math.Pow(n, 1.5)) * math.Sqrt2 * gamma(2.5)
	sum += scale * l * l / (36 * n * n) * 8 * gamma(5)
	sum += scale * k4 * l / (72 * math.Pow(n, 2.5)) * math.Pow(2, 3.5) * gamma(5.5)
	sum += psi / math.Pi * m.growth(e) * l / (12 * math.Pow(n, 1.5)) * shape * math.Pow(2, 3.5) * gamma(5.5)
	return sum
}

// polynomial is P₂ₙ and growth e₂ₙ of section C.2.
func (m standardised) polynomial(e float64) float64 {
	n, l, k4 := m.n, m.skew, m.fourth
	return 48*e*math.Sqrt(k4/n) + 4*e*e*k4/n + 96*math.Sqrt(2*e)*l/math.Pow(k4*n, 0.25) +
		32*e*l*l/math.Sqrt(k4*n) + 16*math.Sqrt2*math.Pow(k4, 0.25)*l*math.Pow(e, 1.5)/math.Pow(n, 0.75)
}

func (m standardised) growth(e float64) float64 {
	side := (1 - 3*e) * (1 - 3*e)
	return math.Exp(e * e * (1.0/6 + 1/(2*side) + 2*m.polynomial(e)/(576*side)))
}
