package trainer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// A carrier is the pair L [out, rank], R [rank, in] of one or more stacked matrices, out being the rows of all of
// them (Yu et al. 2021).
type carrier[T kernels.Float] struct {
	model.Carrier
	rank        int
	rows        int
	matrices    []*weight[T]
	left, right *weight[T] // as far as the graph is concerned, weights; their offsets are places in the released vector
}

// addCarriers lays out the carriers of the method and gives each piece of L, and R, its place in the released vector.
func (c *core[T]) addCarriers() {
	for _, k := range c.base.Config.Carriers(c.method) {
		added := &carrier[T]{Carrier: k, rank: c.method.Rank}
		for j, name := range k.Matrices {
			added.matrices = append(added.matrices, c.weights[name])
			added.rows += k.Out[j]
		}
		added.left = c.place(k.Left(), added.rows, added.rank)
		added.right = c.place(k.Right(), added.rank, k.In)
		from := 0
		for j, piece := range k.Pieces {
			c.addPiece(added.left, piece, from, k.Out[j])
			from += k.Out[j]
		}
		c.weights[k.Right()] = added.right
		c.carriers = append(c.carriers, added)
	}
}

// place makes a weight that is released and not stepped.
func (c *core[T]) place(name string, rows, columns int) *weight[T] {
	p := Parameter{Name: name, Shape: []int{rows, columns}, Offset: size(c.vector), Size: rows * columns}
	c.vector = append(c.vector, p)
	c.parts = append(c.parts, &weight[T]{Parameter: p, carrier: true, data: &cpu.Slice[T]{Data: make([]T, p.Size)}, gradient: &cpu.Slice[T]{Data: make([]T, p.Size)}})
	return c.parts[len(c.parts)-1]
}

// addPiece gives some rows of L a name of their own; all slices are views.
func (c *core[T]) addPiece(l *weight[T], name string, from, rows int) {
	columns := l.Shape[1]
	lo, hi := from*columns, (from+rows)*columns
	c.weights[name] = &weight[T]{
		Parameter: Parameter{Name: name, Shape: []int{rows, columns}, Offset: l.Offset + lo, Size: hi - lo},
		data:      &cpu.Slice[T]{Data: l.data.Data[lo:hi:hi]},
		gradient:  &cpu.Slice[T]{Data: l.gradient.Data[lo:hi:hi]},
	}
}

// drawCarriers makes the carriers of a lot from the current weights and fresh starts:
//
//	L = GS(W R₀),  Rᵀ = GS(Wᵀ L)
//
// one power iteration, GS being Gram-Schmidt on columns. They depend on what was released and on the starts, never on
// the data.
func (c *core[T]) drawCarriers(start func(key string, n int) []float64) error {
	if c.resident != nil {
		return c.resident.drawCarriers(start)
	}
	for _, k := range c.carriers {
		clear(k.left.gradient.Data)
		clear(k.right.gradient.Data)
		if err := k.iterate(c.backend.Pool, start(k.Key, k.In*k.rank)); err != nil {
			return err
		}
	}
	return nil
}

func (k *carrier[T]) iterate(pool *kernels.Pool, start []float64) error {
	r := k.rank
	start0 := make([]T, len(start))
	for i, v := range start {
		start0[i] = T(v)
	}
	row := 0
	for j, w := range k.matrices {
		kernels.Gemm(pool, false, false, k.Out[j], r, k.In, 1, w.data.Data, k.In, start0, r, 0, k.left.data.Data[row*r:], r)
		row += k.Out[j]
	}
	if err := orthonormalise(k.left.data.Data, k.rows, r); err != nil {
		return fmt.Errorf("carrier %s: %w", k.Left(), err)
	}
	transposed := start0 // Rᵀ [in, rank]
	row = 0
	for j, w := range k.matrices {
		beta := T(1)
		if j == 0 {
			beta = 0
		}
		kernels.Gemm(pool, true, false, k.In, r, k.Out[j], 1, w.data.Data, k.In, k.left.data.Data[row*r:], r, beta, transposed, r)
		row += k.Out[j]
	}
	if err := orthonormalise(transposed, k.In, r); err != nil {
		return fmt.Errorf("carrier %s: %w", k.Right(), err)
	}
	for i := range k.In {
		for j := range r {
			k.right.data.Data[j*k.In+i] = transposed[i*r+j]
		}
	}
	return nil
}

// orthonormalise is Gram-Schmidt on the columns of a [rows, columns], left to right.
func orthonormalise[T kernels.Float](a []T, rows, columns int) error {
	for j := range columns {
		norm := math.Sqrt(columnDot(a, rows, columns, j, j))
		if norm == 0 || math.IsNaN(norm) || math.IsInf(norm, 0) {
			return fmt.Errorf("column %d has norm %v: must be positive and finite", j, norm)
		}
		for i := range rows {
			a[i*columns+j] = T(float64(a[i*columns+j]) / norm)
		}
		for later := j + 1; later < columns; later++ {
			along := columnDot(a, rows, columns, j, later)
			for i := range rows {
				a[i*columns+later] -= T(along * float64(a[i*columns+j]))
			}
		}
	}
	return nil
}

func columnDot[T kernels.Float](a []T, rows, columns, j, k int) float64 {
	sum := 0.0
	for i := range rows {
		sum += float64(a[i*columns+j]) * float64(a[i*columns+k])
	}
	return sum
}

// starts draws R₀ ~ N(0, 1) for each carrier from a public seed; the stream has nothing to do with the noise.
func starts(seed uint64) func(key string, n int) []float64 {
	return func(key string, n int) []float64 {
		r := rand.New(rand.NewChaCha8(sha256.Sum256(append(binary.LittleEndian.AppendUint64([]byte("carrier"), seed), key...))))
		start := make([]float64, n)
		for i := range start {
			start[i] = r.NormFloat64()
		}
		return start
	}
}

// stepCarried rebuilds the gradient of each carried matrix from the released gradients dL, dR of its carriers,
//
//	A = dL R,  G = A + L dR ± L (Lᵀ A) = dL R + L (dR ± (Lᵀ dL) R),
//
// plus as the authors run it, minus for the orthogonal projection on {L X + Y R}; and steps the matrices.
func (c *core[T]) stepCarried(u Update) {
	sign := T(1)
	if c.method.CoreMinus {
		sign = -1
	}
	for _, k := range c.carriers {
		left, right, r, pool := k.left.gradient.Data, k.right.gradient.Data, k.rank, c.backend.Pool
		core := make([]T, r*r)
		kernels.Gemm(pool, true, false, r, r, k.rows, 1, k.left.data.Data, r, left, r, 0, core, r)
		kernels.Gemm(pool, false, false, r, k.In, r, sign, core, r, k.right.data.Data, k.In, 1, right, k.In)
		row := 0
		for j, w := range k.matrices {
			g := c.scratch(w.Size)
			kernels.Gemm(pool, false, false, k.Out[j], k.In, r, 1, left[row*r:], r, k.right.data.Data, k.In, 0, g, k.In)
			kernels.Gemm(pool, false, false, k.Out[j], k.In, r, 1, k.left.data.Data[row*r:], r, right, k.In, 1, g, k.In)
			w.makeMoments(u.Optimizer.Moments())
			pool.EachThread(w.Size, updateChunk, func(t kernels.Thread, lo, hi int) { w.apply(t, g[lo:hi], u, lo, hi) })
			row += k.Out[j]
		}
	}
}
