package trainer

import (
	"fmt"
	"math"
)

// Kinds of Schedule.
const (
	Constant   = "constant"
	Polynomial = "polynomial" // of Power, to End at Horizon; Power 1 is linear
	Cosine     = "cosine"     // half a period, to End at Horizon
)

// Schedule says how the learning rate changes with the steps. It knows nothing of the data. Zero fields take the
// values in brackets.
type Schedule struct {
	Kind    string  `json:"kind,omitempty"`    // [polynomial]
	Warmup  int64   `json:"warmup,omitempty"`  // steps of linear growth from 0 [0]
	Horizon int64   `json:"horizon,omitempty"` // steps after which the rate is End [the plan's steps]; the paper's runs have 4000
	Power   float64 `json:"power,omitempty"`   // [1]
	End     float64 `json:"end,omitempty"`     // final factor, in [0, 1] [0]
}

func (s Schedule) withDefaults(steps int64) Schedule {
	if s.Kind == "" {
		s.Kind = Polynomial
	}
	if s.Horizon == 0 {
		s.Horizon = steps
	}
	s.Power = oneIfZero(s.Power)
	return s
}

// Factor multiplies the learning rate at a step (from 1): with k = step-1 updates done, w the warm-up and x =
// (k-w)/(Horizon-w),
//
//	k < w: (k+1)/w    polynomial: End + (1-End)(1-x)^Power    cosine: End + (1-End)(1+cos πx)/2
func (s Schedule) Factor(step int64) float64 {
	done := step - 1
	if done < s.Warmup {
		return float64(done+1) / float64(s.Warmup)
	}
	x := min(float64(done-s.Warmup)/float64(max(s.Horizon-s.Warmup, 1)), 1)
	switch s.Kind {
	case Polynomial:
		return s.End + (1-s.End)*math.Pow(1-x, s.Power)
	case Cosine:
		return s.End + (1-s.End)*(1+math.Cos(math.Pi*x))/2
	}
	return 1
}

func (s Schedule) validate() error {
	switch {
	case s.Kind != Constant && s.Kind != Polynomial && s.Kind != Cosine:
		return fmt.Errorf("schedule %q: must be %s, %s or %s", s.Kind, Constant, Polynomial, Cosine)
	case s.Warmup < 0 || s.Horizon < s.Warmup:
		return fmt.Errorf("schedule warm-up %d: must be in [0, horizon %d]", s.Warmup, s.Horizon)
	case !(s.Power > 0) || !finite(s.Power):
		return fmt.Errorf("schedule power %v: must be positive", s.Power)
	case !(s.End >= 0 && s.End <= 1):
		return fmt.Errorf("schedule end %v: must be in [0, 1]", s.End)
	}
	return nil
}
