package kernels

import "math"

// Norms are what the norm kernels add to, one number an example and array.
//
// Square is the squared norm of the example's gradient as it was computed. Where its summands cancel, its rounding
// errors may be as large as itself, so clipping by it alone would bound nothing. Bound is the remedy: a number that
// the squared norm of what the sum kernel adds for the example, over the factor that it is given and before it rounds
// to integers, certainly does not exceed.
//
// # Where Bound comes from
//
// Write u for the unit roundoff of T and γ(n) = nu/(1-nu): a sum of n products in T, in any order, fused or not, errs
// by at most γ(n) times the sum of their sizes (Higham 2002, section 3.1), and by nη more where results are flushed
// to zero, η = 2⁻¹²⁶ (2⁻¹⁰²²). Let x_t [in], g_t [out] be the factors of an example of L tokens as they are stored, G
// = Σ g_t x_tᵀ exactly, and a² = Σ‖x_t‖²·Σ‖g_t‖² ≥ ‖Σ |g_t||x_t|ᵀ‖².
//
//	sum     the kernel scales g, multiplies and adds: it errs by at most γ(L+3) a from factor·G
//	direct  the norm is of the computed Σ g_t x_tᵀ: ‖G‖ ≤ n + γ(L) a
//	gram    n² = Σ X̂Ŷ for the computed grams of x and g. With ‖X̂ - X‖ ≤ e_x = γ(in) Σ‖x_t‖² and e_g likewise,
//	        |n² - ‖G‖²| ≤ e_x‖Ŷ‖ + ‖X̂‖e_g + e_x e_g    (Cauchy and Schwarz over the pairs of tokens)
//
// So Bound is (n + γ(L) a + γ(L+3) a)² or (√(n² + that) + γ(L+3) a)². Rows of biases, LayerNorms and tables are
// formed by the same operations in norm and sum, hence equal to the bit, and only the squares' sum in float64 errs.
// An example whose factors exceed 2⁴⁰ in norm has an infinite Bound: it is left out, so nothing overflows in the sum
// (a scale is below 2⁸⁵, see dp.Grid).
type Norms struct{ Square, Bound []float64 }

// NormsOf views the two halves of an array.
func NormsOf(numbers []float64) Norms {
	n := len(numbers) / 2
	return Norms{numbers[:n], numbers[n:]}
}

// rounding covers the arithmetic of the bounds themselves, in float64, and sums of up to 2²⁴ squares in it.
const rounding = 1 + 0x1p-28

// largestTrace is the most that the squares of an example's factor may sum to.
const largestTrace = 0x1p80

// add adds the squared norm of a row that the sum kernel forms by the same operations.
func (n Norms) add(i int, square float64) {
	n.Square[i] += square
	n.Bound[i] += square * rounding
}

// addProduct adds one of a gradient Σ g_t x_tᵀ.
func (n Norms) addProduct(i int, square, bound float64) {
	n.Square[i] += square
	n.Bound[i] += bound
}

// gamma is γ(n).
func gamma[T Float](n int) float64 {
	u := 0x1p-53
	if single[T]() {
		u = 0x1p-24
	}
	nu := float64(n) * u
	if nu > 0.5 {
		return math.Inf(1)
	}
	return nu / (1 - nu)
}

// flushed bounds what n results lose that are flushed to zero.
func flushed[T Float](n int) float64 {
	if single[T]() {
		return float64(n) * 0x1p-126
	}
	return float64(n) * 0x1p-1022
}

// shape is that of one example's linear gradient.
type shape struct{ length, in, out int }

// inSum bounds the error of the sum kernel, from bounds of Σ‖x_t‖² and Σ‖g_t‖².
func inSum[T Float](s shape, traceX, traceG float64) float64 {
	return gamma[T](s.length+3) * math.Sqrt(traceX*traceG)
}

// directBound is Bound where the norm was formed directly.
func directBound[T Float](s shape, square, traceX, traceG float64) float64 {
	if !(traceX <= largestTrace && traceG <= largestTrace) {
		return math.Inf(1)
	}
	lost := flushed[T](s.length) * math.Sqrt(float64(s.in)*float64(s.out))
	norm := math.Sqrt(square) + gamma[T](s.length)*math.Sqrt(traceX*traceG) + lost
	norm += inSum[T](s, traceX, traceG)
	return norm * norm * rounding
}

// gramBound is Bound where the norm came from two gram matrices of the given Frobenius norms and traces.
func gramBound[T Float](s shape, square, frobeniusX, frobeniusG, traceX, traceG float64) float64 {
	traceX, traceG = trueTrace[T](traceX, s.in, s.length), trueTrace[T](traceG, s.out, s.length)
	if !(traceX <= largestTrace && traceG <= largestTrace) {
		return math.Inf(1)
	}
	errorX := gamma[T](s.in)*traceX + flushed[T](s.in*s.length)
	errorG := gamma[T](s.out)*traceG + flushed[T](s.out*s.length)
	off := errorX*frobeniusG + frobeniusX*errorG + errorX*errorG
	off += gamma[float64](s.length*s.length+4) * frobeniusX * frobeniusG // of the sum over pairs
	norm := math.Sqrt(square+off) + inSum[T](s, traceX, traceG)
	return norm * norm * rounding
}

// trueTrace bounds the exact trace of a gram matrix from the computed one.
func trueTrace[T Float](trace float64, width, length int) float64 {
	return trace/(1-2*gamma[T](width)) + flushed[T](2*width*length)
}
