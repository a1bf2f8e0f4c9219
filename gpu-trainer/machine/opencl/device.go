package opencl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// Constants of the OpenCL headers.
const (
	deviceTypeAll      = 0xFFFFFFFF
	deviceType         = 0x1000
	deviceUnits        = 0x1002
	deviceWorkGroup    = 0x1004
	deviceLargestBytes = 0x1010
	deviceLocalBytes   = 0x1023
	deviceVersion      = 0x102F
	deviceGlobalBytes  = 0x101F
	deviceName         = 0x102B
	deviceVendor       = 0x102C
	deviceDriver       = 0x102D
	deviceExtensions   = 0x1030
	platformName       = 0x0902
	programBuildLog    = 0x1183
	capabilityMajor    = 0x4000 // of cl_nv_device_attribute_query
	typeGPU            = 1 << 2
	memReadWrite       = 1
	bufferRegion       = 0x1220
)

// A Device is one OpenCL device of this machine.
type Device struct {
	Platform    string `json:"platform"`
	Name        string `json:"name"`
	Vendor      string `json:"vendor"`
	Driver      string `json:"driver"`
	Version     string `json:"version"` // of OpenCL
	GPU         bool   `json:"gpu"`
	Double      bool   `json:"fp64"`          // double precision, which the trainer needs
	Half        bool   `json:"fp16"`          // arithmetic in half precision; not needed: it is only stored
	Atomics64   bool   `json:"int64_atomics"` // not needed: every integer sum has one work-item that adds to it
	TensorCores bool   `json:"tensor_cores"`  // NVIDIA's, of compute capability 8.0 or later: they multiply bfloat16
	Units       int    `json:"compute_units"`
	Bytes       int64  `json:"memory_bytes"`
	Largest     int64  `json:"largest_buffer_bytes"`
	LocalBytes  int64  `json:"local_memory_bytes"`
	WorkGroup   int    `json:"largest_work_group"`

	id uintptr
}

// Devices lists what the system's OpenCL library offers, GPUs first. A system without the library, or without
// devices, is an error.
func Devices() ([]Device, error) {
	lib, err := load()
	if err != nil {
		return nil, err
	}
	platforms, err := lib.platforms()
	if err != nil {
		return nil, noDevice(err)
	}
	var gpus, others []Device
	for _, platform := range platforms {
		ids, failed := lib.devices(platform)
		if failed != nil {
			err = failed // another platform may do
		}
		for _, id := range ids {
			d := lib.describe(platform, id)
			if d.GPU {
				gpus = append(gpus, d)
			} else {
				others = append(others, d)
			}
		}
	}
	if all := append(gpus, others...); len(all) > 0 {
		return all, nil
	}
	return nil, noDevice(err)
}

// noDevice says what to do, and why there is none where that is known.
func noDevice(cause error) error {
	const text = "OpenCL: the library offers no device (on Debian, pocl-opencl-icd makes the CPU one)"
	if cause != nil {
		return fmt.Errorf("%s: %s", text, strings.TrimPrefix(cause.Error(), "OpenCL: "))
	}
	return errors.New(text)
}

// Usable tells why the trainer cannot run on the device.
func (d Device) Usable() error {
	switch {
	case !d.Double:
		return fmt.Errorf("device %s: has no double precision, which clipped sums need", d.Name)
	case d.WorkGroup < groupSize:
		return fmt.Errorf("device %s: work-groups of at most %d, of which kernels need %d", d.Name, d.WorkGroup, groupSize)
	}
	return nil
}

func (l *library) platforms() ([]uintptr, error) {
	return list("clGetPlatformIDs", l.getPlatformIDs)
}

// devices of a platform: one that has none is no error.
func (l *library) devices(platform uintptr) ([]uintptr, error) {
	return list("clGetDeviceIDs", func(count uint32, ids *uintptr, found *uint32) int32 {
		return l.getDeviceIDs(platform, deviceTypeAll, count, ids, found)
	})
}

// list asks how many handles there are, and then for them.
func list(function string, get func(count uint32, ids *uintptr, found *uint32) int32) ([]uintptr, error) {
	const none = -1 // of devices
	var count uint32
	if status := get(0, nil, &count); status != 0 || count == 0 {
		if status == none {
			status = 0
		}
		return nil, check(function, status)
	}
	ids := make([]uintptr, count)
	if err := check(function, get(count, &ids[0], nil)); err != nil {
		return nil, err
	}
	return ids, nil
}

func (l *library) describe(platform, id uintptr) Device {
	text := func(name uint32) string {
		return query(func(size uintptr, value unsafe.Pointer, needed *uintptr) int32 {
			return l.getDeviceInfo(id, name, size, value, needed)
		})
	}
	number := func(name uint32, bytes uintptr) (v uint64) {
		l.getDeviceInfo(id, name, bytes, unsafe.Pointer(&v), nil)
		return v
	}
	extensions := strings.Fields(text(deviceExtensions))
	has := func(name string) bool { return slices.Contains(extensions, name) }
	return Device{
		Platform: query(func(size uintptr, value unsafe.Pointer, needed *uintptr) int32 {
			return l.getPlatformInfo(platform, platformName, size, value, needed)
		}),
		Name: text(deviceName), Vendor: text(deviceVendor), Driver: text(deviceDriver), Version: text(deviceVersion),
		GPU: number(deviceType, 8)&typeGPU != 0, Double: has("cl_khr_fp64"), Half: has("cl_khr_fp16"), Atomics64: has("cl_khr_int64_base_atomics"),
		TensorCores: has("cl_nv_device_attribute_query") && number(capabilityMajor, 4) >= 8,
		Units:       int(number(deviceUnits, 4)), Bytes: int64(number(deviceGlobalBytes, 8)), Largest: int64(number(deviceLargestBytes, 8)),
		LocalBytes: int64(number(deviceLocalBytes, 8)), WorkGroup: int(number(deviceWorkGroup, unsafe.Sizeof(uintptr(0)))), id: id,
	}
}

// query reads a string property.
func query(get func(size uintptr, value unsafe.Pointer, needed *uintptr) int32) string {
	var needed uintptr
	if get(0, nil, &needed) != 0 || needed == 0 {
		return ""
	}
	text := make([]byte, needed)
	if get(needed, unsafe.Pointer(&text[0]), nil) != 0 {
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(string(text), "\x00"))
}
