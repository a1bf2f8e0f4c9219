package accountant

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/accountant/kernel"
)

// κ₁…κ₆ of one step, 20 digits from 50-digit arithmetic: the file of the goldens, and one made alike that reaches from
// sampling rates whose mean cancels to noise whose loss is nearly Gaussian.
func TestCumulantsGolden(t *testing.T) { checkCumulants(t, goldens("cumulants.csv"), 20) }

func TestCumulantsExtreme(t *testing.T) { checkCumulants(t, "testdata/cumulants_extreme.csv", 30) }

func checkCumulants(t *testing.T, name string, least int) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	worst, rows := 0.0, 0
	for sc.Scan() {
		c := strings.Split(sc.Text(), ",")
		if len(c) < 9 || c[0] == "q" || strings.HasPrefix(c[0], "#") {
			continue
		}
		rows++
		sigma, _ := strconv.ParseFloat(c[1], 64)
		remove, add, err := Cumulants(Homogeneous(rate(c[0]), sigma, 1))
		if err != nil {
			t.Fatalf("%v: %v", c[:3], err)
		}
		got := map[string][6]float64{"remove": remove.Own, "remove_X": remove.Other, "add": add.Own, "add_X": add.Other}[c[2]]
		for i := range got {
			want, _ := strconv.ParseFloat(c[3+i], 64)
			rel := math.Abs(got[i]-want) / math.Max(math.Abs(want), 1e-38)
			worst = math.Max(worst, rel)
			if rel > 1e-10 {
				t.Errorf("%v κ%d: got %v, want %v", c[:3], i+1, got[i], want)
			}
		}
	}
	if rows < least {
		t.Errorf("%d rows, want %d at least", rows, least)
	}
	t.Logf("%d rows, worst relative error %.1e", rows, worst)
}

func rate(s string) float64 {
	if a, b, ok := strings.Cut(s, "/"); ok {
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		return x / y
	}
	x, _ := strconv.ParseFloat(s, 64)
	return x
}

// The two ways to a cumulant agree where both are good, in every direction and under both measures; T steps have T times
// the cumulants, phases their sum.
func TestCumulantsTwoWays(t *testing.T) {
	for _, adjacency := range []Adjacency{AddRemove, ReplaceOne} {
		p := Homogeneous(0.05, 0.9, 1)
		p.Adjacency = adjacency
		for _, problem := range p.problems() {
			var own, other kernel.Cumulants
			if !newEngine().small.CumulantsOf(problem.Phases[0], problem.Direction, &own, &other) {
				t.Fatal("no cumulants")
			}
			a, b := bigCumulants(problem.Phases[0], problem.Direction, false), bigCumulants(problem.Phases[0], problem.Direction, true)
			for i := range own {
				if math.Abs(own[i]-a[i]) > 1e-11*math.Abs(a[i]) || math.Abs(other[i]-b[i]) > 1e-11*math.Abs(b[i]) {
					t.Errorf("direction %v κ%d: %v and %v, %v and %v", problem.Direction, i+1, own[i], a[i], other[i], b[i])
				}
			}
		}
	}
	one, _, err1 := Cumulants(Homogeneous(0.05, 0.9, 1))
	two, _, err2 := Cumulants(Homogeneous(0.02, 2, 1))
	both, _, err3 := Cumulants(Plan{Phases: []Phase{{0.05, 0.9, 7}, {0.02, 2, 5}}})
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for i := range both.Own {
		if want := 7*one.Own[i] + 5*two.Own[i]; math.Abs(both.Own[i]/want-1) > 1e-13 {
			t.Errorf("κ%d of phases: %v, want %v", i+1, both.Own[i], want)
		}
	}
}
