package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigLoss is L = log(1 + q/(1−q) e^u) = log A(z) − log(1−q), by Newton's method on the exponential.
func bigLoss(ph Phase, z float64) *big.Float {
	quo := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(testBits).Quo(a, b) }
	s := bigOf(ph.Noise)
	u := new(big.Float).SetPrec(testBits).Sub(quo(bigOf(z), s), quo(bigOf(0.5), bigMul(s, s)))
	e, _ := bigCexp(u, bigOf(0))
	odds := quo(bigOf(ph.Rate), new(big.Float).SetPrec(testBits).Sub(bigOf(1), bigOf(ph.Rate)))
	x := bigAdd(bigOf(1), bigMul(odds, e))
	start, _ := x.Float64()
	y := bigOf(math.Log(start))
	for range 4 {
		e, _ := bigCexp(y, bigOf(0))
		gap := quo(new(big.Float).SetPrec(testBits).Sub(x, e), bigAdd(x, e))
		y = bigAdd(y, bigMul(bigOf(2), gap))
	}
	return y
}

// bigMoment is J(S) = E(e^(SL) − 1) by the trapezoid rule in z, which shares nothing with the rays.
func bigMoment(ph Phase, s complexDD, step float64) (re, im *big.Float) {
	re, im = bigOf(0), bigOf(0)
	for z := -16.0; z < 17+s.re.hi/ph.Noise; z += step {
		loss := bigLoss(ph, z)
		x, y := bigCexp(bigMul(s.re.big(), loss), bigMul(s.im.big(), loss))
		w, _ := bigCexp(bigMul(bigOf(-0.5), bigMul(bigOf(z), bigOf(z))), bigOf(0))
		re, im = bigAdd(re, bigMul(w, bigAdd(x, bigOf(-1)))), bigAdd(im, bigMul(w, y))
	}
	scale := bigOf(step)
	root := new(big.Float).SetPrec(testBits).Sqrt(bigMul(bigOf(2), bigPi()))
	scale.Quo(scale, root)
	return bigMul(re, scale), bigMul(im, scale)
}

func bigPi() *big.Float {
	pi, _, _ := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651", 10, testBits, big.ToNearestEven)
	return pi
}

// The moments at the nodes of a double-double contour, taken together on their rays, agree with 300-bit quadrature along the real
// axis up to what they are said to err by, and that is next to nothing.
func TestFineMoments(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	for _, c := range []struct {
		ph             Phase
		delta, epsilon float64
	}{{Phase{2.31e-6, 0.427, 7}, 2.7e-13, 2.295}, {Phase{1.4e-5, 0.846, 17}, 8.6e-8, 9.67e-4}} {
		p := Problem{Phases: []Phase{c.ph}, Direction: Remove, Group: 1}
		w.level, w.held = math.Inf(-1), -1
		w.clearEffort()
		b, ok := w.bendFor(&p, c.epsilon, Log(c.delta), finely, true)
		if !ok || b.fine.n < 200 {
			t.Fatalf("%+v: %d nodes in double-double", c, b.fine.n)
		}
		for _, k := range []int{0, 45, 90} {
			s, got := w.fineNode(k), w.fineGet(k, atMoment)
			eta := w.bent[1][keptAt(k/gaussOrder)+1] + *w.fineError(k, atMoment)
			re, im := bigMoment(c.ph, s, 1.0/32)
			x, _ := new(big.Float).Sub(got.re.big(), re).Float64()
			y, _ := new(big.Float).Sub(got.im.big(), im).Float64()
			size := sizeOf(got)
			if gap := math.Hypot(x, y); gap > eta || eta > 1e-15*size {
				t.Errorf("%+v, S %v: J %v off by %.1e, bound %.1e", c.ph, s, got, gap, eta)
			}
		}
	}
}

// Summed in float64 and in double-double, one contour gives intervals that meet, and the second is the narrower.
func TestFineMeetsPlain(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	r := rand.New(rand.NewPCG(11, 12))
	between := func(lo, hi float64) float64 { return lo * math.Exp(r.Float64()*math.Log(hi/lo)) }
	both := 0
	for range 60 {
		p := Problem{Phases: []Phase{{between(1e-6, 0.1), between(0.25, 1.5), math.Floor(between(2, 1e5))}}, Direction: Remove, Group: 1}
		delta := between(1e-9, 1e-4)
		w.patience = 1e8
		epsilon := w.removeGuess(&p, delta)
		w.level, w.held = math.Inf(-1), -1
		plain, ok1 := w.bendFor(&p, epsilon, Log(delta), finely, false)
		a, _ := w.bentAt(&plain, epsilon)
		fine, ok2 := w.bendFor(&p, epsilon, Log(delta), finely, true)
		if !ok1 || !ok2 || fine.fine.n == 0 || a.Lower == 0 {
			continue
		}
		both++
		b, _ := w.bentAt(&fine, epsilon)
		if a.Lower > b.Upper || b.Lower > a.Upper || b.Upper-b.Lower > a.Upper-a.Lower {
			t.Errorf("%+v, ε %v: float64 %v, double-double %v", p, epsilon, a, b)
		}
	}
	if both < 20 {
		t.Errorf("only %d of 60 by both", both)
	}
}

// Two phases in double-double agree with the single one that they make up.
func TestFinePhases(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	w.patience = 1e8
	one := Problem{Phases: []Phase{{1e-4, 0.7, 70}}, Direction: Remove, Group: 1}
	two := Problem{Phases: []Phase{{1e-4, 0.7, 30}, {1e-4, math.Nextafter(0.7, 1), 40}}, Direction: Remove, Group: 1}
	a, ok1 := w.epsilonByBend(&one, 1e-9)
	b, ok2 := w.epsilonByBend(&two, 1e-9)
	if !ok1 || !ok2 || a.Lower > b.Upper*(1+1e-14) || b.Lower > a.Upper*(1+1e-14) || a.Upper-a.Lower > 1e-11*a.Upper || b.Upper-b.Lower > 1e-11*b.Upper {
		t.Errorf("one %v, two %v", a, b)
	}
}
