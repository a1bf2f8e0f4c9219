package opencl

import (
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// open opens the first device, or skips.
func open(t *testing.T) *Backend {
	t.Helper()
	devices, err := Devices()
	if err != nil {
		t.Skip(err)
	}
	b, err := New(devices[0], Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
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

func TestUnknownKernelIsRefused(t *testing.T) {
	_, err := open(t).Prepare("convolution", ops.Attributes{}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "kernel convolution: the opencl backend has none of that name") {
		t.Errorf("error %v: want one that names the kernel", err)
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
