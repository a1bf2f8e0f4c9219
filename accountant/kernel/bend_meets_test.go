package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The bent contour and the lattice are two proofs of one number: their intervals meet, on random plans where neither
// closed forms nor the vertical contour reach, and the bent one is the narrower.
func TestBendMeetsLattice(t *testing.T) {
	small, large := newWorkspace(768, 1024, 2048), newWorkspace(4096, 1<<13, 1<<15)
	r := rand.New(rand.NewPCG(7, 8))
	between := func(lo, hi float64) float64 { return lo * math.Exp(r.Float64()*math.Log(hi/lo)) }
	bent, narrower := 0, 0
	for range 40 {
		p := Problem{Phases: []Phase{{between(1e-5, 0.5), between(0.2, 2), math.Floor(between(2, 60))}}, Direction: Direction(r.IntN(2)), Group: 1}
		delta := between(1e-12, 1e-2)
		a, ok1 := small.epsilonByBend(&p, delta)
		b, ok2 := large.epsilonByLattice(&p, delta)
		if !ok1 || !ok2 {
			continue
		}
		bent++
		if a.Upper-a.Lower <= b.Upper-b.Lower {
			narrower++
		}
		if a.Lower > b.Upper || b.Lower > a.Upper {
			t.Errorf("%+v %g: bent contour %v, lattice %v", p, delta, a, b)
		}
	}
	if bent < 30 || narrower < bent-1 {
		t.Errorf("%d of 40 by both, %d narrower by the bent contour", bent, narrower)
	}
}

// δ(ε) of the bent contour and its ε(δ) are each other's inverse.
func TestBendInverts(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	w.patience = 1.8e6
	for _, d := range []Direction{Remove, Add} {
		for _, ph := range []Phase{{1e-5, 0.6, 2}, {0.02, 0.5, 4}, {2.5e-7, 0.84, 5}, {0.3, 0.3, 20}, {1e-3, 1, 1000}} {
			p := Problem{Phases: []Phase{ph}, Direction: d, Group: 1}
			for _, delta := range []float64{1e-3 * ph.Rate, 1e-6 * ph.Rate} {
				e, ok := w.epsilonByBend(&p, delta)
				if !ok {
					t.Errorf("%+v direction %d, δ %g: no ε", ph, d, delta)
					continue
				}
				up, ok1 := w.deltaByBend(&p, e.Upper)
				down, ok2 := w.deltaByBend(&p, e.Lower)
				if !ok1 || !ok2 || up.Lower > delta || down.Upper < delta || up.Lower < 0.5*delta || down.Upper > 2*delta {
					t.Errorf("%+v direction %d, δ %g: ε %v, δ there %v and %v", ph, d, delta, e, down, up)
				}
			}
		}
	}
}

// The bent contour and the vertical one, which share no moment, tell the same at a hundred steps and more.
func TestBendMeetsContour(t *testing.T) {
	w := newWorkspace(768, 1024, 2048)
	w.patience = 1.8e6
	r := rand.New(rand.NewPCG(9, 10))
	between := func(lo, hi float64) float64 { return lo * math.Exp(r.Float64()*math.Log(hi/lo)) }
	both := 0
	for range 60 {
		p := Problem{Phases: []Phase{{between(1e-5, 0.5), between(0.25, 3), math.Floor(between(100, 3e6))}}, Direction: Direction(r.IntN(2)), Group: 1}
		delta := between(1e-12, 1e-2)
		a, ok1 := w.epsilonByContour(&p, delta)
		if !ok1 || a.Upper == 0 || broad(a) {
			continue
		}
		b, ok2 := w.epsilonByBend(&p, delta)
		if !ok2 {
			continue
		}
		both++
		if a.Lower > b.Upper || b.Lower > a.Upper {
			t.Errorf("%+v %g: contour %v, bent %v", p, delta, a, b)
		}
	}
	if both < 30 {
		t.Errorf("only %d of 60 by both", both)
	}
}
