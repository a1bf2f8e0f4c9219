package dp

import "golang.org/x/sys/cpu"

// vectors reports whether the processor runs addVector.
func vectors() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ }

// vectorAES reports whether it runs expandKey and counterBlocks.
func vectorAES() bool {
	return cpu.X86.HasAVX512VAES && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAES
}
