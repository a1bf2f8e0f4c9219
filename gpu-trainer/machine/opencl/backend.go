package opencl

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"unsafe"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
)

// Sources of the programs: kernels.cl with attention.cl and update.cl, which use what it defines, product.cl once for
// each way to compute products, and mma.cl.
var (
	//go:embed kernels.cl
	kernelsSource string
	//go:embed attention.cl
	attentionSource string
	//go:embed update.cl
	updateSource string
	//go:embed product.cl
	productSource string
	//go:embed mma.cl
	mmaSource string
)

// Options say how a Backend uses its device. The zero value is the default.
type Options struct {
	Memory    int64     // most bytes of the device's memory that buffers may take; 0: as many as it gives
	Precision Precision // of products and of frozen matrices
	Tuning    Tuning    // how the fastest variant of products is found
	Products  string    // how products are computed: "tiles" in local memory, "strips" in vector registers, or "" for what suits the device
}

// A Backend runs float32 graphs on one device, in one queue, and keeps what training needs between them (see Step).
type Backend struct {
	Device   Device
	options  Options
	lib      *library
	context  uintptr
	queue    uintptr
	base     *program
	programs map[string]*program // by source and options
	chosen   variant
	cores    tensorCores // products on tensor cores, if they run there
	kernels  []*kernel
	single   map[string]*kernel // kernels that whole tensors share
	buffers  []*Buffer
	used     int64 // bytes of all buffers
	rooms    []room
	feed     feed
	scratch  *Buffer // of attention's backward pass
	panels   *Buffer // the packed right operand of a product
	rounded  *Buffer // the rounded left operand of a product
	totals   *Buffer // squared norms over several groups

	multiply multiplier // of calls outside of graphs
	traffic  Traffic
	notes    []string
}

// A room is a buffer that operations share and what one of them needs of it in the run at hand. It grows before the
// run begins, so that nothing can lack memory once sums have changed.
type room struct {
	buffer *Buffer
	need   func() int
}

// New opens a device and compiles the kernels for it.
func New(d Device, o Options) (*Backend, error) {
	if err := d.Usable(); err != nil {
		return nil, err
	}
	lib, err := load()
	if err != nil {
		return nil, err
	}
	b := &Backend{Device: d, options: o, lib: lib, single: map[string]*kernel{}, programs: map[string]*program{}}
	if err := b.open(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// open makes everything that a backend has from the start.
func (b *Backend) open() error {
	switch b.options.Products {
	case "", "tiles", "strips":
		b.chosen = plainVariant(b.options.Products == "tiles" || b.options.Products == "" && b.Device.GPU && plainVariant(true).fits(b.Device))
	default:
		return fmt.Errorf("products %q: must be tiles or strips", b.options.Products)
	}
	var status int32
	if b.context = b.lib.createContext(nil, 1, &b.Device.id, 0, 0, &status); status != 0 {
		return failure("clCreateContext", status)
	}
	if b.queue = b.lib.createCommandQueue(b.context, b.Device.id, 0, &status); status != 0 {
		return failure("clCreateCommandQueue", status)
	}
	if b.base = b.program(kernelsSource+attentionSource+updateSource, ""); b.base.err != nil {
		return b.base.err
	}
	b.scratch, b.panels, b.rounded, b.totals = b.buffer(4), b.buffer(4), b.buffer(4), b.buffer(8)
	if err := b.tune(); err != nil {
		return err
	}
	if b.options.Precision == BFloat16 && b.Device.TensorCores {
		b.useTensorCores(mmaSource, "")
	}
	return nil
}

// A program is compiled kernels, or why there are none.
type program struct {
	handle uintptr
	err    error
}

// program compiles a source with options, once.
func (b *Backend) program(source, options string) *program {
	p := b.programs[source+options]
	if p == nil {
		p = &program{}
		p.handle, p.err = b.build(source, options)
		b.programs[source+options] = p
	}
	return p
}

func (b *Backend) build(source, options string) (uintptr, error) {
	text, flags := append([]byte(source), 0), append([]byte(options), 0)
	first := &text[0]
	var status int32
	handle := b.lib.createProgramWithSource(b.context, 1, &first, nil, &status)
	if status != 0 {
		return 0, failure("clCreateProgramWithSource", status)
	}
	if status = b.lib.buildProgram(handle, 1, &b.Device.id, &flags[0], 0, 0); status != 0 {
		log := query(func(size uintptr, value unsafe.Pointer, needed *uintptr) int32 {
			return b.lib.getProgramBuildInfo(handle, b.Device.id, programBuildLog, size, value, needed)
		})
		return handle, fmt.Errorf("OpenCL: kernels do not compile on %s: %s", b.Device.Name, log)
	}
	return handle, nil
}

// Close gives back everything on the device.
func (b *Backend) Close() error {
	var err error
	if b.queue != 0 {
		err = check("clFinish", b.lib.finish(b.queue))
	}
	for _, k := range b.kernels {
		b.lib.releaseKernel(k.handle)
	}
	b.feed.release()
	for _, m := range b.buffers {
		m.Release()
	}
	for _, p := range b.programs {
		if p.handle != 0 {
			b.lib.releaseProgram(p.handle)
		}
	}
	if b.queue != 0 {
		b.lib.releaseCommandQueue(b.queue)
	}
	if b.context != 0 {
		b.lib.releaseContext(b.context)
	}
	return err
}

// Unit names the code that the backend runs: results of one unit have the same bits, those of two may differ in the
// last.
func (b *Backend) Unit() string {
	name := fmt.Sprintf("opencl %s, driver %s, ", b.Device.Name, b.Device.Driver)
	if b.chosen.Tiles { // attention too
		name += "tiles"
	} else {
		name += "strips"
	}
	name += b.options.Precision.suffix()
	if b.cores != nil {
		name += "+tensor cores"
	}
	return name
}

// Notes tell what the backend does otherwise than the device promised.
func (b *Backend) Notes() []string { return b.notes }

// Kernels lists the kernels of every device; mma.cl has one more.
func Kernels() []string {
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^__kernel void (\w+)`).FindAllStringSubmatch(kernelsSource+attentionSource+updateSource+productSource, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return names
}

// Launched lists the kernels that have run.
func (b *Backend) Launched() []string {
	names := map[string]bool{}
	for _, k := range b.kernels {
		if k.ran {
			names[k.name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Prepare binds an operation to its kernels.
func (b *Backend) Prepare(kernel string, at ops.Attributes, in, out []*machine.Value) (machine.Run, error) {
	bind, ok := table[kernel]
	if !ok {
		return nil, fmt.Errorf("kernel %s: the opencl backend has none of that name", kernel)
	}
	c := &call{Backend: b, Attributes: at, in: in, out: out}
	run := bind(c)
	return run, c.err
}

// reserve makes sure that a shared buffer has room for an operation when it runs.
func (b *Backend) reserve(buffer *Buffer, need func() int) {
	b.rooms = append(b.rooms, room{buffer, need})
}
