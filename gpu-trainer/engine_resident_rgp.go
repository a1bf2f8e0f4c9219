package trainer

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"gorgonia.org/tensor"
)

// matrix is a tensor of the device as a matrix.
func (r *resident) matrix(kind tensorKind, name string, rows, columns int) (opencl.Matrix, error) {
	b, err := r.tensor(kind, name)
	return opencl.Matrix{Buffer: b, Rows: rows, Columns: columns}, err
}

// scratch is room for a matrix, shared by all that ask for the same use of it.
func (r *resident) scratch(use string, rows, columns int) (opencl.Matrix, error) {
	b := r.tensors[scratchTensor][use]
	if b == nil {
		made, err := r.device.NewBuffer(tensor.Float32)
		if err != nil {
			return opencl.Matrix{}, err
		}
		if r.tensors[scratchTensor] == nil {
			r.tensors[scratchTensor] = map[string]machine.Buffer{}
		}
		b = made
		r.tensors[scratchTensor][use] = b
	}
	return opencl.Matrix{Buffer: b, Rows: rows, Columns: columns}, r.grow(b, rows*columns)
}

// drawCarriers is core.drawCarriers on the device: L = GS(W R₀), Rᵀ = GS(Wᵀ L).
func (r *resident) drawCarriers(start func(key string, n int) []float64) error {
	if len(r.carriers) == 0 {
		return nil
	}
	norms, err := r.device.NewBuffer(tensor.Float64)
	if err != nil {
		return err
	}
	defer norms.Release()
	least := make([]float64, 2*len(r.carriers))
	if err := r.grow(norms, len(least)); err != nil {
		return err
	}
	for i, k := range r.carriers {
		if err := r.iterate(k, start(k.Key, k.In*k.rank), norms, 2*i); err != nil {
			return err
		}
	}
	if err := norms.Read(least); err != nil {
		return err
	}
	for i, norm := range least {
		if norm == 0 || math.IsNaN(norm) || math.IsInf(norm, 0) {
			name := []string{r.carriers[i/2].Left(), r.carriers[i/2].Right()}[i%2]
			return fmt.Errorf("carrier %s: a column has norm %v: must be positive and finite", name, norm)
		}
	}
	return nil
}

func (r *resident) iterate(k residentCarrier, start []float64, norms machine.Buffer, place int) error {
	rooms, err := r.rooms(map[string][2]int{"start": {k.In, k.rank}, "stack": {k.rows, k.rank}, "turned": {k.In, k.rank}})
	if err != nil {
		return err
	}
	start0 := make([]float32, len(start))
	for i, v := range start {
		start0[i] = float32(v)
	}
	if err := rooms["start"].Buffer.Write(start0); err != nil {
		return err
	}
	stack, turned := rooms["stack"], rooms["turned"]
	err = r.eachPiece(k, func(_, row int, left, matrix opencl.Matrix) error {
		if err := r.device.Multiply(matrix, rooms["start"], left, false); err != nil {
			return err
		}
		return r.device.Copy(left.Buffer, 0, stack.Buffer, row*k.rank, left.Rows*k.rank)
	})
	if err != nil {
		return err
	}
	if err := r.device.Orthonormalise(stack, norms, place); err != nil {
		return err
	}
	err = r.eachPiece(k, func(_, row int, left, matrix opencl.Matrix) error {
		if err := r.device.Copy(stack.Buffer, row*k.rank, left.Buffer, 0, left.Rows*k.rank); err != nil {
			return err
		}
		return r.device.Multiply(matrix.T(), left, turned, row > 0)
	})
	if err != nil {
		return err
	}
	if err := r.device.Orthonormalise(turned, norms, place+1); err != nil {
		return err
	}
	right, err := r.tensor(weightTensor, k.Right())
	if err != nil {
		return err
	}
	return r.device.Transpose(turned, right)
}

// rooms is several scratch matrices by use.
func (r *resident) rooms(sizes map[string][2]int) (map[string]opencl.Matrix, error) {
	all := map[string]opencl.Matrix{}
	for use, size := range sizes {
		m, err := r.scratch(use, size[0], size[1])
		if err != nil {
			return nil, err
		}
		all[use] = m
	}
	return all, nil
}

// eachPiece visits the pieces of L with the matrices that they stand in for; piece j begins at row row of L.
func (r *resident) eachPiece(k residentCarrier, visit func(j, row int, left, matrix opencl.Matrix) error) error {
	row := 0
	for j, name := range k.Pieces {
		left, err := r.matrix(weightTensor, name, k.Out[j], k.rank)
		if err != nil {
			return err
		}
		matrix, err := r.matrix(weightTensor, k.Matrices[j], k.Out[j], k.In)
		if err != nil {
			return err
		}
		if err := visit(j, row, left, matrix); err != nil {
			return err
		}
		row += k.Out[j]
	}
	return nil
}

// formed leaves G of a released tensor in a scratch matrix.
func (r *resident) formed(name, use string, rows, columns int, u Update) (opencl.Matrix, error) {
	to, err := r.scratch(use, rows, columns)
	if err != nil {
		return to, err
	}
	g, err := r.gradient(name, u)
	if err != nil {
		return to, err
	}
	return to, r.device.Form(g, to.Buffer, rows*columns)
}

// stepCarried is core.stepCarried for one carrier on the device: G = dL R + L (dR ± (Lᵀ dL) R).
func (r *resident) stepCarried(k residentCarrier, u Update) error {
	right, err := r.matrix(weightTensor, k.Right(), k.rank, k.In)
	if err != nil {
		return err
	}
	along, err := r.formed(k.Right(), "along", k.rank, k.In, u)
	if err != nil {
		return err
	}
	core, err := r.scratch("core", k.rank, k.rank)
	if err != nil {
		return err
	}
	err = r.eachPiece(k, func(j, _ int, left, _ opencl.Matrix) error {
		d, err := r.formed(k.Pieces[j], "across", left.Rows, k.rank, u)
		if err != nil {
			return err
		}
		return r.device.Multiply(left.T(), d, core, j > 0)
	})
	if err == nil && r.minus {
		err = r.device.Negate(core.Buffer, k.rank*k.rank)
	}
	if err == nil {
		err = r.device.Multiply(core, right, along, true)
	}
	if err != nil {
		return err
	}
	return r.eachPiece(k, func(j, _ int, left, _ opencl.Matrix) error { return r.stepMatrix(k, j, left, right, along, u) })
}

// stepMatrix steps one matrix by G = dL R + L along.
func (r *resident) stepMatrix(k residentCarrier, j int, left, right, along opencl.Matrix, u Update) error {
	d, err := r.formed(k.Pieces[j], "across", left.Rows, k.rank, u)
	if err != nil {
		return err
	}
	g, err := r.scratch("rebuilt", left.Rows, k.In)
	if err == nil {
		err = r.device.Multiply(d, right, g, false)
	}
	if err == nil {
		err = r.device.Multiply(left, along, g, true)
	}
	if err != nil {
		return err
	}
	return r.apply(Parameter{Name: k.Matrices[j], Size: left.Rows * k.In}, opencl.Gradient{Plain: g.Buffer, Divisor: 1}, u)
}
