package trainer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"gorgonia.org/tensor"
)

// resident is the part of an engine that lives in a device's memory: weights, sums, gradients, moments and RGP's
// carriers. Graphs read and add to its tensors, and the optimiser steps them where they lie. What crosses to the
// device is each physical batch, and the noise of each step; what comes back is a few numbers an example. Everything
// else is fetched only when it is asked for.
type resident struct {
	device   *opencl.Backend
	relieve  func() // frees memory that is needed only while graphs run
	tensors  map[tensorKind]map[string]machine.Buffer
	start    func(name string) any // what a weight holds before the device has it
	released []Parameter           // pieces of carriers and tensors, with their places in the released vector
	direct   []Parameter           // what is stepped by its own gradient
	carriers []residentCarrier
	minus    bool            // the core's sign
	frozen   map[string]bool // matrices that are not trained and may be stored in 16 bits
	integers machine.Buffer  // [Dim] on their way into the sums
}

// tensorKind tells the tensors of one name apart.
type tensorKind int

const (
	weightTensor   tensorKind = iota // float32
	gradientTensor                   // float32, of a lot without privacy
	firstTensor                      // float32, moments
	secondTensor
	sumTensor     // int64
	scratchTensor // float32, by use
)

// newResident moves into a device.
func newResident[T kernels.Float](device *opencl.Backend, c *core[T]) (*resident, error) {
	r := &resident{device: device, relieve: c.relieve, tensors: map[tensorKind]map[string]machine.Buffer{}, minus: c.method.CoreMinus, frozen: map[string]bool{},
		start: func(name string) any { return c.weights[name].data.Data }}
	for _, w := range c.direct {
		r.direct = append(r.direct, w.Parameter)
	}
	r.released = append(r.released, r.direct...)
	for _, s := range c.base.Config.Layout() {
		table := strings.Contains(s.Name, "embeddings")
		r.frozen[s.Name] = len(s.Shape) == 2 && (!table || c.options.Precision == Float16) && !c.method.Trains(c.base.Config, s.Name)
	}
	for _, k := range c.carriers {
		for _, name := range append(append([]string{}, k.Pieces...), k.Right()) {
			r.released = append(r.released, c.weights[name].Parameter)
		}
		r.carriers = append(r.carriers, residentCarrier{k.Carrier, k.rank, k.rows})
	}
	var err error
	r.integers, err = device.NewBuffer(tensor.Int64)
	return r, err
}

// tensor is a tensor of the device, made when it is first asked for: weights as the host has them, all others as zeros.
func (r *resident) tensor(kind tensorKind, name string) (machine.Buffer, error) {
	if b := r.tensors[kind][name]; b != nil {
		return b, nil
	}
	b, err := r.room(kind, name)
	if err != nil {
		return nil, err
	}
	n := len(r.start(name).([]float32))
	if err := r.grow(b, n); err != nil {
		return nil, err
	}
	if kind == weightTensor {
		err = b.Write(r.start(name))
	} else {
		err = r.device.Clear(b, n)
	}
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", name, err)
	}
	if r.tensors[kind] == nil {
		r.tensors[kind] = map[string]machine.Buffer{}
	}
	r.tensors[kind][name] = b
	return b, nil
}

// room is an empty buffer for a tensor.
func (r *resident) room(kind tensorKind, name string) (machine.Buffer, error) {
	switch {
	case kind == sumTensor:
		return r.device.NewBuffer(tensor.Int64)
	case kind == weightTensor && r.frozen[name]:
		return r.device.NewFrozen(), nil
	}
	return r.device.NewBuffer(tensor.Float32)
}

// grow makes room in a tensor, at the cost of the graphs' memory if there is no other.
func (r *resident) grow(b machine.Buffer, n int) error {
	err := b.Grow(n)
	if errors.Is(err, machine.ErrMemory) {
		r.relieve()
		err = b.Grow(n)
	}
	return err
}

