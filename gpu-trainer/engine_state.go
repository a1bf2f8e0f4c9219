package trainer

import (
	"fmt"
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Prefixes of StateTensor.Name.
const (
	stateWeight = "weight/"
	stateFirst  = "first/"
	stateSecond = "second/"
)

func (c *core[T]) state() ([]StateTensor, error) {
	if err := c.pull(); err != nil {
		return nil, err
	}
	var state []StateTensor
	add := func(prefix string, w *weight[T], data []T) {
		if data != nil {
			state = append(state, stateTensor(prefix+w.Name, w.Shape, data))
		}
	}
	for _, w := range c.order {
		add(stateWeight, w, w.data.Data)
		add(stateFirst, w, w.first)
		add(stateSecond, w, w.second)
	}
	return state, nil
}

func stateTensor[T kernels.Float](name string, shape []int, data []T) StateTensor {
	s := StateTensor{Name: name, Shape: shape}
	switch d := any(data).(type) {
	case []float32:
		s.Float32 = d
	case []float64:
		s.Float64 = d
	}
	return s
}

func (c *core[T]) restore(state []StateTensor) error {
	given := map[string]StateTensor{}
	for _, s := range state {
		given[s.Name] = s
	}
	for _, w := range c.order {
		data, err := take[T](given, stateWeight+w.Name, w.Size)
		if err != nil {
			return err
		}
		if data == nil {
			return fmt.Errorf("state %s%s: missing", stateWeight, w.Name)
		}
		copy(w.data.Data, data)
		if w.first, err = take[T](given, stateFirst+w.Name, w.Size); err != nil {
			return err
		}
		if w.second, err = take[T](given, stateSecond+w.Name, w.Size); err != nil {
			return err
		}
	}
	for name := range given {
		return fmt.Errorf("state %s: no weight of that name is trained", name)
	}
	return c.push()
}

// pull brings the trained weights and the moments from the device, and push takes them there.
func (c *core[T]) pull() error {
	if c.resident == nil {
		return nil
	}
	for _, w := range c.order {
		if err := c.resident.pull(w.Name, w.data.Data, momentsOf(&w.first, w.Size), momentsOf(&w.second, w.Size)); err != nil {
			return err
		}
	}
	return nil
}

func (c *core[T]) push() error {
	if c.resident == nil {
		return nil
	}
	for _, w := range c.order {
		for kind, data := range map[tensorKind][]T{weightTensor: w.data.Data, firstTensor: w.first, secondTensor: w.second} {
			if err := c.resident.push(kind, w.Name, data, data != nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// momentsOf makes room for moments when it is called.
func momentsOf[T kernels.Float](to *[]T, n int) func() any {
	return func() any {
		if *to == nil {
			*to = make([]T, n)
		}
		return *to
	}
}

// take removes a tensor from given and copies its numbers; nil if it is not there.
func take[T kernels.Float](given map[string]StateTensor, name string, size int) ([]T, error) {
	s, ok := given[name]
	if !ok {
		return nil, nil
	}
	delete(given, name)
	var data []T
	switch d := any(&data).(type) {
	case *[]float32:
		*d = s.Float32
	case *[]float64:
		*d = s.Float64
	}
	if len(data) != size {
		return nil, fmt.Errorf("state %s: %d numbers of this precision, want %d", name, len(data), size)
	}
	return slices.Clone(data), nil
}

func (c *core[T]) export() (*model.Model, error) {
	if err := c.pull(); err != nil {
		return nil, err
	}
	m := &model.Model{Config: c.base.Config}
	for _, s := range c.base.Config.Parameters(c.method) {
		t := model.Tensor{Name: s.Name, Shape: s.Shape, Data: make([]float32, s.Size())}
		for i, v := range c.weights[s.Name].data.Data {
			t.Data[i] = float32(v)
		}
		m.Tensors = append(m.Tensors, t)
	}
	return m, m.Validate()
}
