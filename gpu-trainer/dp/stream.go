package dp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Key is the secret from which every random bit of a run follows. Who knows it can subtract the noise.
type Key [32]byte

// Domain separates the uses of one key: no bit serves two of them.
type Domain string

// The uses of a run's key.
const (
	DomainSampling Domain = "sampling" // which rows make a lot
	DomainNoise    Domain = "noise"    // the Gaussian noise on the sum; "noise more" for the numbers that need more bits
	DomainCount    Domain = "count"    // the noise on the count of unclipped examples
	DomainLot      Domain = "lot"      // what a lot needs beside its rows: RGP's carriers, dropout masks
	DomainCanaries Domain = "canaries" // the audit's coins and canaries
	DomainCheck    Domain = "check"    // the sampler's test of itself
)

// NewKey draws a key from the operating system.
func NewKey() (Key, error) {
	var k Key
	if _, err := rand.Read(k[:]); err != nil {
		return k, fmt.Errorf("random key: %w", err)
	}
	return k, nil
}

// KeyFromSeed makes the run repeatable and, the seed being known, its noise removable: such a run has no privacy.
func KeyFromSeed(seed uint64) Key {
	return sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("ewtune key from seed v1"), seed))
}

// derive is HMAC-SHA-256 of (domain, step, block) under k: independent keys, as far as HMAC-SHA-256 is a
// pseudo-random function.
func (k Key) derive(domain Domain, step, block uint64) [32]byte {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte(domain))
	mac.Write([]byte{0})
	mac.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, step), block))
	return [32]byte(mac.Sum(nil))
}

// Seed gives 64 bits for a use that needs no more: they tell nothing of other uses or steps.
func (k Key) Seed(domain Domain, step uint64) uint64 {
	derived := k.derive(domain, step, 0)
	return binary.LittleEndian.Uint64(derived[:])
}

// Stream opens the random bits of one use at one step. The same arguments give the same bits: a step that is done again
// after a crash draws the same lot and the same noise.
func (k Key) Stream(domain Domain, step, block uint64) *Stream {
	s := new(Stream)
	s.open(k, domain, step, block)
	return s
}

// open begins a stream anew in the memory of s.
func (s *Stream) open(k Key, domain Domain, step, block uint64) {
	s.ctr, s.used = k.cipher(domain, step, block), streamBuffer
}

// cipher is AES-256 in counter mode under a derived key, from 0.
func (k Key) cipher(domain Domain, step, block uint64) cipher.Stream {
	derived := k.derive(domain, step, block)
	blocks, err := aes.NewCipher(derived[:])
	if err != nil {
		panic(err) // a 32-byte key is always accepted
	}
	return cipher.NewCTR(blocks, make([]byte, aes.BlockSize))
}

const streamBuffer = 4096 // bytes made at once

// Stream is AES-256 in counter mode. A stream of 2ⁿ blocks of 16 bytes is told from random bits with advantage at
// most 2^(2n-129) beyond that of breaking AES: 2⁻⁹⁷ for the 2¹⁶ of one block of noise.
type Stream struct {
	ctr    cipher.Stream
	used   int
	buffer [streamBuffer]byte
}

func (s *Stream) refill() {
	clear(s.buffer[:])
	s.ctr.XORKeyStream(s.buffer[:], s.buffer[:])
	s.used = 0
}

// Uint64 returns the next 64 bits.
func (s *Stream) Uint64() uint64 {
	if s.used+8 > streamBuffer {
		s.refill()
	}
	v := binary.LittleEndian.Uint64(s.buffer[s.used:])
	s.used += 8
	return v
}

// Byte returns the next 8 bits.
func (s *Stream) Byte() byte {
	if s.used == streamBuffer {
		s.refill()
	}
	v := s.buffer[s.used]
	s.used++
	return v
}

// Below returns an exactly uniform integer in [0, n): words are cut to n's length and drawn again while they are too
// large.
func (s *Stream) Below(n uint64) uint64 {
	mask := ^uint64(0) >> bits.LeadingZeros64(n-1)
	for {
		if v := s.Uint64() & mask; v < n {
			return v
		}
	}
}
