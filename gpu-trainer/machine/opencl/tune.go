package opencl

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
)

// Tuning is how a device finds its fastest variant of products. The zero value does not search and takes the plain
// variant.
type Tuning struct {
	Now    func() time.Time // the clock of the search
	Folder string           // where the result is kept, a file for each device, driver and version of the kernels; "": nowhere
}

// tuned is what the folder keeps.
type tuned struct {
	Device  string  `json:"device"`
	Driver  string  `json:"driver"`
	Kernels string  `json:"kernels"` // hash of the source
	Chosen  variant `json:"chosen"`
	GFLOPS  float64 `json:"gflops"` // of the chosen variant on the products that were timed
}

// variants are those that the search times: of tiles for GPUs, of strips for CPUs. The first is the one that needs no
// search.
func variants(tiles bool) []variant {
	plain := plainVariant(tiles)
	list := []variant{plain}
	if tiles {
		for _, s := range [][5]int{{32, 32, 16, 2, 4}, {64, 64, 32, 4, 4}, {64, 64, 16, 8, 4}, {128, 64, 16, 8, 4}, {128, 128, 8, 8, 8}} {
			v := plain
			v.TileM, v.TileN, v.Depth, v.EachM, v.EachN = s[0], s[1], s[2], s[3], s[4]
			list = append(list, v)
		}
		return list
	}
	for _, s := range [][3]int{{4, 1, 8}, {4, 2, 8}, {6, 2, 8}} {
		v := plain
		v.Down, v.Across, v.Together = s[0], s[1], s[2]
		list = append(list, v)
	}
	return list
}

// tune replaces the plain variant by the one that the folder holds for this device, or by the fastest.
func (b *Backend) tune() error {
	t := b.options.Tuning
	if t.Now == nil {
		return nil
	}
	known := tuned{Device: b.Device.Name, Driver: b.Device.Driver, Kernels: fmt.Sprintf("%x", sha256.Sum256([]byte(productSource)))}
	file := known.file(t.Folder, b.chosen.Tiles)
	if found, ok := known.read(file); ok && found.Chosen.Tiles == b.chosen.Tiles {
		b.chosen = found.Chosen
		return nil
	}
	err := b.search(&known, t.Now)
	b.panels.Release() // training may need less
	b.rounded.Release()
	if errors.Is(err, machine.ErrMemory) {
		return nil // there may be enough for training with the plain variant
	}
	if err != nil {
		return err
	}
	b.chosen = known.Chosen
	if t.Folder != "" {
		known.write(file) // a folder that cannot be written costs the next run a search, nothing else
	}
	return nil
}

// file is named after all that the choice depends on.
func (t tuned) file(folder string, tiles bool) string {
	name := sha256.Sum256(fmt.Append(nil, t.Device, "\n", t.Driver, "\n", t.Kernels, "\n", tiles))
	return filepath.Join(folder, fmt.Sprintf("products-%x.json", name[:8]))
}

func (t tuned) read(file string) (found tuned, ok bool) {
	data, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(data, &found) != nil {
		return found, false
	}
	return found, found.Device == t.Device && found.Driver == t.Driver && found.Kernels == t.Kernels && found.Chosen.valid()
}

// valid guards against a file that was edited: a variant that nobody lists is not run.
func (v variant) valid() bool {
	for _, known := range variants(v.Tiles) {
		if v == known {
			return true
		}
	}
	return false
}

func (t tuned) write(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), "products-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(append(data, '\n')); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}

// timedProducts are the layer's products of a small and a base encoder: forward and backward.
var timedProducts = []product{
	{1024, 256, 256, 256, 1, 1, 256}, {1024, 1024, 256, 256, 1, 1, 256}, {1024, 256, 1024, 1024, 1, 256, 1}, {512, 768, 768, 768, 1, 1, 768},
}

// search times every variant that the device can run. Without memory for one of them there is no answer.
func (b *Backend) search(known *tuned, now func() time.Time) error {
	operands, free, err := b.operands()
	defer free()
	if err != nil {
		return err
	}
	for _, v := range variants(b.chosen.Tiles) {
		if !v.fits(b.Device) {
			continue
		}
		gflops, failed := b.time(v, factors{}, operands, now)
		if errors.Is(failed, machine.ErrMemory) {
			return failed
		}
		if failed != nil {
			err = failed
			continue
		}
		if gflops > known.GFLOPS {
			known.Chosen, known.GFLOPS = v, gflops
		}
	}
	if known.GFLOPS == 0 {
		return err
	}
	return nil
}

// operands are buffers for both factors and the result of the timed products, and what gives them back.
func (b *Backend) operands() (operands [3]*Buffer, free func(), err error) {
	for i := range operands {
		operands[i] = b.buffer(4)
		if err == nil {
			err = operands[i].Write(make([]float32, 1024*1024))
		}
	}
	return operands, func() {
		for _, m := range operands {
			m.Release()
		}
	}, err
}

// time is how fast a variant runs the timed products: billions of operations a second, the best of a few rounds.
func (b *Backend) time(v variant, f factors, operands [3]*Buffer, now func() time.Time) (float64, error) {
	c := &call{Backend: b}
	multiply := c.bindFor(v, f)
	if c.err != nil {
		return 0, c.err
	}
	operations := 0.0
	for _, p := range timedProducts {
		operations += 2 * float64(p.m) * float64(p.n) * float64(p.depth)
		for m, n := range map[*Buffer]int{b.panels: v.panels(p), b.rounded: p.m * p.depth} {
			if err := m.Grow(n); err != nil {
				return 0, err
			}
		}
	}
	value := func(i int) *machine.Value { return &machine.Value{Buffer: operands[i]} }
	best := 0.0
	const rounds = 4 // the first compiles and warms up
	for range rounds {
		start := now()
		for _, p := range timedProducts {
			if err := multiply(value(0), value(1), nil, value(2), p, 0); err != nil {
				return 0, err
			}
		}
		if err := check("clFinish", b.lib.finish(b.queue)); err != nil {
			return 0, err
		}
		best = max(best, operations/now().Sub(start).Seconds()/1e9)
	}
	return best, nil
}
