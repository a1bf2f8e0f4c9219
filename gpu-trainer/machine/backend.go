package machine

import (
	"errors"
	"math"

	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/tensor"
)

// A Backend runs kernels on one device.
type Backend interface {
	// Prepare returns the function that runs one operation on the given values: in its inputs, out what it yields. An
	// unknown kernel is an error that names it. Where the operation accumulates, out[0] already holds in[0] when the
	// function runs. A spare output that nobody reads has no buffer.
	Prepare(kernel string, at ops.Attributes, in, out []*Value) (Run, error)
	// Begin is called before the operations of a run, when its feed is known.
	Begin(f *Feed) error
	// NewBuffer makes an empty buffer for numbers of the given type.
	NewBuffer(dtype tensor.Dtype) (Buffer, error)
	// Close gives back what the backend holds. Programs of a closed backend must not run.
	Close() error
}

// Run executes one prepared operation on the rows that the feed brings.
type Run func(*Feed) error

// ErrMemory is wrapped by the errors of a device that has no room for what it was asked to hold or run.
var ErrMemory = errors.New("out of device memory")

// A Buffer is device memory for numbers of one type.
type Buffer interface {
	// Grow makes room for at least n numbers. It may lose what the buffer held. A device without room gives ErrMemory.
	Grow(n int) error
	// Release gives the memory back. The buffer is then empty and can grow again.
	Release()
	// Read copies the first numbers to dst, a []float32, []float64 or []int64 of the buffer's type.
	Read(dst any) error
	// Write copies all of src, a slice like Read's, to the front of the buffer, which grows if need be.
	Write(src any) error
}

// A Value is what one operation yields or one input holds: a buffer and how much of it is in use.
type Value struct {
	Rows   ops.Rows
	Width  int // numbers a row; Fixed: numbers in all
	DType  tensor.Dtype
	Buffer Buffer
	N      int // numbers present in this run
	spare  bool
}

// A Feed is what one run brings: a packed batch, and the numbers that the private operations need.
type Feed struct {
	Columns        [3][]int32                        // by ops.Column, each [tokens]
	Offsets        []int32                           // [examples+1]
	Labels         []int32                           // [examples]
	Activations    []float32                         // [tokens or examples, width]; for graphs that begin with Builder.Activations, which read no columns
	RowIDs         []int64                           // [examples]
	Factor         func(norm, bound float64) float64 // what clip multiplies a gradient of this norm by, which is certainly at most bound, for one group
	Clip           Clip                              // Factor for devices that cannot call it
	InverseQuantum float64                           // 1/quantum of the integer grid
	DropoutKey     uint64                            // keys every mask of this run
	identity       []int32                           // 0, 1, ..., examples
	pairs          int
}

// A Clip is the rule of operation clip in numbers: the factor of a norm is Norm/(norm + Gamma), at most 1 where Gamma
// is 0; where factor times bound exceeds Most, it is Most/bound instead.
type Clip struct{ Norm, Gamma, Most float64 }

// Examples is the number of examples in the batch.
func (f *Feed) Examples() int { return len(f.Labels) }

// Count is the number of rows of the given kind in the batch.
func (f *Feed) Count(r ops.Rows) int {
	switch r {
	case ops.Tokens:
		return int(f.Offsets[f.Examples()])
	case ops.Examples:
		return len(f.Labels)
	case ops.Pairs:
		return f.pairs
	}
	return 1
}

// OffsetsOf gives the rows of each example: its tokens, or the one row that it has where rows are examples.
func (f *Feed) OffsetsOf(r ops.Rows) []int32 {
	if r == ops.Examples {
		return f.identity
	}
	return f.Offsets
}

// prepare derives what Count and OffsetsOf answer from.
func (f *Feed) prepare() {
	for len(f.identity) <= f.Examples() {
		f.identity = append(f.identity, int32(len(f.identity)))
	}
	f.identity = f.identity[:f.Examples()+1]
	f.pairs = 0
	for i := range f.Examples() {
		length := int(f.Offsets[i+1] - f.Offsets[i])
		f.pairs += length * length
	}
}

// Factors computes what operation clip yields: factors[g][i] multiplies the gradient of example i in group g.
// squares[g] holds the squared norms of all examples and then their bounds, as the norm operations leave them. An
// example with a norm or bound that is not finite gets 0 in every group.
func Factors(f *Feed, squares, factors [][]float64) {
	n := f.Examples()
	for i := range n {
		total := 0.0
		for _, s := range squares {
			total += s[i] + s[n+i]
		}
		finite := !math.IsNaN(total) && !math.IsInf(total, 0)
		for g, s := range squares {
			factors[g][i] = 0
			if finite {
				factors[g][i] = f.Factor(math.Sqrt(s[i]), math.Sqrt(s[n+i]))
			}
		}
	}
}

// DropoutKey spreads a run's key and a site over the 64 bits of a Philox key (the finaliser of SplitMix64).
func DropoutKey(key, site uint64) [2]uint32 {
	z := key + 0x9e3779b97f4a7c15*(site+1)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return [2]uint32{uint32(z), uint32(z >> 32)}
}

// DropoutThreshold is the 16-bit draw below which a number is zeroed, and the factor of the others, for a rate in [0,
// 1). The rate that runs is threshold/2¹⁶, at most 2⁻¹⁷ off (.1 is .100006), and the factor is its own, so the mean
// is kept exactly.
func DropoutThreshold(rate float64) (threshold uint32, scale float64) {
	threshold = min(uint32(math.Round(rate*(1<<16))), 1<<16-1)
	return threshold, 1 / (1 - float64(threshold)/(1<<16))
}
