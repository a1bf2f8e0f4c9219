//go:build !amd64

package dp

func vectors() bool { return false }

func addVector(*byte, *int64, int, *uint64, uint64, uint64, *byte) {}

func addVectorAhead(*byte, *int64, int, *uint64, uint64, uint64, *byte, *byte, uint64, *byte) {}

func vectorAES() bool { return false }

func expandKey(_, _ *byte) {}

func counterBlocks(*byte, uint64, *byte, int) {}
