package dp

import (
	"crypto/aes"
	"crypto/cipher"
)

// keystream is AES-256 in counter mode from 0, in whole chunks: the bytes that cipher.NewCTR gives for an initial
// vector of zeros. Where the processor enciphers four blocks at once it is done by code of our own, twice as fast as
// the library's; a test compares the two.
type keystream struct {
	keys    [15 * aes.BlockSize]byte // of the rounds
	next    uint64                   // block
	library cipher.Stream            // where the processor has no such instruction
}

// keystreamChunk is what fill's buffers are multiples of.
const keystreamChunk = 32 * aes.BlockSize

func (s *keystream) open(key [32]byte) {
	if vectorAES() {
		expandKey(&key[0], &s.keys[0])
		s.next = 0
		return
	}
	blocks, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // a 32-byte key is always accepted
	}
	s.library = cipher.NewCTR(blocks, make([]byte, aes.BlockSize))
}

// fill writes the next bytes of the stream, a multiple of keystreamChunk.
func (s *keystream) fill(dst []byte) {
	if !vectorAES() {
		clear(dst)
		s.library.XORKeyStream(dst, dst)
		return
	}
	if groups := len(dst) / keystreamChunk; groups > 0 {
		counterBlocks(&s.keys[0], s.take(len(dst)/aes.BlockSize), &dst[0], groups)
	}
}

// take is the first of the next n blocks, which the caller enciphers.
func (s *keystream) take(n int) (first uint64) {
	s.next += uint64(n)
	return s.next - uint64(n)
}
