package opencl

import (
	"fmt"
	"unsafe"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"gorgonia.org/tensor"
)

// A Buffer is memory of the device.
type Buffer struct {
	backend  *Backend
	handle   uintptr
	width    uintptr   // bytes a number
	capacity int       // numbers
	stored   Precision // the host sees float32
}

// NewBuffer makes an empty buffer.
func (b *Backend) NewBuffer(dtype tensor.Dtype) (machine.Buffer, error) {
	switch dtype {
	case tensor.Float32, tensor.Float64, tensor.Int64:
		return b.buffer(dtype.Size()), nil
	}
	return nil, fmt.Errorf("buffer of %v: must be float32, float64 or int64", dtype)
}

// NewFrozen makes a buffer for a float32 matrix that nobody trains and that is only ever the right factor of products
// or a table of embeddings: stored in the precision of the options.
func (b *Backend) NewFrozen() machine.Buffer { return b.frozen(b.options.Precision) }

func (b *Backend) frozen(p Precision) *Buffer {
	m := b.buffer(p.width())
	m.stored = p
	return m
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
	m.Release()
	b, size := m.backend, n+n/8
	bytes := int64(size) * int64(m.width)
	if limit := b.options.Memory; limit > 0 && b.used+bytes > limit {
		return fmt.Errorf("device %s: %d bytes beside the %d in use: above the limit of %d: %w", b.Device.Name, bytes, b.used, limit, machine.ErrMemory)
	}
	var status int32
	m.handle = b.lib.createBuffer(b.context, memReadWrite, uintptr(bytes), nil, &status)
	if status != 0 {
		m.handle = 0
		return fmt.Errorf("device %s: %d bytes beside the %d in use: %w", b.Device.Name, bytes, b.used, failure("clCreateBuffer", status))
	}
	m.capacity = size
	b.used += bytes
	if err := m.touch(); err != nil {
		m.Release()
		return err
	}
	return nil
}

// touch writes the last number. Drivers make memory on its first use: it had better be missing now than in the middle
// of a run.
func (m *Buffer) touch() error {
	var zero [8]byte
	offset := uintptr(m.capacity-1) * m.width
	return check("clEnqueueWriteBuffer", m.backend.lib.enqueueWriteBuffer(m.backend.queue, m.handle, 1, offset, m.width, unsafe.Pointer(&zero), 0, 0, 0))
}

// Release gives the memory back. Launches that still use it keep it until they are done.
func (m *Buffer) Release() {
	if m.handle != 0 {
		m.backend.lib.releaseMemObject(m.handle)
		m.backend.used -= m.size()
		m.handle, m.capacity = 0, 0
	}
}

// size is how many bytes the buffer has.
func (m *Buffer) size() int64 { return int64(m.capacity) * int64(m.width) }

// Read waits for the device and copies the first numbers to dst.
func (m *Buffer) Read(dst any) error {
	if to, ok := dst.([]float32); ok && m.stored != Float32 {
		bits := make([]uint16, len(to))
		err := m.Read(bits)
		m.stored.widen(to, bits)
		return err
	}
	n, at, width := view(dst)
	if width != m.width || n > m.capacity {
		return fmt.Errorf("read of %d numbers into %T: the buffer holds %d of %d bytes", n, dst, m.capacity, m.width)
	}
	if n == 0 {
		return nil
	}
	m.backend.traffic.Received.add(n, width)
	return check("clEnqueueReadBuffer", m.backend.lib.enqueueReadBuffer(m.backend.queue, m.handle, 1, 0, uintptr(n)*width, at, 0, 0, 0))
}

// Write grows the buffer if need be and copies src to it.
func (m *Buffer) Write(src any) error {
	if from, ok := src.([]float32); ok && m.stored != Float32 {
		bits, err := m.stored.narrow(from)
		if err != nil {
			return err
		}
		return m.Write(bits)
	}
	n, at, width := view(src)
	if width != m.width {
		return fmt.Errorf("write of %T: the buffer's numbers have %d bytes", src, m.width)
	}
	if err := m.Grow(n); err != nil || n == 0 {
		return err
	}
	m.backend.traffic.Sent.add(n, width)
	return check("clEnqueueWriteBuffer", m.backend.lib.enqueueWriteBuffer(m.backend.queue, m.handle, 1, 0, uintptr(n)*width, at, 0, 0, 0))
}

// Traffic is what has crossed between the host and a device.
type Traffic struct{ Sent, Received Transfers }

// Transfers counts those of one direction.
type Transfers struct{ Count, Bytes int64 }

func (t *Transfers) add(n int, width uintptr) {
	t.Count++
	t.Bytes += int64(n) * int64(width)
}

// Traffic tells what has crossed since the backend was opened.
func (b *Backend) Traffic() Traffic { return b.traffic }

// copyTo copies n numbers from number at on to place to of another buffer of the same type.
func (m *Buffer) copyTo(other *Buffer, at, to, n int) error {
	b, width := m.backend, m.width
	return check("clEnqueueCopyBuffer", b.lib.enqueueCopyBuffer(b.queue, m.handle, other.handle, uintptr(at)*width, uintptr(to)*width, uintptr(n)*width, 0, 0, 0))
}

// view is the length, address and width of a slice of numbers.
func view(data any) (n int, at unsafe.Pointer, width uintptr) {
	switch d := data.(type) {
	case []uint16:
		return len(d), unsafe.Pointer(unsafe.SliceData(d)), 2
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
