package dp

import (
	"math"
	"slices"
	"testing"
)

func TestBase256IsExact(t *testing.T) {
	for _, rate := range []float64{0.5, 1.0 / 3, 2000.0 / 67349, 1e-9, math.Nextafter(1, 0), 0x1p-60} {
		sum := 0.0
		digits := base256(rate)
		for i := len(digits) - 1; i >= 0; i-- {
			sum = (sum + float64(digits[i])) / 256
		}
		if sum != rate {
			t.Errorf("rate %v: digits give %v", rate, sum)
		}
	}
	if base256(1) != nil {
		t.Error("rate 1 has digits")
	}
}

// TestPoissonCounts compares each row's count and the lot sizes over many steps with Bernstein's bound, the alarm of
// 1e-9 split over the rows.
func TestPoissonCounts(t *testing.T) {
	const rows, steps, rate = 300, 4000, 0.3
	s := Sampler{Rows: rows, Rate: rate}
	var counts [rows]float64
	var sum, squares float64
	for step := range int64(steps) {
		lot := s.Lot(KeyFromSeed(3), step+1)
		if !slices.IsSorted(lot) || len(slices.Compact(slices.Clone(lot))) != len(lot) {
			t.Fatal("a row twice in a lot, or out of order")
		}
		for _, row := range lot {
			counts[row]++
		}
		sum += float64(len(lot))
		squares += math.Pow(float64(len(lot))-rows*rate, 2)
	}
	logTerm := math.Log(2 * rows / alarm)
	bound := math.Sqrt(2*steps*rate*(1-rate)*logTerm) + 2*logTerm/3
	for row, c := range counts {
		if math.Abs(c-steps*rate) > bound {
			t.Errorf("row %d in %v lots, want %v within %.0f", row, c, steps*rate, bound)
		}
	}
	// Var(size) = Nq(1-q); its estimate over 4000 nearly normal sizes errs by 6.1·√(2/4000) with probability 1e-9.
	if ratio := squares / steps / (rows * rate * (1 - rate)); math.Abs(ratio-1) > 6.1*math.Sqrt(2.0/steps) {
		t.Errorf("lot size variance is %v of a binomial's", ratio)
	}
}

// TestRatesWithOneDigit: at rate ½ a first byte of 128 is not below it. A million rows are counted with Hoeffding's
// bound.
func TestRatesWithOneDigit(t *testing.T) {
	const rows = 1 << 20
	s := Sampler{Rows: rows, Rate: 0.5}
	if got, bound := float64(len(s.Lot(KeyFromSeed(6), 1))), math.Sqrt(rows*math.Log(2/alarm)/2); math.Abs(got-rows/2) > bound {
		t.Errorf("%v of %d rows, want half within %.0f", got, rows, bound)
	}
}

func TestPoissonAll(t *testing.T) {
	s := Sampler{Rows: 40, Rate: 1}
	if len(s.Lot(KeyFromSeed(1), 1)) != 40 {
		t.Error("rate 1 left a row out")
	}
	s.Rate = 1e-12
	if len(s.Lot(KeyFromSeed(1), 1)) != 0 {
		t.Error("rate 1e-12 drew a row")
	}
}

// TestSetsAreUniform counts all subsets of FixedSize.
func TestSetsAreUniform(t *testing.T) {
	const draws = 20000
	s := Sampler{Kind: FixedSize, Rows: 6, Size: 3}
	counts := map[[3]int64]float64{}
	for step := range int64(draws) {
		counts[[3]int64(s.Lot(KeyFromSeed(5), step))]++
	}
	logTerm := math.Log(2 * 20 / alarm)
	bound := math.Sqrt(2*draws/20.0*logTerm) + 2*logTerm/3
	if len(counts) != 20 {
		t.Errorf("%d sets of 20", len(counts))
	}
	for set, c := range counts {
		if math.Abs(c-draws/20) > bound {
			t.Errorf("set %v %v times, want 1000 within %.0f", set, c, bound)
		}
	}
}

func TestShuffleCoversEveryEpoch(t *testing.T) {
	s := Sampler{Kind: Shuffle, Rows: 10, Size: 4}
	for epoch := range int64(3) {
		var seen []int64
		for at := range s.StepsPerEpoch() {
			seen = append(seen, s.Lot(KeyFromSeed(2), 1+epoch*s.StepsPerEpoch()+at)...)
		}
		if slices.Sort(seen); !slices.Equal(seen, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("epoch %d holds %v", epoch, seen)
		}
	}
}

func TestLotRepeats(t *testing.T) {
	for _, kind := range []string{Poisson, FixedSize, Shuffle} {
		draw := func(step int64) []int64 {
			s := Sampler{Kind: kind, Rows: 500, Rate: 0.1, Size: 50}
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			return s.Lot(KeyFromSeed(9), step)
		}
		if !slices.Equal(draw(3), draw(3)) || slices.Equal(draw(3), draw(4)) {
			t.Errorf("%s: a lot must follow from key and step", kind)
		}
	}
}

func TestSamplerValidate(t *testing.T) {
	for _, s := range []Sampler{{Kind: "walk", Rows: 1}, {Rows: 0, Rate: 1}, {Rows: 5, Rate: 0}, {Rows: 5, Rate: 1.1}, {Rows: 5, Rate: math.NaN()}, {Kind: FixedSize, Rows: 5, Size: 6}, {Kind: Shuffle, Rows: 5}} {
		if s.Validate() == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}

func BenchmarkPoisson(b *testing.B) {
	s := Sampler{Rows: 67349, Rate: 2000.0 / 67349}
	for i := range b.N {
		s.Lot(KeyFromSeed(1), int64(i))
	}
}

// TestTruncation: a truncated lot is a subset of the Poisson lot of the same key and step, of Limit rows if that one
// is larger and the same otherwise, and which rows are left out is fair: each row of many cut lots is kept equally
// often (Hoeffding, 1e-9 in all).
func TestTruncation(t *testing.T) {
	const rows, steps, limit = 60, 6000, 28
	whole := Sampler{Rows: rows, Rate: 0.5}
	cut := Sampler{Kind: TruncatedPoisson, Rows: rows, Rate: 0.5, Limit: limit}
	var drawn, kept [rows]float64
	for step := range int64(steps) {
		all, left := whole.Lot(KeyFromSeed(8), step+1), cut.Lot(KeyFromSeed(8), step+1)
		if len(left) != min(len(all), limit) || !slices.IsSorted(left) {
			t.Fatalf("step %d: %d rows of %d, want at most %d in order", step+1, len(left), len(all), limit)
		}
		if len(all) <= limit {
			if !slices.Equal(all, left) {
				t.Fatalf("step %d: a lot within the limit was changed", step+1)
			}
			continue
		}
		for _, row := range all {
			drawn[row] += float64(limit) / float64(len(all))
			if slices.Contains(left, row) {
				kept[row]++
			}
		}
		for _, row := range left {
			if !slices.Contains(all, row) {
				t.Fatalf("step %d: row %d was not drawn", step+1, row)
			}
		}
	}
	bound := math.Sqrt(steps * math.Log(2*rows/alarm) / 2)
	for row := range rows {
		if drawn[row] < steps/10 || math.Abs(kept[row]-drawn[row]) > bound {
			t.Errorf("row %d kept %v times, want %.0f within %.0f", row, kept[row], drawn[row], bound)
		}
	}
}
