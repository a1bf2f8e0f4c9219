package opencl

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
)

// Status codes of the OpenCL headers. The first four say that memory, or what stands in for it, has run out.
const (
	allocationFailure    = -4
	outOfResources       = -5
	outOfHostMemory      = -6
	invalidBufferSize    = -61
	invalidMemObject     = -38
	invalidWorkGroupSize = -54
)

// statuses are the codes that users meet, in words.
var statuses = map[int32]string{
	-1: "no such device", -2: "device not available", -3: "compiler not available", allocationFailure: "no memory for the buffer",
	outOfResources: "out of resources", outOfHostMemory: "out of host memory", -11: "the program does not build",
	-36: "the queue is lost", invalidMemObject: "not a buffer of this kind", -46: "no kernel of that name", -52: "arguments are missing",
	invalidWorkGroupSize: "work-groups too large for the device", -55: "work-item sizes too large for the device", invalidBufferSize: "larger than the device's largest buffer",
	-1001: "no driver is installed",
}

func failure(function string, status int32) error {
	text := fmt.Sprintf("status %d", status)
	if words := statuses[status]; words != "" {
		text = fmt.Sprintf("%s (%s)", words, text)
	}
	switch status {
	case allocationFailure, outOfResources, outOfHostMemory, invalidBufferSize:
		return fmt.Errorf("OpenCL: %s failed: %s: %w", function, text, machine.ErrMemory)
	}
	return fmt.Errorf("OpenCL: %s failed: %s", function, text)
}

func check(function string, status int32) error {
	if status != 0 {
		return failure(function, status)
	}
	return nil
}
