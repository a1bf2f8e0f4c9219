package accountant

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// search finds, on the grid of ten-digit numbers, the argument nearest the budget whose price is within it: the least
// where the price falls, the greatest where it rises. It ends by having seen the answer pass and its neighbour on the
// spending side fail.
type search struct {
	epsilon   float64
	low, high float64
	falls     bool
	name      string
	price     func(float64) (float64, error)
	rough     func(float64) float64

	thrifty, costly   float64 // an argument seen to pass, one seen to fail; 0: none yet
	thriftyAt, costAt float64 // their prices
	reach             float64 // log of the last factor while one side is open
	refused           error   // why the price of an argument is infinite
}

func (s *search) run() (float64, error) {
	x := s.start()
	for range 400 {
		x = onGrid(math.Min(s.high, math.Max(s.low, x)))
		if err := s.see(x); err != nil {
			return 0, err
		}
		switch {
		case s.thrifty != 0 && s.costly != 0 && s.neighbour(s.thrifty) == s.costly:
			return s.thrifty, nil
		case s.thrifty == s.end():
			return s.thrifty, nil // the cheapest extreme of spending is within the budget
		case s.costly == s.begin():
			return 0, cmp.Or(s.refused, fmt.Errorf("epsilon %v: no %s from %g to %g meets it", s.epsilon, s.name, s.low, s.high))
		}
		x = s.next(x)
	}
	if s.thrifty == 0 {
		return 0, fmt.Errorf("epsilon %v: no %s was found that meets it", s.epsilon, s.name)
	}
	return s.thrifty, nil
}

// end and begin are the extremes on the spending and on the saving side.
func (s *search) end() float64 {
	if s.falls {
		return s.low
	}
	return s.high
}

func (s *search) begin() float64 {
	if s.falls {
		return s.high
	}
	return s.low
}

// neighbour returns the next ten-digit number on the spending side.
func (s *search) neighbour(x float64) float64 {
	if s.falls {
		return below(x)
	}
	return above(x)
}

func (s *search) see(x float64) error {
	v, err := s.price(x)
	var refused *capError
	if errors.As(err, &refused) {
		v, err, s.refused = math.Inf(1), nil, err
	}
	if err != nil {
		return err
	}
	if v <= s.epsilon {
		s.thrifty, s.thriftyAt = x, v
	} else {
		s.costly, s.costAt = x, v
	}
	return nil
}

// next interpolates in log-log; near the end it steps to the neighbour that is still open.
func (s *search) next(x float64) float64 {
	switch {
	case s.thrifty == 0:
		return s.saving(x, 1.02)
	case s.costly == 0:
		return s.saving(x, 1/1.02)
	}
	lo, hi := math.Min(s.thrifty, s.costly), math.Max(s.thrifty, s.costly)
	middle := math.Sqrt(lo) * math.Sqrt(hi)
	if !(s.thriftyAt > 0) || math.IsInf(s.costAt, 1) {
		return s.inside(middle)
	}
	share := math.Log(s.costAt/s.epsilon) / math.Log(s.costAt/s.thriftyAt)
	guess := s.costly * math.Exp(share*math.Log(s.thrifty/s.costly))
	// Aim a little to the side of the wider gap, so that both ends of the bracket close in.
	aim := 1e-3 * (hi - lo)
	if math.Abs(guess-s.thrifty) > math.Abs(guess-s.costly) {
		aim = math.Copysign(math.Min(aim, 2*math.Abs(guess-s.costly)+2*grid(guess)), s.thrifty-s.costly)
	} else {
		aim = math.Copysign(math.Min(aim, 2*math.Abs(guess-s.thrifty)+2*grid(guess)), s.costly-s.thrifty)
	}
	return s.inside(guess + aim)
}

// saving moves x by a factor towards the saving side (factor > 1), squaring the factor each time.
func (s *search) saving(x, factor float64) float64 {
	if s.reach == 0 {
		s.reach = math.Abs(math.Log(factor))
	} else {
		s.reach *= 2
	}
	if (factor > 1) == s.falls {
		return x * math.Exp(s.reach)
	}
	return x * math.Exp(-s.reach)
}

// inside keeps x between the ends of the bracket, on the grid.
func (s *search) inside(x float64) float64 {
	lo, hi := math.Min(s.thrifty, s.costly), math.Max(s.thrifty, s.costly)
	return math.Min(below(hi), math.Max(above(lo), onGrid(x)))
}

// start solves for the rough price by bisection.
func (s *search) start() float64 {
	lo, hi := math.Log(s.low), math.Log(s.high)
	for range 30 {
		mid := (lo + hi) / 2
		v := s.rough(math.Exp(mid))
		if math.IsNaN(v) {
			v = math.Inf(1)
			if !s.falls {
				v = 0
			}
		}
		if (v > s.epsilon) == s.falls {
			lo = mid
		} else {
			hi = mid
		}
		if hi-lo < 1e-3 {
			break
		}
	}
	return math.Exp((lo + hi) / 2)
}

// grid is the distance of neighbouring ten-digit numbers at x.
func grid(x float64) float64 { return math.Pow(10, math.Floor(math.Log10(x)+1e-12)-9) }

func onGrid(x float64) float64 { return round(x, grid(x)) }
func above(x float64) float64  { return onGrid(x + grid(x)) }

func below(x float64) float64 {
	step := grid(x)
	if onGrid(x-step) >= x || grid(x-step) < step*0.5 {
		step = grid(x * 0.999)
	}
	return onGrid(x - step)
}

// round rounds to a multiple of a power of ten, through the decimal so that the result prints short.
func round(x, unit float64) float64 {
	digits := int(math.Round(-math.Log10(unit)))
	if digits >= 0 {
		scale := math.Pow(10, float64(digits))
		return math.Round(x*scale) / scale
	}
	return math.Round(x/unit) * unit
}
