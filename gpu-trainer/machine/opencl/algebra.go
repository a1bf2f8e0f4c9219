package opencl

import "github.com/ewtune/ewtune/gpu-trainer/machine"

// A Matrix is a buffer of float32 that holds a row-major matrix, or its transpose.
type Matrix struct {
	Buffer        machine.Buffer
	Rows, Columns int
	turned        bool
}

// T is the transpose; no number moves.
func (m Matrix) T() Matrix { return Matrix{m.Buffer, m.Columns, m.Rows, !m.turned} }

// strides are the distances between rows and between columns.
func (m Matrix) strides() (row, column int) {
	if m.turned {
		return 1, m.Rows
	}
	return m.Columns, 1
}

// Multiply computes c = a b, or c += a b.
func (b *Backend) Multiply(left, right, to Matrix, add bool) error {
	p := product{m: left.Rows, n: right.Columns, depth: left.Columns}
	p.ai, p.ak = left.strides()
	p.bk, p.bj = right.strides()
	if b.multiply == nil {
		c := &call{Backend: b}
		if b.multiply = c.bindProduct(b.chosen, factors{}); c.err != nil {
			return c.err
		}
	}
	if err := b.panels.Grow(b.chosen.panels(p)); err != nil {
		return err
	}
	adds := 0
	if add {
		adds = 1
	}
	value := func(m Matrix) *machine.Value { return &machine.Value{Buffer: m.Buffer} }
	return b.multiply(value(left), value(right), nil, value(to), p, adds)
}

// Negate changes the sign of n numbers of float32.
func (b *Backend) Negate(m machine.Buffer, n int) error {
	k, err := b.once("scale")
	if err != nil {
		return err
	}
	return k.mem(m, m).ints(n).float(-1).over(n)
}

// Transpose leaves the transpose of a matrix in another buffer.
func (b *Backend) Transpose(m Matrix, to machine.Buffer) error {
	k, err := b.once("transpose")
	if err != nil {
		return err
	}
	n := m.Rows * m.Columns
	return k.mem(m.Buffer, to).ints(m.Rows, m.Columns).over(n)
}

// Copy copies n numbers from one place to another of two buffers of one type.
func (b *Backend) Copy(from machine.Buffer, at int, to machine.Buffer, place, n int) error {
	return from.(*Buffer).copyTo(to.(*Buffer), at, place, n)
}

// Orthonormalise makes the columns of a matrix orthonormal, left to right (Gram and Schmidt), and leaves in number
// place of norms, a buffer of float64, the smallest norm that a column had when its turn came: 0 or not finite where
// there are no such columns.
func (b *Backend) Orthonormalise(m Matrix, norms machine.Buffer, place int) error {
	k, err := b.once("orthonormalise")
	if err != nil {
		return err
	}
	return k.mem(m.Buffer).ints(m.Rows, m.Columns).mem(norms).ints(place).groups(1)
}
