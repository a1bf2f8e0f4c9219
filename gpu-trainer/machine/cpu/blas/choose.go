package blas

import (
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// worthIt is how much faster than the built-in products a library must be to be chosen: less is not worth the bits
// that it does not promise.
const worthIt = 1.15

// Choose times the products of a layer with so many tokens, and of the given hidden and inner sizes, and names the
// library that is clearly faster than the built-in products, or Builtin. It takes some tens of milliseconds for each
// library that the system has.
func Choose(tokens, hidden, inner, threads int, now func() time.Time) string {
	pool := kernels.NewPool(threads)
	defer pool.Close()
	best, least := Builtin, time.Duration(float64(layer(pool, tokens, hidden, inner, now))/worthIt)
	for _, l := range libraries {
		product, err := l.open(threads)
		if err != nil {
			continue
		}
		pool.UseBLAS(l.name, product)
		if took := layer(pool, tokens, hidden, inner, now); took < least {
			best, least = l.name, took
		}
	}
	return best
}

// layer is the shortest of a few times that the products of one layer take, forward and backward.
func layer(p *kernels.Pool, tokens, hidden, inner int, now func() time.Time) time.Duration {
	narrow, wide, w := make([]float32, tokens*hidden), make([]float32, tokens*inner), make([]float32, hidden*inner)
	var least time.Duration
	for range 5 {
		began := now()
		kernels.Linear(p, narrow, tokens, hidden, w[:hidden*hidden], nil, hidden, narrow)
		kernels.Linear(p, narrow, tokens, hidden, w, nil, inner, wide)
		kernels.LinearGradInput(p, wide, tokens, inner, w, hidden, narrow, false)
		if took := now().Sub(began); least == 0 || took < least {
			least = took
		}
	}
	return least
}
