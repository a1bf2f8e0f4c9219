package trainer

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// A faultyDriver answers some calls of the system's library for memory with "no memory", in place of the library.
type faultyDriver struct {
	fails int // this call from now on; 0: none
	calls int
}

// install stands between one device and its library. The library's functions are fields that the device alone sees,
// and no caller but this test has a use for changing them.
func (f *faultyDriver) install(device *opencl.Backend) {
	open := func(v reflect.Value) reflect.Value {
		return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	}
	lib := open(reflect.ValueOf(device).Elem().FieldByName("lib"))
	own := reflect.New(lib.Type().Elem())
	own.Elem().Set(lib.Elem())
	lib.Set(own)
	for _, name := range []string{"createBuffer", "createSubBuffer"} {
		function := open(own.Elem().FieldByName(name))
		real := reflect.ValueOf(function.Interface())
		function.Set(reflect.MakeFunc(function.Type(), func(in []reflect.Value) []reflect.Value {
			if f.calls++; f.calls != f.fails {
				return real.Call(in)
			}
			*in[len(in)-1].Interface().(*int32) = -4
			return []reflect.Value{reflect.ValueOf(uintptr(0))}
		}))
	}
}

// Whichever call for memory the driver refuses, a lot either has the sums that it would have had or fails for want of
// memory, and the next lot is as if nothing had happened.
func TestDriverWithoutMemory(t *testing.T) {
	o := onDevice(t)
	m := minuteModel()
	few, all := fixedLengths(m.Config, 1, 3), fixedLengths(m.Config, 5, 14)
	clip := dp.Clip{Norm: 0.1, Quantum: 0x1p-40}
	for _, name := range []string{"lora", "rgp"} {
		t.Run(name, func(t *testing.T) {
			lot := func(e *Engine) ([]int64, error) {
				if err := e.BeginLot(7); err != nil {
					return nil, err
				}
				for _, b := range []*model.Batch{few, all} { // buffers are made, and grow
					if _, err := e.Accumulate(b, clip); err != nil {
						return nil, err
					}
				}
				return slices.Clone(e.Sum()), nil
			}
			want, err := lot(newEngine(t, m, methods()[name], o))
			fatal(t, err)
			survived, failed := 0, 0
			for fails := 1; ; fails += 4 { // an engine is dear
				e, err := NewEngine(m, methods()[name], o)
				fatal(t, err)
				driver := &faultyDriver{fails: fails}
				driver.install(e.core.(*core[float32]).resident.device)
				got, err := lot(e)
				switch {
				case err == nil && slices.Equal(got, want):
					survived++
				case err == nil:
					t.Errorf("call %d refused: other sums", fails)
				case !errors.Is(err, machine.ErrMemory) || !strings.Contains(err.Error(), "no memory for the buffer (status -4)"):
					t.Errorf("call %d refused: error %v", fails, err)
				default:
					failed++
				}
				if got, err := lot(e); err != nil || !slices.Equal(got, want) {
					t.Errorf("call %d refused: the next lot has other sums, or %v", fails, err)
				}
				fatal(t, e.Step(Update{Quantum: clip.Quantum, Divisor: 8, LearningRate: 0.01, K: 1}))
				done := driver.calls < fails
				fatal(t, e.Close())
				if done {
					break
				}
			}
			if survived < 5 || failed < 3 {
				t.Errorf("%d refusals survived, %d not: the test saw too little", survived, failed)
			}
			t.Logf("%d refusals survived, %d were told", survived, failed)
		})
	}
}
