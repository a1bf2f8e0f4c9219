package trainer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"gorgonia.org/tensor"
)

// openDevice is the backend that graphs run on: the host's own, or that of an OpenCL device.
func openDevice[T kernels.Float](o EngineOptions, host *cpu.Backend[T]) (machine.Backend, error) {
	if o.Device == "" || o.Device == "cpu" {
		return host, nil
	}
	if o.Precision != "" && o.Precision != "float32" {
		return nil, fmt.Errorf("precision %s: device %s computes in float32", o.Precision, o.Device)
	}
	number, err := deviceNumber(o.Device)
	if err != nil {
		return nil, err
	}
	devices, err := opencl.Devices()
	if err != nil {
		return nil, err
	}
	if number >= len(devices) {
		return nil, fmt.Errorf("device %q: the system has %d", o.Device, len(devices))
	}
	return opencl.New(devices[number])
}

// deviceNumber reads "opencl" (the first device) or "opencl:N".
func deviceNumber(device string) (int, error) {
	kind, rest, numbered := strings.Cut(device, ":")
	number := 0
	if numbered {
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			kind = ""
		}
		number = n
	}
	if kind != "opencl" {
		return 0, fmt.Errorf("device %q: must be cpu, opencl or opencl:N", device)
	}
	return number, nil
}

// A mirror is a device's copy of numbers that the host keeps.
type mirror struct {
	buffer machine.Buffer
	data   any // the host's slice
}

// mirrors are copies by name. Where graphs run on the host there are none.
type mirrors map[string]mirror

// mirrored is the buffer that a graph reads or updates in place of a host's one: itself on the host, else a copy, made once.
func (c *core[T]) mirrored(group mirrors, name string, host machine.Buffer, data any, dtype tensor.Dtype) (machine.Buffer, error) {
	if c.device == machine.Backend(c.backend) {
		return host, nil
	}
	if m, ok := group[name]; ok {
		return m.buffer, nil
	}
	buffer, err := c.device.NewBuffer(dtype)
	if err != nil {
		return nil, err
	}
	group[name] = mirror{buffer, data}
	return buffer, buffer.Write(data)
}

// push copies the host's numbers of the named mirrors to the device.
func (m mirrors) push(names []string) error {
	for _, name := range names {
		if copied, ok := m[name]; ok {
			if err := copied.buffer.Write(copied.data); err != nil {
				return err
			}
		}
	}
	return nil
}

// pushAll copies all of the host's numbers to the device.
func (m mirrors) pushAll() error { return m.push(slices.Collect(maps.Keys(m))) }

// pull copies all from the device.
func (m mirrors) pull() error {
	for _, copied := range m {
		if err := copied.buffer.Read(copied.data); err != nil {
			return err
		}
	}
	return nil
}

// names lists what the optimiser steps, and carried what BeginLot draws anew.
func (c *core[T]) names() (stepped, carried []string) {
	for _, w := range c.order {
		stepped = append(stepped, w.Name)
	}
	for _, k := range c.carriers {
		carried = append(append(carried, k.Pieces...), k.Right())
	}
	return stepped, carried
}

// collect brings the lot's sums and plain gradients from the device, if it is ahead of the host.
func (c *core[T]) collect() error {
	if !c.ahead {
		return nil
	}
	c.ahead = false
	if err := c.deviceSums.pull(); err != nil {
		return err
	}
	return c.deviceGradients.pull()
}
