package dp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"testing"
)

// The keystream is the standard library's AES-256 in counter mode, whatever the sizes it is asked for, past the byte
// borders of the counter.
func TestKeystreamIsAESInCounterMode(t *testing.T) {
	if !vectorAES() {
		t.Log("this processor runs the library's code: there is nothing of ours to compare")
	}
	const size = 70_000 * aes.BlockSize / keystreamChunk * keystreamChunk
	var s keystream // opened again for each key
	for seed := range uint64(20) {
		key := KeyFromSeed(seed)
		blocks, err := aes.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, size)
		cipher.NewCTR(blocks, make([]byte, aes.BlockSize)).XORKeyStream(want, want)
		s.open(key)
		got, step := make([]byte, size), 1
		for at := 0; at < size; step = step%7 + 1 {
			end := min(at+step*keystreamChunk, size)
			s.fill(got[at:end])
			at = end
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("seed %d: other bytes", seed)
		}
	}
}

// The last round key of AES-256 under the key of FIPS 197, appendix A.3.
func TestKeySchedule(t *testing.T) {
	if !vectorAES() {
		t.Log("this processor has no key schedule of ours")
		return
	}
	key := [32]byte{0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
		0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4}
	var s keystream
	s.open(key)
	want := []byte{0xfe, 0x48, 0x90, 0xd1, 0xe6, 0x18, 0x8d, 0x0b, 0x04, 0x6d, 0xf3, 0x44, 0x70, 0x6c, 0x63, 0x1e}
	if got := s.keys[14*16:]; !bytes.Equal(got, want) {
		t.Errorf("last round key %x, want %x", got, want)
	}
}
