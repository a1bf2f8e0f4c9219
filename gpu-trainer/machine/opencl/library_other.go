//go:build !(darwin || freebsd || linux)

package opencl

import (
	"errors"
	"unsafe"
)

type library struct {
	getPlatformIDs          func(uint32, *uintptr, *uint32) int32
	getPlatformInfo         func(uintptr, uint32, uintptr, unsafe.Pointer, *uintptr) int32
	getDeviceIDs            func(uintptr, uint64, uint32, *uintptr, *uint32) int32
	getDeviceInfo           func(uintptr, uint32, uintptr, unsafe.Pointer, *uintptr) int32
	createContext           func(*uintptr, uint32, *uintptr, uintptr, uintptr, *int32) uintptr
	createCommandQueue      func(uintptr, uintptr, uint64, *int32) uintptr
	createProgramWithSource func(uintptr, uint32, **byte, *uintptr, *int32) uintptr
	buildProgram            func(uintptr, uint32, *uintptr, *byte, uintptr, uintptr) int32
	getProgramBuildInfo     func(uintptr, uintptr, uint32, uintptr, unsafe.Pointer, *uintptr) int32
	createKernel            func(uintptr, string, *int32) uintptr
	createBuffer            func(uintptr, uint64, uintptr, unsafe.Pointer, *int32) uintptr
	createSubBuffer         func(uintptr, uint64, uint32, *[2]uintptr, *int32) uintptr
	enqueueReadBuffer       func(uintptr, uintptr, uint32, uintptr, uintptr, unsafe.Pointer, uint32, uintptr, uintptr) int32
	enqueueWriteBuffer      func(uintptr, uintptr, uint32, uintptr, uintptr, unsafe.Pointer, uint32, uintptr, uintptr) int32
	enqueueCopyBuffer       func(uintptr, uintptr, uintptr, uintptr, uintptr, uintptr, uint32, uintptr, uintptr) int32
	finish                  func(uintptr) int32
	releaseMemObject        func(uintptr) int32
	releaseKernel           func(uintptr) int32
	releaseProgram          func(uintptr) int32
	releaseCommandQueue     func(uintptr) int32
	releaseContext          func(uintptr) int32
}

func load() (*library, error) {
	return nil, errors.New("OpenCL: not supported on this operating system")
}

func (*library) setArg(uintptr, int, uintptr, unsafe.Pointer) int32      { return -1 }
func (*library) launch(uintptr, uintptr, *[2]uintptr, *[2]uintptr) int32 { return -1 }
