package accountant

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// On random plans the discretised loss distribution and the certified value, which is by contours wherever they reach, are two
// proofs of one number: their intervals overlap in both directions, so that no method's lower end is above another's upper; and the
// certified one is the narrower. An error says that no lattice fits, never another.
func TestPLDMeetsCertified(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	between := func(lo, hi float64) float64 { return lo * math.Exp(r.Float64()*math.Log(hi/lo)) }
	both, narrower := 0, 0
	for i := range 60 {
		p := Homogeneous(between(1e-4, 1), between(0.4, 10), int64(between(1, 3000)))
		if r.IntN(4) == 0 {
			p.Phases = append(p.Phases, Phase{between(1e-3, 1), between(0.5, 10), int64(between(1, 300))})
		}
		switch r.IntN(4) {
		case 0:
			p.GroupSize = 2 + r.IntN(4)
		case 1:
			p.Adjacency = ReplaceOne
		}
		delta := between(1e-10, 0.1)
		if i == 0 { // the parts of a group's loss differ most in size
			p, delta = Homogeneous(1.11e-3, 0.5, 3000), 1e-9
			p.GroupSize = 3
		}
		pld, err := PLD(p, delta)
		if errors.Is(err, errNoLattice) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		certified := mustEpsilon(t, p, delta)
		both++
		if certified.Epsilon.Upper-certified.Epsilon.Lower <= pld.Epsilon.Upper-pld.Epsilon.Lower {
			narrower++
		}
		for name, pair := range map[string][2]Interval{
			"remove": {pld.Remove, certified.Remove}, "add": {pld.Add, certified.Add}, "epsilon": {pld.Epsilon, certified.Epsilon},
		} {
			if pair[0].Lower > pair[1].Upper || pair[1].Lower > pair[0].Upper {
				t.Errorf("%v %d %s, δ %g, %s: PLD %v, certified %v", p.Phases, p.GroupSize, p.Adjacency, delta, name, pair[0], pair[1])
			}
		}
	}
	if both < 40 || narrower < both-1 {
		t.Errorf("%d of 60 by both, the certified one narrower in %d", both, narrower)
	}
}
