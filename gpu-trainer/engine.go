package trainer

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/blas"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// BFloat16 is the precision of float32 whose matrix products, forward and backward, round their factors to bfloat16
// and add in float32: faster than float32 where the processor's instruction for it is. Weights, activations, norms,
// clipped sums and the optimiser stay in float32: what is released is bounded as ever.
const BFloat16 = "bfloat16"

// Float16 is the precision of OpenCL devices that compute in float32 and keep matrices and tables that are not trained
// in IEEE 754 binary16: half of their memory, and eight times closer to float32 than bfloat16's are.
const Float16 = "float16"

// EngineOptions say how an Engine computes; none of them changes what is private. The zero value is the default.
type EngineOptions struct {
	Precision string `json:"precision,omitempty"`  // float32 (default), float64, bfloat16 (see BFloat16) or float16 (see Float16)
	Device    string `json:"device,omitempty"`     // cpu (default), opencl, or opencl:N for device N of opencl.Devices
	Threads   int    `json:"threads,omitempty"`    // [all that the Go runtime may use]
	MaxTokens int    `json:"max_tokens,omitempty"` // most tokens of one physical batch [4096]
	Dropout   bool   `json:"dropout,omitempty"`    // train with the hidden dropout of the model's configuration
	BLAS      string `json:"blas,omitempty"`       // builtin (default), or whose matrix products to use: openblas or onednn, see package blas
	Cache     string `json:"cache,omitempty"`      // folder that keeps what a frozen prefix yields, for this run and others [none]

	DeviceMemory   int64  `json:"device_memory,omitempty"`   // most bytes to take of an OpenCL device's memory [what it has]
	DeviceProducts string `json:"device_products,omitempty"` // tiles or strips: how an OpenCL device multiplies [what suits it]

	DeviceTuning opencl.Tuning `json:"-"` // how an OpenCL device finds its fastest products; no bit of a result depends on it
}

// An Engine computes clipped sums of per-example gradients, plain gradients and logits of one model under one method,
// and steps the optimiser. A lot is BeginLot, any number of Accumulate (or AccumulateGradient) calls with its
// physical batches, then Step.
//
// The sums are integers: they are identical to the bit for any number of threads, physical batch size, packing and
// order. An Engine is used by one goroutine at a time.
type Engine struct {
	core   engineCore
	failed error // of a device, met where no error could be returned
}

// engineCore is an Engine of one floating-point type.
type engineCore interface {
	released() []Parameter
	trained() []Parameter
	beginLot(seed uint64) error
	accumulate(b *model.Batch, c dp.Clip) (BatchStats, error)
	accumulateGradient(b *model.Batch) (BatchStats, error)
	sum() ([]int64, error)
	touched() ([]bool, error)
	add(change func([]int64)) error
	step(u Update) error
	logits(b *model.Batch, out []float64) error
	hidden(b *model.Batch, layer int, out []float64) error
	prefix(b *model.Batch, out []float32) error
	state() ([]StateTensor, error)
	restore(state []StateTensor) error
	export() (*model.Model, error)
	notes() []string
	memory() int
	unit() string
	close() error
}

// A Parameter is one tensor of a flat vector.
type Parameter struct {
	Name         string
	Shape        []int
	Offset, Size int // its numbers are vector[Offset : Offset+Size]
}

// BatchStats tells what one backward pass saw, one number an example in the batch's order. The slices are the engine's
// and hold until its next call.
type BatchStats struct {
	Loss      []float64 // cross entropy
	Norm      []float64 // norm of the gradient before clipping, over all that is released; nil for plain gradients
	Factor    []float64 // what the gradient was multiplied by (per-layer clipping: the smallest of the groups); nil for plain gradients
	Correct   int       // examples whose largest logit is the label's
	NonFinite int       // examples left out because their gradient was not finite
}

