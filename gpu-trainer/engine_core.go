package trainer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/blas"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// core is an Engine whose weights and activations are of type T.
type core[T kernels.Float] struct {
	options  EngineOptions
	base     *model.Model // the configuration alone
	method   model.Method
	backend  *cpu.Backend[T]
	resident *resident // what an accelerator holds, which then does all the work; nil: the host's backend does
	weights  map[string]*weight[T]
	order    []*weight[T]  // the trained weights, in canonical order
	direct   []*weight[T]  // those of them that are released as they stand
	parts    []*weight[T]  // the released tensors: L and R of the carriers, then direct
	carriers []*carrier[T] // what RGP releases in place of the others
	vector   []Parameter   // the released vector
	sums     *sums
	programs map[programKey]*program
	key      uint64 // of the lot's dropout masks
	stats    BatchStats
	crowded  crowding
	prompted model.Batch // the last batch, with room for a soft prompt
	numbers  []T         // scratch for reading values
}

// A weight is one tensor of the model in the engine's precision. Its buffers are shared by all programs. Offset is
// its place in the released vector.
type weight[T kernels.Float] struct {
	Parameter
	data          *cpu.Slice[T]
	gradient      *cpu.Slice[T] // plain gradient of the lot, once there is one
	first, second []T           // moments of the optimiser, once there are any
	carrier       bool          // L or R of a carrier: released, and not stepped
}

func newCore[T kernels.Float](m *model.Model, method model.Method, o EngineOptions) (*core[T], error) {
	method = method.WithDefaults()
	tensors, err := m.Complete(method)
	if err != nil {
		return nil, err
	}
	c := &core[T]{options: o, base: &model.Model{Config: m.Config}, method: method, backend: cpu.New[T](o.Threads), weights: map[string]*weight[T]{},
		programs: map[programKey]*program{}, crowded: crowding{holders: map[programKey]bool{}}}
	c.backend.Pool.UseBFloat16(o.Precision == BFloat16)
	product, err := blas.Open(o.BLAS, o.Threads)
	if err != nil {
		return nil, errors.Join(err, c.backend.Close())
	}
	c.backend.Pool.UseBLAS(o.BLAS, product)
	for _, t := range tensors {
		c.addWeight(t)
	}
	c.release()
	device, err := openDevice(o)
	if err == nil && device != nil {
		c.resident, err = newResident(device, c)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	if c.resident != nil {
		c.sums = newSums(size(c.vector), Parameter{}) // which the device's are copied to, side by side
	}
	return c, nil
}

// wordTable is the table of words, of no size if it is not released.
func (c *core[T]) wordTable() Parameter {
	if w := c.weights[c.base.Config.WordTable()]; slices.Contains(c.direct, w) {
		return w.Parameter
	}
	return Parameter{}
}

// addWeight copies a tensor of the model.
func (c *core[T]) addWeight(t model.Tensor) {
	w := &weight[T]{Parameter: Parameter{Name: t.Name, Shape: t.Shape, Size: len(t.Data)}, data: &cpu.Slice[T]{Data: make([]T, len(t.Data))}}
	for i, v := range t.Data {
		w.data.Data[i] = T(v)
	}
	c.weights[t.Name] = w
	if c.method.Trains(c.base.Config, t.Name) {
		c.order = append(c.order, w)
	}
}

// release lays out the released vector, carriers first, and its sums.
func (c *core[T]) release() {
	c.addCarriers()
	carried := map[*weight[T]]bool{}
	for _, k := range c.carriers {
		for _, w := range k.matrices {
			carried[w] = true
		}
	}
	for _, w := range c.order {
		if !carried[w] {
			w.Offset = size(c.vector)
			c.vector = append(c.vector, w.Parameter)
			c.direct = append(c.direct, w)
		}
	}
	c.parts = append(c.parts, c.direct...)
	c.sums = newSums(size(c.vector), c.wordTable())
}

func (c *core[T]) released() []Parameter { return c.vector }

func (c *core[T]) trained() []Parameter {
	list := make([]Parameter, len(c.order))
	offset := 0
	for i, w := range c.order {
		list[i] = w.Parameter
		list[i].Offset = offset
		offset += w.Size
	}
	return list
}

func (c *core[T]) sum() ([]int64, error) {
	all := c.sums.all()
	if c.resident != nil {
		return all, c.resident.sum(all)
	}
	return all, nil
}

func (c *core[T]) touched() ([]bool, error) {
	if c.resident != nil {
		if _, err := c.sum(); err != nil {
			return nil, err
		}
	}
	list := make([]bool, len(c.vector))
	for i, p := range c.vector {
		list[i] = c.sums.any(p)
	}
	return list, nil
}

func (c *core[T]) add(change func([]int64)) error {
	all := c.sums.all()
	if c.resident != nil {
		return c.resident.add(all, change)
	}
	change(all)
	return nil
}

// runner is the backend that graphs run on.
func (c *core[T]) runner() machine.Backend {
	if c.resident != nil {
		return c.resident.device
	}
	return c.backend
}

func (c *core[T]) close() error {
	if c.resident == nil {
		return c.backend.Close()
	}
	return errors.Join(c.resident.device.Close(), c.backend.Close())
}

func (c *core[T]) beginLot(seed uint64) error {
	c.key = seed
	if c.resident != nil {
		return errors.Join(c.resident.clear(), c.drawCarriers(starts(seed)))
	}
	c.sums.clear()
	for _, w := range c.order {
		if w.gradient != nil {
			clear(w.gradient.Data)
		}
	}
	return c.drawCarriers(starts(seed))
}

func (c *core[T]) step(u Update) error {
	if err := c.checkUpdate(u); err != nil {
		return err
	}
	if c.resident == nil {
		return c.advance(u)
	}
	if u.Noise != nil {
		err := c.add(func(sums []int64) {
			c.backend.Pool.For(len(sums), dp.NoiseBlock, func(lo, hi int) { u.Noise(lo)(sums[lo:hi]) })
		})
		if err != nil {
			return err
		}
	}
	return c.resident.step(u)
}

func (c *core[T]) checkUpdate(u Update) error {
	switch {
	case !(u.Divisor > 0):
		return fmt.Errorf("divisor %v: must be positive", u.Divisor)
	case u.Quantum < 0 || u.Quantum == 0 && u.Noise != nil:
		return fmt.Errorf("quantum %v: must be positive", u.Quantum)
	case u.K < 1:
		return fmt.Errorf("step %d: must be at least 1", u.K)
	}
	return u.Optimizer.Validate()
}

// scratch is room for n numbers that nobody else holds between calls.
func (c *core[T]) scratch(n int) []T {
	if cap(c.numbers) < n {
		c.numbers = make([]T, n)
	}
	return c.numbers[:n]
}
