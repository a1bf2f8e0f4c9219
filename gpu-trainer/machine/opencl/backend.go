package opencl

import (
	_ "embed"
	"fmt"
	"slices"
	"unsafe"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

//go:embed kernels.cl
var source string

// A Backend runs float32 graphs on one device, in one queue.
type Backend struct {
	Device  Device
	lib     *library
	context uintptr
	queue   uintptr
	program uintptr
	kernels []uintptr
	buffers []*Buffer
	feed    feed
	scratch *Buffer // of attention's backward pass
	panels  *Buffer // the packed operand of a product
}

// New opens a device and compiles the kernels for it.
func New(d Device) (*Backend, error) {
	if !d.Double {
		return nil, fmt.Errorf("device %s: has no double precision, which clipped sums need", d.Name)
	}
	lib, err := load()
	if err != nil {
		return nil, err
	}
	b := &Backend{Device: d, lib: lib}
	var status int32
	if b.context = lib.createContext(nil, 1, &d.id, 0, 0, &status); status != 0 {
		return nil, failure("clCreateContext", status)
	}
	if b.queue = lib.createCommandQueue(b.context, d.id, 0, &status); status != 0 {
		return nil, failure("clCreateCommandQueue", status)
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	b.feed = b.newFeed()
	b.scratch, b.panels = b.buffer(4), b.buffer(4)
	return b, nil
}

func failure(function string, status int32) error {
	return fmt.Errorf("OpenCL: %s failed with status %d", function, status)
}

func check(function string, status int32) error {
	if status != 0 {
		return failure(function, status)
	}
	return nil
}

func (b *Backend) build() error {
	text := append([]byte(source), 0)
	first := &text[0]
	var status int32
	if b.program = b.lib.createProgramWithSource(b.context, 1, &first, nil, &status); status != 0 {
		return failure("clCreateProgramWithSource", status)
	}
	if status = b.lib.buildProgram(b.program, 1, &b.Device.id, nil, 0, 0); status != 0 {
		log := query(func(size uintptr, value unsafe.Pointer, needed *uintptr) int32 {
			return b.lib.getProgramBuildInfo(b.program, b.Device.id, programBuildLog, size, value, needed)
		})
		return fmt.Errorf("OpenCL: kernels do not compile on %s: %s", b.Device.Name, log)
	}
	return nil
}

// Close gives back everything on the device.
func (b *Backend) Close() error {
	err := check("clFinish", b.lib.finish(b.queue))
	for _, k := range b.kernels {
		b.lib.releaseKernel(k)
	}
	for _, m := range b.buffers {
		m.release()
	}
	b.lib.releaseProgram(b.program)
	b.lib.releaseCommandQueue(b.queue)
	b.lib.releaseContext(b.context)
	return err
}

// A Buffer is memory of the device.
type Buffer struct {
	backend  *Backend
	handle   uintptr
	width    uintptr // bytes a number
	capacity int     // numbers
}

// NewBuffer makes an empty buffer.
func (b *Backend) NewBuffer(dtype tensor.Dtype) (machine.Buffer, error) {
	switch dtype {
	case tensor.Float32, tensor.Float64, tensor.Int64:
		return b.buffer(dtype.Size()), nil
	}
	return nil, fmt.Errorf("buffer of %v: must be float32, float64 or int64", dtype)
}

func (b *Backend) buffer(width uintptr) *Buffer {
	m := &Buffer{backend: b, width: width}
	b.buffers = append(b.buffers, m)
	return m
}

// Grow makes room for n numbers; it loses what was there only when it must grow.
func (m *Buffer) Grow(n int) error {
	if n = max(n, 1); n <= m.capacity {
		return nil
	}
	m.release()
	var status int32
	size := n + n/8
	m.handle = m.backend.lib.createBuffer(m.backend.context, memReadWrite, uintptr(size)*m.width, nil, &status)
	if status != 0 {
		return fmt.Errorf("device %s: no memory for %d bytes (status %d)", m.backend.Device.Name, uintptr(size)*m.width, status)
	}
	m.capacity = size
	return nil
}

func (m *Buffer) release() {
	if m.handle != 0 {
		m.backend.lib.releaseMemObject(m.handle)
		m.handle, m.capacity = 0, 0
	}
}

// Read waits for the device and copies the first numbers to dst.
func (m *Buffer) Read(dst any) error {
	n, at, width := view(dst)
	if width != m.width || n > m.capacity {
		return fmt.Errorf("read of %d numbers into %T: the buffer holds %d of %d bytes", n, dst, m.capacity, m.width)
	}
	if n == 0 {
		return nil
	}
	return check("clEnqueueReadBuffer", m.backend.lib.enqueueReadBuffer(m.backend.queue, m.handle, 1, 0, uintptr(n)*width, at, 0, 0, 0))
}

// Write grows the buffer if need be and copies src to it.
func (m *Buffer) Write(src any) error {
	n, at, width := view(src)
	if width != m.width {
		return fmt.Errorf("write of %T: the buffer's numbers have %d bytes", src, m.width)
	}
	if err := m.Grow(n); err != nil || n == 0 {
		return err
	}
	return check("clEnqueueWriteBuffer", m.backend.lib.enqueueWriteBuffer(m.backend.queue, m.handle, 1, 0, uintptr(n)*width, at, 0, 0, 0))
}

// view is the length, address and width of a slice of numbers.
func view(data any) (n int, at unsafe.Pointer, width uintptr) {
	switch d := data.(type) {
	case []float32:
		return len(d), unsafe.Pointer(unsafe.SliceData(d)), 4
	case []int32:
		return len(d), unsafe.Pointer(unsafe.SliceData(d)), 4
	case []float64:
		return len(d), unsafe.Pointer(unsafe.SliceData(d)), 8
	case []int64:
		return len(d), unsafe.Pointer(unsafe.SliceData(d)), 8
	}
	return 0, nil, 0
}

// Prepare binds an operation to its kernels.
func (b *Backend) Prepare(kernel string, at ops.Attributes, in, out []*machine.Value) (machine.Run, error) {
	bind, ok := table[kernel]
	if !ok {
		return nil, fmt.Errorf("kernel %s: the opencl backend has none of that name", kernel)
	}
	c := &call{Backend: b, Attributes: at, in: in, out: out}
	run := bind(c)
	return run, c.err
}

// feed is the device's copy of what a run brings.
type feed struct {
	columns                          [3]*Buffer
	offsets, identity, labels, owner *Buffer // owner: the example of each token
	pairs                            *Buffer // where the probabilities of each example start, in units of heads
	rowIDs                           *Buffer
	owners, starts                   []int32
}

func (b *Backend) newFeed() feed {
	var f feed
	for _, p := range []**Buffer{&f.columns[0], &f.columns[1], &f.columns[2], &f.offsets, &f.identity, &f.labels, &f.owner, &f.pairs} {
		*p = b.buffer(4)
	}
	f.rowIDs = b.buffer(8)
	return f
}

// Begin copies the feed of a run to the device.
func (b *Backend) Begin(f *machine.Feed) error {
	d := &b.feed
	d.owners, d.starts = d.owners[:0], append(d.starts[:0], 0)
	for i := range f.Examples() {
		length := int(f.Offsets[i+1] - f.Offsets[i])
		d.owners = append(d.owners, slices.Repeat([]int32{int32(i)}, length)...)
		d.starts = append(d.starts, d.starts[i]+int32(length*length))
	}
	for i, column := range d.columns {
		if err := column.Write(f.Columns[i]); err != nil {
			return err
		}
	}
	for _, w := range []struct {
		to   *Buffer
		from any
	}{{d.offsets, f.Offsets}, {d.identity, f.OffsetsOf(ops.Examples)}, {d.labels, f.Labels}, {d.owner, d.owners}, {d.pairs, d.starts}, {d.rowIDs, f.RowIDs}} {
		if err := w.to.Write(w.from); err != nil {
			return err
		}
	}
	return nil
}