// clear zeroes the sums and plain gradients that there are.
func (r *resident) clear() error {
	for _, p := range r.released {
		for _, kind := range []tensorKind{sumTensor, gradientTensor} {
			if b := r.tensors[kind][p.Name]; b != nil {
				if err := r.device.Clear(b, p.Size); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// add adds what change adds to zeros to the sums. The zeros are the host's to lend.
func (r *resident) add(zeros []int64, change func([]int64)) error {
	clear(zeros)
	change(zeros)
	if err := r.grow(r.integers, len(zeros)); err != nil {
		return err
	}
	if err := r.integers.Write(zeros); err != nil {
		return err
	}
	for _, p := range r.released {
		sum, err := r.tensor(sumTensor, p.Name)
		if err == nil {
			err = r.device.AddIntegers(sum, r.integers, p.Offset, p.Size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sum fetches the released vector's sums.
func (r *resident) sum(to []int64) error {
	clear(to)
	for _, p := range r.released {
		if b := r.tensors[sumTensor][p.Name]; b != nil {
			if err := b.Read(to[p.Offset : p.Offset+p.Size]); err != nil {
				return err
			}
		}
	}
	return nil
}

// pull fetches a weight, and its moments where there are any.
func (r *resident) pull(name string, weight any, moments ...func() any) error {
	if b := r.tensors[weightTensor][name]; b != nil {
		if err := b.Read(weight); err != nil {
			return err
		}
	}
	for i, kind := range []tensorKind{firstTensor, secondTensor} {
		if b := r.tensors[kind][name]; b != nil {
			if err := b.Read(moments[i]()); err != nil {
				return err
			}
		}
	}
	return nil
}

// push writes a tensor, or forgets it where the host has none.
func (r *resident) push(kind tensorKind, name string, data any, present bool) error {
	if !present {
		if b := r.tensors[kind][name]; b != nil {
			b.Release()
			delete(r.tensors[kind], name)
		}
		return nil
	}
	b, err := r.tensor(kind, name)
	if err != nil {
		return err
	}
	return b.Write(data)
}

// step is core.step on the device.
func (r *resident) step(u Update) error {
	for _, p := range r.direct {
		g, err := r.gradient(p.Name, u)
		if err == nil {
			err = r.apply(p, g, u)
		}
		if err != nil {
			return err
		}
	}
	for _, k := range r.carriers {
		if err := r.stepCarried(k, u); err != nil {
			return err
		}
	}
	return nil
}

// gradient is where G of a released tensor lies.
func (r *resident) gradient(name string, u Update) (opencl.Gradient, error) {
	g := opencl.Gradient{Quantum: u.Quantum, Divisor: u.Divisor}
	var err error
	if u.Quantum == 0 {
		if g.Plain = r.tensors[gradientTensor][name]; g.Plain == nil {
			err = fmt.Errorf("quantum 0: the lot has no plain gradient")
		}
		return g, err
	}
	g.Sum, err = r.tensor(sumTensor, name)
	return g, err
}

// apply steps one weight.
func (r *resident) apply(p Parameter, g opencl.Gradient, u Update) error {
	buffers := make([]machine.Buffer, 3)
	for i := range 1 + u.Optimizer.Moments() {
		var err error
		if buffers[i], err = r.tensor([]tensorKind{weightTensor, firstTensor, secondTensor}[i], p.Name); err != nil {
			return err
		}
	}
	o := u.Optimizer.WithDefaults()
	if rule, ok := adamRule(u); ok {
		return r.device.StepAdam(rule, g, buffers[0], buffers[1], buffers[2], p.Size)
	}
	return r.device.StepSGD(o.Momentum, o.WeightDecay, u.LearningRate, g, buffers[0], buffers[1], p.Size)
}

// residentCarrier is a carrier whose L, R and matrices are tensors of the device.
type residentCarrier struct {
	model.Carrier
	rank, rows int
}