// An Update turns the sums of a lot into a step: G = (Sum + Noise)·(Quantum/Divisor), or G = gradient/Divisor where
// Quantum is 0.
type Update struct {
	// Noise opens the noise of the released numbers from, from+1, ...: add adds that of the next len(sums) of them to
	// their sums, on the integer grid; nil adds none. It is called, by several threads, for blocks that cover the
	// vector once, from being a multiple of dp.NoiseBlock, and add for whole dp.NoiseChunks but at the vector's end:
	// dp.Noise.From is made for it.
	Noise        func(from int) (add func(sums []int64))
	KeepSums     bool    // leave the sums with their noise, for Sum; else a step may use them up
	Quantum      float64 // spacing of the grid; 0: the lot's plain gradient
	Divisor      float64 // the public expected lot size, whatever the lot's real size
	LearningRate float64
	K            int // number of this step, from 1
	Optimizer    dp.Optimizer
}

// StateTensor is one tensor of an engine's state, in the precision that it is kept in: one of the slices is nil.
type StateTensor struct {
	Name    string // weight/NAME, first/NAME or second/NAME (the optimiser's moments)
	Shape   []int
	Float32 []float32
	Float64 []float64
}

// NewEngine prepares a model for training by a method. The model is copied; what the method adds is taken from it, or
// drawn from method.Seed where the model has none.
func NewEngine(m *model.Model, method model.Method, o EngineOptions) (*Engine, error) {
	if err := o.normalise(); err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if err := method.Validate(m.Config); err != nil {
		return nil, err
	}
	var core engineCore
	var err error
	if o.Precision == "float64" {
		core, err = newCore[float64](m, method, o)
	} else {
		core, err = newCore[float32](m, method, o)
	}
	if err != nil {
		return nil, err
	}
	return &Engine{core: core}, nil
}

func (o *EngineOptions) normalise() error {
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = 4096
	}
	switch {
	case !slices.Contains([]string{"", "float32", "float64", BFloat16, Float16}, o.Precision):
		return fmt.Errorf("precision %q: must be float32, float64, %s or %s", o.Precision, BFloat16, Float16)
	case o.Precision == Float16 && (o.Device == "" || o.Device == "cpu"):
		return fmt.Errorf("precision %s: only on an OpenCL device; on the cpu take float32 or %s", Float16, BFloat16)
	case o.BLAS != "" && o.BLAS != blas.Builtin && (o.Precision != "" && o.Precision != "float32" || o.Device != "" && o.Device != "cpu"):
		return fmt.Errorf("blas %s: only for float32 on device cpu", o.BLAS)
	case o.Threads < 1:
		return fmt.Errorf("threads %d: must be at least 1", o.Threads)
	case o.MaxTokens < 1:
		return fmt.Errorf("max tokens %d: must be at least 1", o.MaxTokens)
	case o.DeviceMemory < 0:
		return fmt.Errorf("device memory %d: must be at least 0", o.DeviceMemory)
	}
	return nil
}

// ChooseBLAS times the matrix products of a model's layers, the built-in ones and those of the libraries that the
// system has, and names the ones to use. What it finds may differ from one moment to the next, and with it the last
// bits of a run: keep its answer with the run.
func ChooseBLAS(c model.Config, threads int, now func() time.Time) string {
	const tokens = 1024
	return blas.Choose(tokens, c.HiddenSize, c.IntermediateSize, threads, now)
}

// Released lists the vector that is clipped, summed and noised, in canonical order with flat offsets: the trained
// weights, except for RGP, whose carriers stand in for the encoder's matrices.
func (e *Engine) Released() []Parameter { return e.core.released() }

// Trained lists the weights that the optimiser steps.
func (e *Engine) Trained() []Parameter { return e.core.trained() }

// Dim is the number of numbers in the released vector.
func (e *Engine) Dim() int { return size(e.Released()) }

func size(parameters []Parameter) int {
	if len(parameters) == 0 {
		return 0
	}
	last := parameters[len(parameters)-1]
	return last.Offset + last.Size
}

