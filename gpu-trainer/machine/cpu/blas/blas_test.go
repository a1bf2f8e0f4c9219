package blas

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// each runs a test for every library that the system has, and wants one at least.
func each(t *testing.T, test func(t *testing.T, product kernels.BLAS)) {
	found := 0
	for _, l := range libraries {
		product, err := l.open(2)
		if err != nil {
			continue
		}
		found++
		t.Run(l.name, func(t *testing.T) { test(t, product) })
	}
	if found == 0 {
		t.Skip("the system has neither OpenBLAS (on Debian: libopenblas0-pthread) nor oneDNN (libdnnl)")
	}
}

// TestProducts: the products of every form are the built-in ones within rounding: k products of standard normals in
// each number.
func TestProducts(t *testing.T) {
	each(t, func(t *testing.T, product kernels.BLAS) {
		plain, with := kernels.NewPool(2), kernels.NewPool(2)
		defer plain.Close()
		defer with.Close()
		with.UseBLAS("library", product)
		r := rand.New(rand.NewPCG(1, 2))
		normals := func(n int) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			return x
		}
		for _, s := range [][3]int{{130, 70, 90}, {64, 64, 64}, {257, 33, 100}, {3, 200, 300}} {
			rows, in, out := s[0], s[1], s[2]
			x, g, w, bias := normals(rows*in), normals(rows*out), normals(out*in), normals(out)
			results := func(p *kernels.Pool) [][]float32 {
				y, dx, sum, dw := make([]float32, rows*out), make([]float32, rows*in), slices.Clone(x), make([]float32, out*in)
				kernels.Linear(p, x, rows, in, w, bias, out, y)
				kernels.LinearGradInput(p, g, rows, out, w, in, dx, false)
				kernels.LinearGradInput(p, g, rows, out, w, in, sum, true)
				kernels.LinearGradWeight(p, x, g, rows, in, out, dw)
				return [][]float32{y, dx, sum, dw}
			}
			for i, want := range results(plain) {
				got := results(with)[i]
				for j := range want {
					if math.Abs(float64(got[j]-want[j])) > 1e-5*math.Sqrt(float64(max(in, out, rows)))*8 {
						t.Fatalf("%v result %d number %d: %v, built in %v", s, i, j, got[j], want[j])
					}
				}
			}
		}
	})
}

// TestLibraryIsCalled: what a pool is given is what it multiplies by.
func TestLibraryIsCalled(t *testing.T) {
	p, calls := kernels.NewPool(1), 0
	defer p.Close()
	p.UseBLAS("library", func(_, _ bool, _, _, _ int, _ []float32, _ int, _ []float32, _ int, _ float32, _ []float32, _ int) {
		calls++
	})
	x := make([]float32, 128*128)
	kernels.Linear(p, x, 128, 128, x, nil, 128, make([]float32, 128*128))
	if calls != 1 || !strings.HasSuffix(p.Unit(), "+library") {
		t.Errorf("%d calls, unit %s", calls, p.Unit())
	}
}

func TestOpen(t *testing.T) {
	for _, name := range []string{"", Builtin} {
		if product, err := Open(name, 1); product != nil || err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := Open("mkl", 1); err == nil || !strings.Contains(err.Error(), `blas "mkl": must be one of [builtin openblas onednn]`) {
		t.Errorf("mkl: %v", err)
	}
	if _, err := (library{"none", []string{"libnone.so"}, nil}).open(1); err == nil || !strings.Contains(err.Error(), "the system has no libnone.so") {
		t.Errorf("a library that is not there: %v", err)
	}
}

// TestChoose: a clock by which the built-in products take no time keeps them; one by which they are slow does not.
func TestChoose(t *testing.T) {
	clock := func(first time.Duration) func() time.Time {
		now, reads := time.Unix(0, 0), 0
		return func() time.Time {
			if reads++; reads <= 10 && reads%2 == 0 { // the built-in products come first, five times
				now = now.Add(first)
			} else if reads%2 == 0 {
				now = now.Add(time.Millisecond)
			}
			return now
		}
	}
	if got := Choose(64, 64, 64, 1, clock(time.Millisecond)); got != Builtin {
		t.Errorf("at equal times: %s", got)
	}
	each(t, func(t *testing.T, _ kernels.BLAS) {
		if got := Choose(64, 64, 64, 1, clock(time.Second)); got == Builtin {
			t.Error("a library that is a thousand times as fast was not chosen")
		}
	})
}
