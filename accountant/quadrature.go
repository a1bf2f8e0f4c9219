package accountant

// The nodes and weights of Gauss and Legendre's rule of eight points on [−1, 1], the positive half.
var (
	legendreNodes   = [4]float64{0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363}
	legendreWeights = [4]float64{0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763}
)

// integrate returns ∫ f from a to b by the eight-point rule on equal panels, 0 where b ≤ a. It is for estimates and for
// published bounds whose integrands are smooth; nothing certified rests on it.
func integrate(a, b float64, panels int, f func(float64) float64) float64 {
	if !(b > a) {
		return 0
	}
	half := (b - a) / float64(2*panels)
	var sum float64
	for i := range panels {
		middle := a + float64(2*i+1)*half
		for k, x := range legendreNodes {
			sum += legendreWeights[k] * (f(middle-half*x) + f(middle+half*x))
		}
	}
	return sum * half
}
