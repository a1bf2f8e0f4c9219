package accountant

import (
	"fmt"
	"math"
)

// search finds, on the grid of ten-digit (or whole) numbers, the argument nearest the budget whose price is within it: the least
// where the price falls, the greatest where it rises. It ends by having seen the answer pass and its neighbour on the
// spending side fail.
type search struct {
	epsilon   float64
	low, high float64
	falls     bool
	whole     bool // arguments are whole numbers
	name      string
	price     func(float64) (float64, error)
	rough     func(float64) float64
	near      func(x float64, again bool) (float64, bool) // an estimate of the price, good near epsilon; nil: none
	prove     func(float64) (float64, error)              // the price itself, where price only stands for it; nil: it is

	thrifty, costly float64 // an argument seen to pass, one seen to fail; 0: none yet
	last, lastAt    float64 // log of the argument seen last, and log of its price over epsilon
	slope           float64 // of that log in the other, from the last two arguments; 0: unknown
	reach           float64 // log of the last factor while one side is open
	tries           int
	close           bool // the search began next to the answer
}

func (s *search) run() (float64, error) {
	x, err := s.seek()
	for err == nil && s.prove != nil && x != s.begin() {
		v, failed := s.prove(x)
		if failed != nil || v <= s.epsilon {
			return x, failed
		}
		x = s.thriftier(x) // by the last digits of the price
	}
	return x, err
}

// thriftier returns the next number on the saving side.
func (s *search) thriftier(x float64) float64 {
	if s.falls {
		return s.above(x)
	}
	return s.below(x)
}

func (s *search) seek() (float64, error) {
	x := s.refine(math.Exp(s.start()))
	for range 400 {
		x = s.onGrid(math.Min(s.high, math.Max(s.low, x)))
		if err := s.see(x); err != nil {
			return 0, err
		}
		switch {
		case s.thrifty != 0 && s.costly != 0 && s.neighbour(s.thrifty) == s.costly:
			return s.thrifty, nil
		case s.thrifty == s.end():
			return s.thrifty, nil // the cheapest extreme of spending is within the budget
		case s.costly == s.begin():
			return 0, fmt.Errorf("epsilon %v: no %s from %g to %g meets it", s.epsilon, s.name, s.low, s.high)
		}
		x = s.next(x)
	}
	if s.thrifty == 0 {
		return 0, fmt.Errorf("epsilon %v: no %s was found that meets it", s.epsilon, s.name)
	}
	return s.thrifty, nil
}

// refine follows estimates of the price, by the secant, to the number on the saving side of where they meet epsilon: as far
// as the secant's error, about the product of its last two moves, counts on the grid. Where it fails it returns x.
func (s *search) refine(x float64) float64 {
	at, placed, before := s.onGrid(x), 0.0, 1.0
	for range 8 {
		if s.near == nil || !(at > s.low && at < s.high) {
			return x
		}
		again := math.Abs(at-placed) < 0.01*at
		if !again {
			placed = at
		}
		price, ok := s.near(at, again)
		if !ok || !(price > 0) {
			return x
		}
		s.learn(at, price, before < 1)
		move := -s.lastAt / s.slope
		if (s.slope < 0) != s.falls || !(math.Abs(move) < 1) {
			return x
		}
		next := at * math.Exp(move)
		if math.Abs(move)*(math.Abs(move)+before)*next < 0.1*s.grid(next) || s.onGrid(next) == at {
			s.close = true
			return s.savingSide(next)
		}
		at, before = s.onGrid(next), math.Abs(move)
	}
	return x
}

// learn notes a price, and with slope what it tells beside the last one.
func (s *search) learn(x, price float64, slope bool) {
	at, log := math.Log(price/s.epsilon), math.Log(x)
	if slope {
		s.slope = (at - s.lastAt) / (log - s.last)
	}
	s.last, s.lastAt = log, at
}

// savingSide rounds to the saving side.
func (s *search) savingSide(x float64) float64 {
	on := s.onGrid(x)
	switch {
	case s.falls && on < x:
		return s.above(on)
	case !s.falls && on > x:
		return s.below(on)
	}
	return on
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

// neighbour returns the next number on the spending side.
func (s *search) neighbour(x float64) float64 {
	if s.falls {
		return s.below(x)
	}
	return s.above(x)
}

func (s *search) see(x float64) error {
	v, err := s.price(x)
	if err != nil {
		return err
	}
	if v <= s.epsilon {
		s.thrifty = x
	} else {
		s.costly = x
	}
	s.tries++
	s.learn(x, v, s.tries > 1)
	return nil
}

// next follows the slope in log-log (the secant through the last two arguments) to a number on the saving side; near the end
// it steps to the neighbour that is still open, and where it does not end soon it halves.
func (s *search) next(x float64) float64 {
	move := -s.lastAt / s.slope
	known := (s.slope < 0) == s.falls && !math.IsInf(move, 0) && math.Abs(move) < 1
	guess := math.Exp(s.last + move)
	if s.falls {
		guess += s.grid(guess) / 2
	} else {
		guess -= s.grid(guess) / 2
	}
	switch {
	case s.close && s.tries < 3 && s.costly == 0:
		return s.neighbour(x)
	case s.thrifty == 0 && !(known && (guess > x) == s.falls):
		return s.saving(x, 1.02)
	case s.costly == 0 && !(known && (guess < x) == s.falls):
		return s.saving(x, 1/1.02)
	case s.thrifty == 0 || s.costly == 0:
		return guess
	case !known || s.tries > 10 && s.tries%2 == 0:
		return s.inside(math.Sqrt(s.thrifty) * math.Sqrt(s.costly))
	}
	return s.inside(guess)
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
	return math.Min(s.below(hi), math.Max(s.above(lo), s.onGrid(x)))
}

// start returns the log of an argument of about the rough price, by halving and then by the secant, and keeps the slope.
func (s *search) start() float64 {
	lo, hi := math.Log(s.low), math.Log(s.high)
	good := 5e-3
	if s.near != nil {
		good = 0.011
	}
	for i := range 40 {
		mid := (lo + hi) / 2
		if guess := s.last - s.lastAt/s.slope; i > 1 && hi-lo < 5 && guess > lo && guess < hi && i%8 != 7 {
			mid = guess
		}
		at := math.Log(s.rough(math.Exp(mid)) / s.epsilon)
		if math.IsNaN(at) {
			at = math.Inf(1)
			if !s.falls {
				at = math.Inf(-1)
			}
		}
		if i > 0 {
			s.slope = (at - s.lastAt) / (mid - s.last)
		}
		s.last, s.lastAt = mid, at
		if (at > 0) == s.falls {
			lo = mid
		} else {
			hi = mid
		}
		if hi-lo < 1e-3 || math.Abs(at) < good {
			break
		}
	}
	return s.last
}

// grid is the distance of neighbouring arguments at x.
func (s *search) grid(x float64) float64 {
	if s.whole {
		return 1
	}
	return grid(x)
}

func (s *search) onGrid(x float64) float64 {
	if s.whole {
		return math.Round(x)
	}
	return onGrid(x)
}

func (s *search) above(x float64) float64 {
	if s.whole {
		return x + 1
	}
	return above(x)
}

func (s *search) below(x float64) float64 {
	if s.whole {
		return x - 1
	}
	return below(x)
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
