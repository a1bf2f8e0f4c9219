package opencl

import (
	"errors"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// open opens the first device, or skips.
func open(t *testing.T) *Backend {
	t.Helper()
	return openWith(t, Options{})
}

func TestBuffersKeepTheirNumbers(t *testing.T) {
	b := open(t)
	m, err := b.NewBuffer(tensor.Int64)
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{1, -2, 1 << 60}
	if err := m.Write(want); err != nil {
		t.Fatal(err)
	}
	got := make([]int64, 3)
	if err := m.Read(got); err != nil {
		t.Fatal(err)
	}
	if got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("read %v, want %v", got, want)
	}
	for _, wrong := range []any{make([]int64, 99), make([]float32, 1), "text"} {
		if err := m.Read(wrong); err == nil {
			t.Errorf("read of %T with %d numbers of room", wrong, 99)
		}
	}
}

// What a driver calls no memory is machine.ErrMemory, nothing else is; a buffer that found none is empty, takes
// nothing and can grow again.
func TestMissingMemoryIsRecognised(t *testing.T) {
	for status := int32(-1); status > -70; status-- {
		want := status == -4 || status == -5 || status == -6 || status == -61
		if got := errors.Is(failure("clSomething", status), machine.ErrMemory); got != want {
			t.Errorf("status %d: no memory: %v, want %v", status, got, want)
		}
	}
	b := open(t)
	m := b.buffer(4)
	fatal(t, m.Grow(10))
	before := b.used - m.size()
	if err := m.Grow(int(b.Device.Largest)); !errors.Is(err, machine.ErrMemory) { // four times the largest that there can be
		t.Errorf("error %v: want one of memory", err)
	}
	if b.used != before || m.handle != 0 {
		t.Errorf("%d bytes in use after a failure, want %d", b.used, before)
	}
	fatal(t, m.Write([]float32{1, 2}))
	b.options.Memory = b.used + 100
	if err := b.buffer(8).Grow(13); !errors.Is(err, machine.ErrMemory) || !strings.Contains(err.Error(), "above the limit of") {
		t.Errorf("error %v: want one of the limit", err)
	}
	fatal(t, b.buffer(8).Grow(8))
}

func TestWrongProductsAreRefused(t *testing.T) {
	b := open(t)
	if _, err := New(b.Device, Options{Products: "tables"}); err == nil || err.Error() != `products "tables": must be tiles or strips` {
		t.Error(err)
	}
}

func TestUnknownKernelIsRefused(t *testing.T) {
	_, err := open(t).Prepare("convolution", ops.Attributes{}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "kernel convolution: the opencl backend has none of that name") {
		t.Errorf("error %v: want one that names the kernel", err)
	}
}

// A failure says what the driver's number means, where it is known; drivers that fail and those without devices are
// told apart.
func TestStatusesHaveWords(t *testing.T) {
	for status, want := range map[int32]string{
		-54: "OpenCL: clX failed: work-groups too large for the device (status -54)", -77: "OpenCL: clX failed: status -77",
		-4: "OpenCL: clX failed: no memory for the buffer (status -4): out of device memory",
	} {
		if got := failure("clX", status).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	get := func(counts, lists int32, n uint32) func(uint32, *uintptr, *uint32) int32 {
		return func(room uint32, ids *uintptr, found *uint32) int32 {
			if ids == nil {
				*found = n
				return counts
			}
			return lists
		}
	}
	for _, c := range []struct {
		counts, lists int32
		n             uint32
		ids           int
		word          string
	}{{0, 0, 2, 2, ""}, {0, 0, 0, 0, ""}, {-1, 0, 0, 0, ""}, {-1001, 0, 0, 0, "no driver is installed"}, {0, -6, 1, 0, "out of host memory"}} {
		ids, err := list("clX", get(c.counts, c.lists, c.n))
		if len(ids) != c.ids || (err == nil) != (c.word == "") || err != nil && !strings.Contains(err.Error(), c.word) {
			t.Errorf("%+v: %v, %v", c, ids, err)
		}
	}
}

// Every kernel of the program source can be made: names in the table are names in the source.
func TestKernelsExist(t *testing.T) {
	b := open(t)
	value := func() *machine.Value {
		m, _ := b.NewBuffer(tensor.Float32)
		return &machine.Value{Width: 1, Buffer: m}
	}
	for name := range table {
		var in, out []*machine.Value
		for range 7 {
			in, out = append(in, value()), append(out, value())
		}
		for slot := range 2 {
			if _, err := b.Prepare(name, ops.Attributes{Slot: slot, Heads: 1}, in, out); err != nil {
				t.Errorf("kernel %s: %v", name, err)
			}
		}
	}
}
