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
		// Two rows have a loss whose rare values reach far beyond epsilon: any abscissa costs digits.
		most := 1e-9
		if row.sigma == 1 && row.q <= 0.001 {
			most = 1e-6
		}
		if width := got.Upper - got.Lower; row.steps >= 100 && width > most {
			t.Errorf("%+v: width %.1e", row, width)
		}
	}
}
