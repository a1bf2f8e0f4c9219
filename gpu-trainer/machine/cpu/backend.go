package cpu

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// A Backend runs graphs whose floating-point type is T.
type Backend[T kernels.Float] struct {
	Pool  *kernels.Pool
	table map[string]func(call[T]) machine.Run
}

// New starts a backend with the given number of threads.
func New[T kernels.Float](threads int) *Backend[T] {
	return &Backend[T]{Pool: kernels.NewPool(threads), table: table[T]()}
}

// Close stops the threads.
func (b *Backend[T]) Close() error {
	b.Pool.Close()
	return nil
}

// Begin has nothing to do: the feed is in the host's memory.
func (b *Backend[T]) Begin(*machine.Feed) error { return nil }

// A Slice is a machine.Buffer in the host's memory. Its owner may use Data between runs.
type Slice[E any] struct {
	Data []E
}

// Grow makes room for n numbers; it loses what was there only when it must grow.
func (s *Slice[E]) Grow(n int) error {
	if cap(s.Data) < n {
		s.Data = make([]E, n+n/8)
	}
	s.Data = s.Data[:cap(s.Data)]
	return nil
}

// Release lets go of the memory.
func (s *Slice[E]) Release() { s.Data = nil }

// Read copies the first numbers to dst, a []E.
func (s *Slice[E]) Read(dst any) error {
	to, ok := dst.([]E)
	if !ok || len(to) > len(s.Data) {
		return fmt.Errorf("read of %d numbers of %T: the buffer holds %d of %T", len(to), dst, len(s.Data), s.Data)
	}
	copy(to, s.Data)
	return nil
}

// Write copies src, a []E, to the front.
func (s *Slice[E]) Write(src any) error {
	from, ok := src.([]E)
	if !ok {
		return fmt.Errorf("write of %T: the buffer holds %T", src, s.Data)
	}
	if err := s.Grow(len(from)); err != nil {
		return err
	}
	copy(s.Data, from)
	return nil
}

// FloatType is the tensor type of T.
func FloatType[T kernels.Float]() tensor.Dtype {
	var t T
	if any(t) == any(float64(0)) {
		return tensor.Float64
	}
	return tensor.Float32
}

// NewBuffer makes an empty buffer. Where T is float64, numbers of the graph and norms share one type.
func (b *Backend[T]) NewBuffer(dtype tensor.Dtype) (machine.Buffer, error) {
	switch dtype {
	case FloatType[T]():
		return &Slice[T]{}, nil
	case tensor.Float64:
		return &Slice[float64]{}, nil
	case tensor.Int64:
		return &Slice[int64]{}, nil
	}
	return nil, fmt.Errorf("buffer of %v: must be float32, float64 or int64", dtype)
}

// Prepare looks up the kernel and binds it to its values.
func (b *Backend[T]) Prepare(kernel string, at ops.Attributes, in, out []*machine.Value) (machine.Run, error) {
	bind, ok := b.table[kernel]
	if !ok {
		return nil, fmt.Errorf("kernel %s: the cpu backend has none of that name", kernel)
	}
	return bind(call[T]{Pool: b.Pool, Attributes: at, in: in, out: out}), nil
}

// A call is an operation that is to be bound.
type call[T kernels.Float] struct {
	*kernels.Pool
	ops.Attributes
	in, out []*machine.Value
}

// An operand is a value whose numbers are of type E.
type operand[E any] struct {
	*machine.Value
	slice *Slice[E]
}

// data is what is present of the value in this run.
func (o operand[E]) data() []E { return o.slice.Data[:o.N] }

// rows is how many rows are present.
func (o operand[E]) rows() int { return o.N / o.Width }

func as[E any](v *machine.Value) operand[E] {
	return operand[E]{v, v.Buffer.(*Slice[E])}
}

// input and output are operands of the graph's type.
func (c call[T]) input(i int) operand[T]  { return as[T](c.in[i]) }
func (c call[T]) output(i int) operand[T] { return as[T](c.out[i]) }