// BeginLot zeroes the sums. The seed draws what a lot needs beside the data: RGP's carriers and the dropout masks. It
// must not be reused between lots, need not be secret, and must have nothing to do with the noise.
func (e *Engine) BeginLot(seed uint64) error { return e.core.beginLot(seed) }

// Accumulate runs one backward pass over a batch and adds round(f g/quantum) of every example to the integer sums, f
// being the clip's factor of the norm of the example's gradient g. An example whose gradient is not finite adds
// nothing. An empty batch is legal.
func (e *Engine) Accumulate(b *model.Batch, c dp.Clip) (BatchStats, error) {
	return e.core.accumulate(b, c)
}

// AccumulateGradient runs one backward pass over a batch and adds the gradient of the summed loss: training without
// privacy.
func (e *Engine) AccumulateGradient(b *model.Batch) (BatchStats, error) {
	return e.core.accumulateGradient(b)
}

// Sum is the lot's integer sums so far, [Dim], and after a Step with KeepSums what that released. The slice is the
// engine's. A device that fails to hand them over is an error of the next Step too, which then steps nothing.
func (e *Engine) Sum() []int64 {
	sums, err := e.core.sum()
	if err != nil {
		e.failed = err
	}
	return sums
}

// Touched tells of every released tensor whether one of its sums is not zero. Unlike Sum it takes no memory.
func (e *Engine) Touched() []bool {
	touched, err := e.core.touched()
	if err != nil {
		e.failed, touched = err, make([]bool, len(e.Released()))
	}
	return touched
}

// Add lets change add integers to the lot's sums, such as an audit's canaries; noise is the update's. What change is
// given has [Dim] numbers: the sums themselves, or on a device zeros, which are then added where the sums are. So it
// must add and not read.
func (e *Engine) Add(change func(sums []int64)) error { return e.core.add(change) }

// Step makes one step of the optimiser on the trained weights.
func (e *Engine) Step(u Update) error {
	if e.failed != nil {
		return e.failed
	}
	return e.core.step(u)
}

// Logits computes the logits of a batch, without dropout, into out [examples·labels]. Labels of the batch are not read.
func (e *Engine) Logits(b *model.Batch, out []float64) error { return e.core.logits(b, out) }

// Hidden computes hidden states of a batch, without dropout, into out [tokens·hidden]: layer 0 is the embeddings'
// output, layer i that of layer i.
func (e *Engine) Hidden(b *model.Batch, layer int, out []float64) error {
	return e.core.hidden(b, layer, out)
}

// Prefix computes what the method's frozen prefix yields for a batch (model.Config.Boundary) into out,
// [tokens·hidden] or, behind the pooling, [examples·hidden]. A batch with these Activations then gives the same bits
// as one with ids. The engine must be of float32 or bfloat16.
func (e *Engine) Prefix(b *model.Batch, out []float32) error { return e.core.prefix(b, out) }

// State is all that a resumed run needs: trained weights and the optimiser's moments, to the bit. The slices are the
// engine's. A device that fails to hand them over is an error of the next Step too, which then steps nothing.
func (e *Engine) State() []StateTensor {
	state, err := e.core.state()
	if err != nil {
		e.failed = err
	}
	return state
}

// Restore puts back what State gave.
func (e *Engine) Restore(state []StateTensor) error { return e.core.restore(state) }

// Export copies the model with its trained weights, under Hugging Face names; what a method added stands beside them
// (see model.Merge).
func (e *Engine) Export() (*model.Model, error) { return e.core.export() }

// Memory is the number of bytes that the largest of the engine's programs keeps for activations and gradients.
func (e *Engine) Memory() int { return e.core.memory() }

// Notes tell the user what the engine had to do otherwise than it was told: nothing, unless a device ran out of memory.
func (e *Engine) Notes() []string { return e.core.notes() }

// Close stops the engine's threads.
func (e *Engine) Close() error { return e.core.close() }
