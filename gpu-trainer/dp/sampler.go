package dp

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Kinds of Sampler.
const (
	Poisson          = "poisson"           // every row enters every lot independently with probability Rate
	TruncatedPoisson = "truncated-poisson" // poisson; of a lot above Limit a set of Limit rows stays, every set alike
	FixedSize        = "fixed"             // Size distinct rows, every set alike; non-private runs only
	Shuffle          = "shuffle"           // epochs of lots of Size rows; non-private runs only
)

// Sampler draws the lots of a run. It uses random bits only, no floating-point draw: a row's chance is Rate to the
// last bit.
type Sampler struct {
	Kind  string  // "" is Poisson
	Rows  int64   // N
	Rate  float64 // q in (0, 1]: poisson, truncated-poisson
	Limit int64   // most rows of a lot: truncated-poisson
	Size  int64   // rows of a lot: fixed, shuffle

	epoch       int64   // whose permutation is held, from 1
	permutation []int64 // shuffle only
}

// Validate tells which field breaks its rule.
func (s *Sampler) Validate() error {
	usesRate := s.Kind == "" || s.Kind == Poisson || s.Kind == TruncatedPoisson
	usesSize := s.Kind == FixedSize || s.Kind == Shuffle
	switch {
	case !usesRate && !usesSize:
		return fmt.Errorf("sampler %q: must be %s, %s, %s or %s", s.Kind, Poisson, TruncatedPoisson, FixedSize, Shuffle)
	case s.Rows < 1:
		return fmt.Errorf("rows %d: must be positive", s.Rows)
	case usesRate && !(s.Rate > 0 && s.Rate <= 1):
		return fmt.Errorf("sampling rate %v: must be in (0, 1]", s.Rate)
	case s.Kind == TruncatedPoisson && s.Limit < 1:
		return fmt.Errorf("lot limit %d: must be positive", s.Limit)
	case usesSize && (s.Size < 1 || s.Size > s.Rows):
		return fmt.Errorf("lot size %d: must be in [1, rows %d]", s.Size, s.Rows)
	}
	return nil
}

// Lot returns the rows of one step (from 1) in ascending order (shuffle: in drawn order). It may be empty: that is a
// legal lot. The same key and step give the same rows.
func (s *Sampler) Lot(key Key, step int64) []int64 {
	switch s.Kind {
	case FixedSize:
		return choose(key.Stream(DomainSampling, uint64(step), 0), s.Rows, s.Size)
	case Shuffle:
		return s.shuffled(key, step)
	}
	lot := poisson(key.Stream(DomainSampling, uint64(step), 0), s.Rows, s.Rate)
	if s.Kind == TruncatedPoisson && int64(len(lot)) > s.Limit {
		return truncate(key.Stream(DomainSampling, uint64(step), 1), lot, s.Limit)
	}
	return lot
}

// truncate keeps limit of the lot's rows, in their order.
func truncate(s *Stream, lot []int64, limit int64) []int64 {
	kept := choose(s, int64(len(lot)), limit)
	for i, at := range kept {
		kept[i] = lot[at]
	}
	return kept
}

// StepsPerEpoch is how many lots of shuffle pass once over the data.
func (s *Sampler) StepsPerEpoch() int64 { return (s.Rows + s.Size - 1) / s.Size }

func (s *Sampler) shuffled(key Key, step int64) []int64 {
	epoch, at := (step-1)/s.StepsPerEpoch()+1, (step-1)%s.StepsPerEpoch()
	if s.epoch != epoch {
		s.epoch, s.permutation = epoch, permute(key.Stream(DomainSampling, uint64(epoch), 0), s.Rows)
	}
	return slices.Clone(s.permutation[at*s.Size : min((at+1)*s.Size, s.Rows)])
}

// poisson compares, for each row, a uniform number with q, both written in base 256, digit by digit until they differ.
// q is a float64, so its digits end; a number that equals it so far is then not below it.
func poisson(s *Stream, rows int64, rate float64) []int64 {
	digits := base256(rate)
	lot := make([]int64, 0, int64(float64(rows)*rate*1.1)+16)
	for row := range rows {
		if below(s, digits) {
			lot = append(lot, row)
		}
	}
	return lot
}

func below(s *Stream, digits []byte) bool {
	for _, d := range digits {
		if drawn := s.Byte(); drawn != d {
			return drawn < d
		}
	}
	return len(digits) == 0 // rate 1
}

// base256 is the expansion of a rate below 1; nil stands for 1. Scaling by 256 and taking the whole part off are exact.
func base256(rate float64) []byte {
	var digits []byte
	for rate > 0 && rate < 1 {
		whole, rest := math.Modf(rate * 256)
		digits, rate = append(digits, byte(whole)), rest
	}
	return digits
}

// choose draws k distinct numbers of [0, n), every set alike (Floyd's algorithm, Bentley 1987), ascending.
func choose(s *Stream, n, k int64) []int64 {
	taken := make(map[int64]bool, k)
	chosen := make([]int64, 0, k)
	for top := n - k; top < n; top++ {
		pick := int64(s.Below(uint64(top + 1)))
		if taken[pick] {
			pick = top
		}
		taken[pick] = true
		chosen = append(chosen, pick)
	}
	slices.SortFunc(chosen, cmp.Compare)
	return chosen
}

// permute is Fisher and Yates's shuffle of [0, n).
func permute(s *Stream, n int64) []int64 {
	p := make([]int64, n)
	for i := range p {
		j := s.Below(uint64(i + 1))
		p[i], p[j] = p[j], int64(i)
	}
	return p
}
