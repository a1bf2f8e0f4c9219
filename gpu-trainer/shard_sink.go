package trainer

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// A ShardSink is what the writer of an Arrow file stands on: it counts and hashes what is written, front to back.
type ShardSink struct {
	out      *bufio.Writer
	sum      hash.Hash
	position int64
}

// NewShardSink writes to a file through a buffer.
func NewShardSink(file io.Writer) *ShardSink {
	return &ShardSink{out: bufio.NewWriterSize(file, 1<<20), sum: sha256.New()}
}

func (s *ShardSink) Write(p []byte) (int, error) {
	n, err := s.out.Write(p)
	s.sum.Write(p[:n]) // a hash takes every write
	s.position += int64(n)
	return n, err
}

// Seek only tells the position, which is all that the Arrow writer asks for.
func (s *ShardSink) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, fmt.Errorf("seek to %d from %d: a shard is written front to back", offset, whence)
	}
	return s.position, nil
}

// Flush hands the file what the buffer still holds.
func (s *ShardSink) Flush() error { return s.out.Flush() }

// Size is the number of bytes written.
func (s *ShardSink) Size() int64 { return s.position }

// SHA256 is their hash, in hexadecimal.
func (s *ShardSink) SHA256() string { return hex.EncodeToString(s.sum.Sum(nil)) }
