package opencl

import (
	"math"
	"runtime"
	"unsafe"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
)

// A call is an operation that is being bound.
type call struct {
	*Backend
	ops.Attributes
	in, out []*machine.Value
	err     error
}

// A kernel is one kernel with its arguments and range.
type kernel struct {
	backend *Backend
	handle  uintptr
	name    string
	global  [2]uintptr
	local   [2]uintptr
	value   uint64 // room for one argument while it is set
	next    int
	status  int32
	ran     bool
	reads   Precision // what it takes beside float32
}

// kernel makes a kernel object of its own for one operation.
func (c *call) kernel(name string) *kernel { return c.kernelOf(c.base, name) }

// kernelOf makes one of another program than the backend's own.
func (c *call) kernelOf(p *program, name string) *kernel {
	k, err := c.newKernel(p, name)
	if err != nil && c.err == nil {
		c.err = err
	}
	return k
}

// newKernel makes a kernel object.
func (b *Backend) newKernel(p *program, name string) (*kernel, error) {
	if p.err != nil {
		return nil, p.err
	}
	var status int32
	handle := b.lib.createKernel(p.handle, name, &status)
	if status != 0 {
		return nil, failure("clCreateKernel "+name, status)
	}
	k := &kernel{backend: b, handle: handle, name: name}
	b.kernels = append(b.kernels, k)
	return k, nil
}

// start begins a list of arguments.
func (k *kernel) start() *kernel {
	k.next, k.status = 0, 0
	return k
}

func (k *kernel) set(size uintptr) *kernel {
	if k.status == 0 {
		k.status = k.backend.lib.setArg(k.handle, k.next, size, unsafe.Pointer(&k.value))
	}
	k.next++
	return k
}

// mem passes a buffer.
func (k *kernel) mem(buffers ...machine.Buffer) *kernel {
	for _, b := range buffers {
		m := b.(*Buffer)
		if m.stored != Float32 && m.stored != k.reads && k.status == 0 {
			k.status = invalidMemObject
		}
		k.value = uint64(m.handle)
		k.set(unsafe.Sizeof(uintptr(0)))
	}
	return k
}

// ints passes 32-bit integers.
func (k *kernel) ints(values ...int) *kernel {
	for _, v := range values {
		k.value = uint64(uint32(v))
		k.set(4)
	}
	return k
}

func (k *kernel) float(v float64) *kernel {
	k.value = uint64(math.Float32bits(float32(v)))
	return k.set(4)
}

func (k *kernel) double(values ...float64) *kernel {
	for _, v := range values {
		k.value = math.Float64bits(v)
		k.set(8)
	}
	return k
}

// groupSize is GROUP of kernels.cl, and the size of the groups of kernels that do not mind.
const groupSize = 64

// over runs the kernel on n work-items.
func (k *kernel) over(n int) error { return k.columns(n, 1) }

// columns runs the kernel on n work-items for each of several columns.
func (k *kernel) columns(n, columns int) error {
	return k.run([2]uintptr{uintptr(roundUp(n, groupSize)), uintptr(columns)}, [2]uintptr{groupSize, 1})
}

// groups runs the kernel on n groups.
func (k *kernel) groups(n int) error {
	return k.run([2]uintptr{uintptr(n * groupSize), 1}, [2]uintptr{groupSize, 1})
}

func (k *kernel) run(global, local [2]uintptr) error {
	if k.status != 0 {
		return failure("clSetKernelArg of "+k.name, k.status)
	}
	if global[0]*global[1] == 0 {
		return nil
	}
	k.global, k.local = global, local
	k.ran = true
	status := k.backend.lib.launch(k.backend.queue, k.handle, &k.global, &k.local)
	runtime.KeepAlive(k)
	if status != 0 {
		return failure("clEnqueueNDRangeKernel of "+k.name, status)
	}
	return nil
}

// rows is how many rows of a value are present.
func rows(v *machine.Value) int { return v.N / v.Width }

// rangesOf is the device's copy of machine.Feed.OffsetsOf.
func (b *Backend) rangesOf(r ops.Rows) *Buffer {
	if r == ops.Examples {
		return b.feed.identity
	}
	return b.feed.offsets
}

// buffers lists the buffers of some values.
func buffers(values ...*machine.Value) []machine.Buffer {
	list := make([]machine.Buffer, len(values))
	for i, v := range values {
		list[i] = v.Buffer
	}
	return list
}
