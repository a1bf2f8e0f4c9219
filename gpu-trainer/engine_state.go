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

func (c *core[T]) state() []StateTensor {
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
	return state
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
	stepped, _ := c.names()
	return c.deviceWeights.push(stepped)
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
