package kernel

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// κ₁…κ₆ of one step, 20 digits from 50-digit arithmetic.
func TestCumulantsGolden(t *testing.T) {
	f, err := os.Open(goldenFile("cumulants.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := newWorkspace(4096, 4096, 64)
	sc := bufio.NewScanner(f)
	worst := 0.0
	for sc.Scan() {
		c := strings.Split(sc.Text(), ",")
		if len(c) < 9 || c[0] == "q" || strings.HasPrefix(c[0], "#") {
			continue
		}
		sigma, _ := strconv.ParseFloat(c[1], 64)
		d := Remove
		if strings.HasPrefix(c[2], "add") {
			d = Add
		}
		own, other, ok := w.CumulantsOf(Phase{rate(c[0]), sigma, 1}, d)
		if !ok {
			t.Fatalf("%v: no cumulants", c[:3])
		}
		got := own
		if strings.HasSuffix(c[2], "_X") {
			got = other
		}
		for i := range got {
			want, _ := strconv.ParseFloat(c[3+i], 64)
			rel := math.Abs(got[i]-want) / math.Max(math.Abs(want), 1e-30)
			worst = math.Max(worst, rel)
			if rel > 1e-10 {
				t.Errorf("%v κ%d: got %v, want %v", c[:3], i+1, got[i], want)
			}
		}
	}
	t.Logf("worst relative error %.1e", worst)
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
