//go:build darwin || freebsd || linux

package opencl

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library holds the functions of the system's OpenCL library that this package calls. Handles are opaque pointers.
type library struct {
	getPlatformIDs            func(count uint32, ids *uintptr, found *uint32) int32
	getPlatformInfo           func(platform uintptr, name uint32, size uintptr, value unsafe.Pointer, needed *uintptr) int32
	getDeviceIDs              func(platform uintptr, kind uint64, count uint32, ids *uintptr, found *uint32) int32
	getDeviceInfo             func(device uintptr, name uint32, size uintptr, value unsafe.Pointer, needed *uintptr) int32
	createContext             func(properties *uintptr, count uint32, devices *uintptr, notify, data uintptr, status *int32) uintptr
	createCommandQueue        func(context, device uintptr, properties uint64, status *int32) uintptr
	createProgramWithSource   func(context uintptr, count uint32, sources **byte, lengths *uintptr, status *int32) uintptr
	buildProgram              func(program uintptr, count uint32, devices *uintptr, options *byte, notify, data uintptr) int32
	getProgramBuildInfo       func(program, device uintptr, name uint32, size uintptr, value unsafe.Pointer, needed *uintptr) int32
	createKernel              func(program uintptr, name string, status *int32) uintptr
	createBuffer              func(context uintptr, flags uint64, size uintptr, host unsafe.Pointer, status *int32) uintptr
	createSubBuffer           func(buffer uintptr, flags uint64, kind uint32, region *[2]uintptr, status *int32) uintptr
	enqueueReadBuffer         func(queue, buffer uintptr, blocking uint32, offset, size uintptr, to unsafe.Pointer, waits uint32, events, event uintptr) int32
	enqueueWriteBuffer        func(queue, buffer uintptr, blocking uint32, offset, size uintptr, from unsafe.Pointer, waits uint32, events, event uintptr) int32
	enqueueCopyBuffer         func(queue, from, to uintptr, fromOffset, toOffset, size uintptr, waits uint32, events, event uintptr) int32
	finish                    func(queue uintptr) int32
	releaseMemObject          func(buffer uintptr) int32
	releaseKernel             func(kernel uintptr) int32
	releaseProgram            func(program uintptr) int32
	releaseCommandQueue       func(queue uintptr) int32
	releaseContext            func(context uintptr) int32
	setKernelArg, launchRange uintptr // called through SyscallN, since every launch does
}

// names lists where systems keep the library.
var names = []string{"libOpenCL.so.1", "libOpenCL.so", "/System/Library/Frameworks/OpenCL.framework/OpenCL"}

// load opens the library once.
var load = sync.OnceValues(func() (*library, error) {
	var handle uintptr
	var err error
	for _, name := range names {
		if handle, err = purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("OpenCL: the system has no OpenCL library (on Debian: ocl-icd-libopencl1 and a driver, such as pocl-opencl-icd): %w", err)
	}
	return bind(handle)
})

func bind(handle uintptr) (lib *library, err error) {
	lib = &library{}
	for name, function := range map[string]any{
		"clGetPlatformIDs": &lib.getPlatformIDs, "clGetPlatformInfo": &lib.getPlatformInfo, "clGetDeviceIDs": &lib.getDeviceIDs,
		"clGetDeviceInfo": &lib.getDeviceInfo, "clCreateContext": &lib.createContext, "clCreateCommandQueue": &lib.createCommandQueue,
		"clCreateProgramWithSource": &lib.createProgramWithSource, "clBuildProgram": &lib.buildProgram,
		"clGetProgramBuildInfo": &lib.getProgramBuildInfo, "clCreateKernel": &lib.createKernel, "clCreateBuffer": &lib.createBuffer,
		"clCreateSubBuffer":   &lib.createSubBuffer,
		"clEnqueueReadBuffer": &lib.enqueueReadBuffer, "clEnqueueWriteBuffer": &lib.enqueueWriteBuffer,
		"clEnqueueCopyBuffer": &lib.enqueueCopyBuffer, "clFinish": &lib.finish, "clReleaseMemObject": &lib.releaseMemObject,
		"clReleaseKernel": &lib.releaseKernel, "clReleaseProgram": &lib.releaseProgram,
		"clReleaseCommandQueue": &lib.releaseCommandQueue, "clReleaseContext": &lib.releaseContext,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("OpenCL: the library lacks %s", name)
		}
		purego.RegisterFunc(function, symbol)
	}
	if lib.setKernelArg, err = purego.Dlsym(handle, "clSetKernelArg"); err != nil {
		return nil, err
	}
	lib.launchRange, err = purego.Dlsym(handle, "clEnqueueNDRangeKernel")
	return lib, err
}

// setArg sets one argument of a kernel.
func (l *library) setArg(kernel uintptr, index int, size uintptr, value unsafe.Pointer) int32 {
	status, _, _ := purego.SyscallN(l.setKernelArg, kernel, uintptr(index), size, uintptr(value))
	return int32(status)
}

// launch enqueues a kernel on a two-dimensional range.
func (l *library) launch(queue, kernel uintptr, global, local *[2]uintptr) int32 {
	status, _, _ := purego.SyscallN(l.launchRange, queue, kernel, 2, 0, uintptr(unsafe.Pointer(global)), uintptr(unsafe.Pointer(local)), 0, 0, 0)
	return int32(status)
}
