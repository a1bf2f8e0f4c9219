package opencl

import (
	"slices"
	"unsafe"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
)

// feed is the device's copy of what a run brings: one block of memory, which one transfer fills, and a part of it for
// each array.
type feed struct {
	block                            *Buffer
	parts                            []*Buffer // of block, in its order
	columns                          [3]*Buffer
	offsets, identity, labels, owner *Buffer // owner: the example of each token
	pairs                            *Buffer // where the probabilities of each example start, in units of heads
	rowIDs                           *Buffer
	owners, starts                   []int32
	staged                           []int32 // the host's copy of block
}

// partAlignment is where parts may start, in bytes: no device asks for more than a page.
const partAlignment = 4096

// Begin makes room for what the run shares and copies its feed to the device.
func (b *Backend) Begin(f *machine.Feed) error {
	for _, r := range b.rooms {
		if err := r.buffer.Grow(r.need()); err != nil {
			return err
		}
	}
	d := &b.feed
	d.derive(f)
	arrays := []any{f.Columns[0], f.Columns[1], f.Columns[2], d.owners, f.Offsets, f.OffsetsOf(ops.Examples), f.Labels, d.starts, f.RowIDs}
	if !d.holds(arrays) {
		if err := b.layOut(arrays); err != nil {
			return err
		}
	}
	at := 0
	for i, array := range arrays {
		n, data, width := view(array)
		copy(d.staged[at:], unsafe.Slice((*int32)(data), n*int(width)/4))
		at += int(d.parts[i].size()) / 4
	}
	return d.block.Write(d.staged)
}

// derive makes the arrays that no feed brings.
func (d *feed) derive(f *machine.Feed) {
	d.owners, d.starts = d.owners[:0], append(d.starts[:0], 0)
	for i := range f.Examples() {
		length := int(f.Offsets[i+1] - f.Offsets[i])
		d.owners = append(d.owners, slices.Repeat([]int32{int32(i)}, length)...)
		d.starts = append(d.starts, d.starts[i]+int32(length*length))
	}
}

// holds tells whether every array has room in its part.
func (d *feed) holds(arrays []any) bool {
	for i, array := range arrays {
		if n, _, _ := view(array); len(d.parts) == 0 || n > d.parts[i].capacity {
			return false
		}
	}
	return true
}

// layOut cuts a new block into parts with room for the arrays and for somewhat larger ones.
func (b *Backend) layOut(arrays []any) error {
	d := &b.feed
	d.release()
	if d.block == nil {
		d.block = b.buffer(4)
	}
	total, sizes := 0, make([]int, len(arrays))
	for i, array := range arrays {
		n, _, width := view(array)
		sizes[i] = (n*int(width)*5/4 + partAlignment) / partAlignment * partAlignment
		total += sizes[i]
	}
	if err := d.block.Grow(total / 4); err != nil {
		return err
	}
	at := 0
	for i, array := range arrays {
		_, _, width := view(array)
		part, err := d.block.part(at, sizes[i], width)
		if err != nil {
			d.release() // all parts or none
			return err
		}
		d.parts = append(d.parts, part)
		at += sizes[i]
	}
	d.staged = slices.Grow(d.staged[:0], total/4)[:total/4]
	copy(d.columns[:], d.parts)
	d.owner, d.offsets, d.identity, d.labels, d.pairs, d.rowIDs = d.parts[3], d.parts[4], d.parts[5], d.parts[6], d.parts[7], d.parts[8]
	return nil
}

// part is a view of some bytes of a buffer.
func (m *Buffer) part(at, size int, width uintptr) (*Buffer, error) {
	region := [2]uintptr{uintptr(at), uintptr(size)}
	var status int32
	handle := m.backend.lib.createSubBuffer(m.handle, memReadWrite, bufferRegion, &region, &status)
	if status != 0 {
		return nil, failure("clCreateSubBuffer", status)
	}
	return &Buffer{backend: m.backend, handle: handle, width: width, capacity: size / int(width)}, nil
}

// release lets go of the parts.
func (d *feed) release() {
	for _, part := range d.parts {
		part.backend.lib.releaseMemObject(part.handle)
	}
	d.parts = d.parts[:0]
}
