package kernel

import "math"

// AbsoluteMoments returns E|X| and E|X|³ of the standardised loss of one step, under its own measure and the other one.
func (w *Workspace) AbsoluteMoments(ph Phase, d Direction) (own, other [2]float64, ok bool) {
	k, x, ok := w.CumulantsOf(ph, d)
	if !ok {
		return own, other, false
	}
	if ph.Rate == 1 {
		normal := [2]float64{0.79788456080286535588, 1.59576912160573071176}
		return normal, normal, true
	}
	return w.coarse.absolute(d, 0, &k), w.coarse.absolute(d, -1, &x), true
}

func (t *table) absolute(d Direction, c float64, k *Cumulants) [2]float64 {
	sd := math.Sqrt(k[1])
	var mass, first, third float64
	for j := 0; j < t.n; j++ {
		e := Exp(t.weight[j] + t.exponent(j, d, c))
		x := math.Abs(t.loss(j, d)-k[0]) / sd
		mass += e
		first += e * x
		third += e * x * x * x
	}
	return [2]float64{first / mass, third / mass}
}
