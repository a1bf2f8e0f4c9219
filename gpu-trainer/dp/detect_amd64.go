package dp

import "golang.org/x/sys/cpu"

// vectors reports whether the processor runs addVector.
func vectors() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ }
