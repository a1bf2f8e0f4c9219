package kernel

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

type golden struct {
	tag          string
	q, s, t      float64
	delta        float64
	dir          Direction
	eps, epsWide float64
}

func readGoldens(t testing.TB) []golden {
	f, err := os.Open(goldenFile("epsilon.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []golden
	sc := bufio.NewScanner(f)
	sc.Scan()
	for sc.Scan() {
		c := strings.Split(sc.Text(), ",")
		n := func(i int) float64 { v, _ := strconv.ParseFloat(c[i], 64); return v }
		d := Remove
		if c[5] == "add" {
			d = Add
		}
		out = append(out, golden{c[0], n(1), n(2), n(3), n(4), d, n(6), n(7)})
	}
	return out
}

// goldenFile returns the path of golden numbers: the accountant's testdata, or EWTUNE_GOLDENS/accountant.
func goldenFile(name string) string {
	if root := os.Getenv("EWTUNE_GOLDENS"); root != "" {
		return filepath.Join(root, "accountant", name)
	}
	return filepath.Join("..", "testdata", name)
}

func newWorkspace(coarse, fine, nodes int) *Workspace {
	var w Workspace
	w.Carve(make([]float64, SizeWorkspace(coarse, fine, nodes)), coarse, fine, nodes)
	return &w
}

// The exact epsilons lie inside what the contour says wherever it reaches, which from 100 steps on is everywhere.
func TestContourGolden(t *testing.T) {
	w := newWorkspace(8192, 1<<14, 1<<16)
	for _, g := range readGoldens(t) {
		p := Problem{Phases: []Phase{{g.q, g.s, g.t}}, Direction: g.dir, Group: 1}
		iv, ok := w.epsilonByContour(&p, g.delta)
		if !ok {
			if g.t >= 100 {
				t.Errorf("%+v: no contour", g)
			}
			continue
		}
		wide := g.epsWide + 4e-16*g.eps
		if iv.Lower > g.eps+wide || iv.Upper < g.eps-wide {
			t.Errorf("%+v: %v does not enclose it", g, iv)
		}
	}
}

// The lattice encloses them too, more widely, at any number of steps.
func TestLatticeGolden(t *testing.T) {
	w := newWorkspace(8192, 1<<14, 1<<16)
	for _, g := range readGoldens(t) {
		p := Problem{Phases: []Phase{{g.q, g.s, g.t}}, Direction: g.dir, Group: 1}
		iv, ok := w.epsilonByLattice(&p, g.delta)
		if !ok || iv.Lower > g.eps+g.epsWide || iv.Upper < g.eps-g.epsWide || iv.Upper > 1.1*g.eps+0.2 {
			t.Errorf("%+v: %v %v", g, iv, ok)
		}
	}
}
