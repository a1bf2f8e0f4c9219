package eval_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/accountant"
)

// paperRows are the training rows of the four tasks.
var paperRows = map[string]int64{"MNLI": 392702, "QQP": 363849, "QNLI": 104743, "SST-2": 67349}

// The tables of docs/PAPER.md are computed again: a column is known by its heading, and a value must be what the
// accountant gives, rounded to the digits that are printed; upper bounds and needed noise are rounded up.
func TestPaperTables(t *testing.T) {
	text, err := os.ReadFile("../docs/PAPER.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, table := range regexp.MustCompile(`(?m)(^ *\|.*\n)+`).FindAllString(string(text), -1) {
		rows := cells(table)
		for _, row := range rows[2:] {
			for i, heading := range rows[0] {
				if got, ok := paperValue(t, heading, rows[0], row); ok {
					checked++
					compare(t, heading, row, row[i], got)
				}
			}
		}
	}
	if checked != 8*4+8*3+4+8*3+4*2 {
		t.Errorf("%d values checked: a table or a heading has changed", checked)
	}
}

func cells(table string) [][]string {
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		rows = append(rows, row)
	}
	return rows
}

// compare accepts the printed value if it is got, rounded to the nearest or up in its last digit.
func compare(t *testing.T, heading string, row []string, printed string, got float64) {
	t.Helper()
	value, err := strconv.ParseFloat(printed, 64)
	if err != nil {
		t.Fatalf("%s of %v: %v", heading, row, err)
	}
	unit := lastDigit(printed)
	if value-got < -unit/2 || value-got >= unit {
		t.Errorf("%s of %s %s: printed %s, computed %.9g", heading, row[0], row[1], printed, got)
	}
}

// lastDigit is the worth of the last printed digit: 0.01 of 5.75, 1e-7 of 5.75e-5.
func lastDigit(printed string) float64 {
	mantissa, exponent, _ := strings.Cut(printed, "e")
	power, _ := strconv.Atoi(exponent) // "" is 0
	if _, decimals, found := strings.Cut(mantissa, "."); found {
		power -= len(decimals)
	}
	return math.Pow(10, float64(power))
}

// paperValue computes the value of a column from the row's task, δ and noise; ok is false for columns that are facts.
func paperValue(t *testing.T, heading string, headings, row []string) (value float64, ok bool) {
	n := paperRows[row[0]]
	q, steps := 2000/float64(n), 20*(n/2000)
	column := func(names ...string) float64 {
		for i, h := range headings {
			for _, name := range names {
				if h == name {
					v, err := strconv.ParseFloat(row[i], 64)
					if err != nil {
						t.Fatal(err)
					}
					return v
				}
			}
		}
		return 1e-5
	}
	delta := column("δ", "δ claimed")
	sigma := func() float64 { return column("noise multiplier", "noise multiplier used") }
	var r accountant.Result
	var err error
	switch heading {
	case "q":
		return q, true
	case "T":
		return float64(steps), true
	case "order 1", "order 2", "order 3":
		r, err = accountant.Edgeworth(accountant.Homogeneous(q, sigma(), steps), delta, int(heading[6]-'0'))
		value = r.Epsilon.Estimate
	case "exact ε", "true ε at δ":
		r, err = accountant.Epsilon(accountant.Homogeneous(q, sigma(), steps), delta)
		value = r.Epsilon.Upper
	case "true δ at ε = 8":
		r, err = accountant.Delta(accountant.Homogeneous(q, sigma(), steps), 8)
		value = r.Delta.Upper
	case "ε at 1e-5, 20 releases without amplification":
		r, err = accountant.Epsilon(accountant.Homogeneous(1, sigma(), 20), 1e-5)
		value = r.Epsilon.Upper
	case "noise multiplier needed", "certified":
		value, err = accountant.NoiseMultiplier(q, steps, 8, delta)
	case "RDP":
		value, err = accountant.RDPNoiseMultiplier(q, steps, 8, delta)
	case "paper":
		value, err = accountant.PaperNoiseMultiplier(q, steps, 8, delta)
	default:
		return 0, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return value, true
}
