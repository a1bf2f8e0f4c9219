package accountant

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// goldens returns the folder of the golden numbers: testdata, or EWTUNE_GOLDENS/accountant.
func goldens(name string) string {
	if root := os.Getenv("EWTUNE_GOLDENS"); root != "" {
		return filepath.Join(root, "accountant", name)
	}
	return filepath.Join("testdata", name)
}

type exactRow struct {
	q, sigma, delta, epsilon, wide float64
	steps                          int64
	remove                         bool
}

func exactRows(t testing.TB) []exactRow {
	t.Helper()
	f, err := os.Open(goldens("epsilon.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []exactRow
	for _, c := range records[1:] {
		n := func(i int) float64 {
			v, err := strconv.ParseFloat(c[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		rows = append(rows, exactRow{n(1), n(2), n(4), n(6), n(7), int64(n(3)), c[5] == "remove"})
	}
	return rows
}

// The exact values lie inside; from 100 steps on the interval is at most 1e-9 wide and the estimate within 1e-10. The
// file's own error counts against it (its last column; 1e-16 of rounding its digits).
func TestEpsilonGolden(t *testing.T) {
	for _, row := range exactRows(t) {
		r, err := Epsilon(Homogeneous(row.q, row.sigma, row.steps), row.delta)
		if err != nil {
			t.Fatal(err)
		}
		got := r.Add
		if row.remove {
			got = r.Remove
		}
		wide := row.wide + 4e-16*row.epsilon
		if got.Lower > row.epsilon+wide || got.Upper < row.epsilon-wide {
			t.Errorf("%+v: %v does not enclose it", row, got)
		}
		if rel := math.Abs(got.Estimate/row.epsilon - 1); row.steps >= 100 && rel > 1e-10+wide/row.epsilon {
			t.Errorf("%+v: estimate %v is off by %.1e", row, got.Estimate, rel)
		}
		if width := got.Upper - got.Lower; row.steps >= 100 && width > 1e-9 {
			t.Errorf("%+v: width %.1e", row, width)
		}
	}
}

// Two rows of the file are known to seven and ten digits only, for their integrand outweighs δ by many orders. Here they are to 25,
// from contours in 60-digit arithmetic (mpmath, two abscissas and steps).
func TestHeavyTailGolden(t *testing.T) {
	for _, c := range []struct {
		p              Plan
		delta, epsilon float64
	}{
		{Homogeneous(1e-4, 1, 100000), 1e-8, 0.1993512563223396885575025},
		{Homogeneous(1e-3, 1, 1000), 1e-10, 0.5446877426296687846242551},
	} {
		got := mustEpsilon(t, c.p, c.delta).Remove
		if got.Lower > c.epsilon || got.Upper < c.epsilon || got.Upper-got.Lower > 1e-11 || math.Abs(got.Estimate-c.epsilon) > 1e-12 {
			t.Errorf("%v: %v, want %v", c.p.Phases, got, c.epsilon)
		}
	}
}
