package trainer

import (
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
)

// sums are a lot's integer sums of the released vector. Of the word table, most of a small model's numbers, only the
// rows exist that the lot has touched; the others stand side by side. Whoever asks for the whole vector gets it, and
// from then on all sums stand side by side.
type sums struct {
	dim   int
	dense []int64   // [dim], without the table's until the sums are spread
	table *cpu.Rows // nil: there is none
	at    int       // of the table's first number
	size  int       // of the table
	used  bool      // they may hold something; until then their memory is never touched
	whole bool      // spread
	views []sumView
}

// sumView is a tensor's part of the dense sums, which programs add to.
type sumView struct {
	Parameter
	*cpu.Slice[int64]
}

// newSums are zero. table is the tensor whose rows are few, of no size if there is none.
func newSums(dim int, table Parameter) *sums {
	s := &sums{dim: dim, at: dim, size: table.Size}
	if table.Size > 0 {
		s.table, s.at = cpu.NewRows(table.Shape[0], table.Shape[1]), table.Offset
	}
	s.dense, s.whole = make([]int64, dim-s.size), s.table == nil
	return s
}

// isTable tells whether the sums of a tensor are rows.
func (s *sums) isTable(p Parameter) bool { return s.table != nil && p.Offset == s.at }

// buffer is what a program adds a tensor's sums to, row by row or otherwise.
func (s *sums) buffer(p Parameter, byRows bool) machine.Buffer {
	if s.isTable(p) && byRows {
		return s.table
	}
	if s.isTable(p) {
		s.all()
	}
	v := sumView{p, &cpu.Slice[int64]{}}
	s.views = append(s.views, v)
	s.point(v)
	return v.Slice
}

// point makes a view look where its sums are.
func (s *sums) point(v sumView) { v.Data = s.dense[s.place(v.Offset):][:v.Size:v.Size] }

// place is where a number of the released vector, not of the table, is among the dense.
func (s *sums) place(number int) int {
	if !s.whole && number > s.at {
		return number - s.size
	}
	return number
}

// all are all sums, side by side.
func (s *sums) all() []int64 {
	s.used = true
	if s.whole {
		return s.dense
	}
	whole := make([]int64, s.dim)
	copy(whole, s.dense[:s.at])
	copy(whole[s.at+s.size:], s.dense[s.at:])
	s.table.Spread(whole[s.at:][:s.size:s.size])
	s.dense, s.whole = whole, true
	for _, v := range s.views {
		s.point(v)
	}
	return whole
}

// chunk is sums lo:hi, or a copy of them in scratch where they are not side by side.
func (s *sums) chunk(lo, hi int, scratch []int64) []int64 {
	end := s.at + s.size
	if s.whole || hi <= s.at || lo >= end {
		return s.dense[s.place(lo):][: hi-lo : hi-lo]
	}
	scratch = scratch[:hi-lo]
	if lo < s.at {
		copy(scratch, s.dense[lo:s.at])
	}
	if hi > end {
		copy(scratch[end-lo:], s.dense[s.at:][:hi-end])
	}
	from, to := max(lo, s.at), min(hi, end)
	s.table.CopyTo(scratch[from-lo:to-lo], from-s.at)
	return scratch
}

// zero zeroes the dense among sums lo:hi; those of rows go all at once.
func (s *sums) zero(lo, hi int) {
	if s.whole {
		clear(s.dense[lo:hi])
		return
	}
	if lo < s.at {
		clear(s.dense[lo:min(hi, s.at)])
	}
	if end := s.at + s.size; hi > end {
		clear(s.dense[max(lo, end)-s.size : hi-s.size])
	}
}

// spent is called when zero was called for all: nothing is left but rows.
func (s *sums) spent() {
	if !s.whole {
		s.table.Clear()
	}
	s.used = false
}

// any tells whether a tensor has a sum that is not zero.
func (s *sums) any(p Parameter) bool {
	var part []int64
	if s.isTable(p) {
		part = s.table.Held()
	} else {
		part = s.dense[s.place(p.Offset):][:p.Size]
	}
	return slices.ContainsFunc(part, func(v int64) bool { return v != 0 })
}

// clear zeroes the sums.
func (s *sums) clear() {
	if !s.used {
		return
	}
	clear(s.dense)
	if !s.whole {
		s.table.Clear()
	}
	s.used = false
}
