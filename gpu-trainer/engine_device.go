package trainer

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
)

// openDevice is the OpenCL device that the options name, nil for the host's processor.
func openDevice(o EngineOptions) (*opencl.Backend, error) {
	if o.Device == "" || o.Device == "cpu" {
		return nil, nil
	}
	precision, ok := map[string]opencl.Precision{"": opencl.Float32, "float32": opencl.Float32, BFloat16: opencl.BFloat16, Float16: opencl.Float16}[o.Precision]
	if !ok {
		return nil, fmt.Errorf("precision %s: device %s computes in float32, %s or %s", o.Precision, o.Device, BFloat16, Float16)
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
		return nil, fmt.Errorf("device %q: the system has %d, numbered from 0; see bench devices", o.Device, len(devices))
	}
	return opencl.New(devices[number], opencl.Options{Memory: o.DeviceMemory, Precision: precision, Products: o.DeviceProducts, Tuning: o.DeviceTuning})
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
