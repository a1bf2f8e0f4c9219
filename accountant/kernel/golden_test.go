package kernel

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

type golden struct {
	tag          string
	q, s, t      float64
	delta        float64
	dir          Direction
	eps, epsWide float64
}

func readGoldens(t testing.TB) []golden {
	f, err := os.Open("../testdata/epsilon.csv")
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

func newWorkspace(coarse, fine, nodes int) *Workspace {
	var w Workspace
	w.Carve(make([]float64, SizeWorkspace(coarse, fine, nodes)), coarse, fine, nodes)
	return &w
}

func TestContourGolden(t *testing.T) {
	w := newWorkspace(4096, 1<<15, 1<<16)
	for _, g := range readGoldens(t) {
		p := Problem{Phases: []Phase{{g.q, g.s, g.t}}, Direction: g.dir, Group: 1}
		w.held = -1
		s, _ := w.saddleForDelta(&p, Log(g.delta))
		k, ok := w.build(&p, s)
		start := time.Now()
		iv, ok2 := w.epsilonByContour(&p, g.delta)
		took := time.Since(start)
		t.Logf("%v q=%.4g s=%v T=%v d=%v dir=%d: c=%.3g eps0=%.6g eps=%.12g truth=%.12g rel=%.2e width=%.2e in=%v n=%d nz=%d nc=%d tmax=%.3g P=%.3g ok=%v %v %v", g.tag, g.q, g.s, g.t, g.delta, g.dir,
			s.c, s.epsilon, iv.Estimate, g.eps, iv.Estimate/g.eps-1, iv.Upper-iv.Lower, iv.Lower <= g.eps+g.epsWide && g.eps-g.epsWide <= iv.Upper, k.n, w.fine.n, w.coarse.n, k.h*float64(k.n), 2*math.Pi/k.h, ok, ok2, took)
	}
}
