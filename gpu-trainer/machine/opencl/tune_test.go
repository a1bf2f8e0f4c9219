package opencl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock is one on which the search's round number fast takes a millisecond and every other a second.
func clock(fast int) (now func() time.Time, calls *int) {
	calls = new(int)
	at := time.Unix(0, 0)
	return func() time.Time {
		step := time.Second
		if *calls/2 == fast {
			step = time.Millisecond
		}
		if *calls%2 == 1 {
			at = at.Add(step)
		}
		*calls++
		return at
	}, calls
}

// The search takes the fastest variant, keeps it for the next time, and does not trust a file for other kernels or
// with a variant of its own.
func TestSearchIsKept(t *testing.T) {
	folder := t.TempDir()
	const rounds = 4
	opened := func(fast int) (*Backend, int) {
		now, calls := clock(fast)
		b := openWith(t, Options{Tuning: Tuning{Now: now, Folder: folder}})
		return b, *calls
	}
	all := variants(false)
	b, calls := opened(2*rounds + 1)
	if b.chosen != all[2] || calls != len(all)*rounds*2 {
		t.Errorf("chose %+v after %d looks at the clock: want %+v after %d", b.chosen, calls, all[2], len(all)*rounds*2)
	}
	if b, calls = opened(0); b.chosen != all[2] || calls != 0 {
		t.Errorf("the second time: %+v after %d looks at the clock: want %+v after none", b.chosen, calls, all[2])
	}
	files, err := filepath.Glob(filepath.Join(folder, "products-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v: want one", files, err)
	}
	for _, edit := range []string{`{"device":"` + b.Device.Name + `","kernels":"0","chosen":{"Down":4}}`, `not JSON`, ``} {
		fatal(t, os.WriteFile(files[0], []byte(edit), 0o644))
		if b, calls = opened(rounds); b.chosen != all[1] || calls == 0 {
			t.Errorf("with the file %q: %+v after %d looks at the clock: want a search", edit, b.chosen, calls)
		}
	}
	// A folder that cannot be written costs a search each time and no error.
	now, _ := clock(0)
	openWith(t, Options{Tuning: Tuning{Now: now, Folder: filepath.Join(files[0], "below-a-file")}})
}

// A search that finds no memory for its products leaves the plain variant, keeps nothing in the folder, and holds no
// memory that training could use; neither does one that finds an answer.
func TestSearchLeavesMemory(t *testing.T) {
	for _, limit := range []int64{100e3, 6e6, 14e6, 0} {
		folder := t.TempDir()
		now, _ := clock(0)
		b := openWith(t, Options{Memory: limit, Tuning: Tuning{Now: now, Folder: folder}})
		if b.used > 4096 {
			t.Errorf("limit %d: %d bytes are held", limit, b.used)
		}
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		fatal(t, err)
		if kept := len(files) > 0; b.chosen != plainVariant(false) || kept != (limit == 0) {
			t.Errorf("limit %d: chose %+v, kept %v", limit, b.chosen, files)
		}
	}
}

// Variants that a device has no room for are not run: the search passes over them, and a GPU without room for tiles
// gets strips. A device that cannot run the kernels' groups is refused in words.
func TestVariantsFitTheDevice(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		group int
		local int64
		fit   int // of the variants of tiles
	}{{1024, 48 << 10, 6}, {256, 48 << 10, 6}, {128, 48 << 10, 2}, {256, 8 << 10, 4}, {64, 1 << 10, 0}} {
		d := b.Device
		d.WorkGroup, d.LocalBytes, d.GPU = c.group, c.local, true
		fit := 0
		for _, v := range variants(true) {
			if v.fits(d) {
				fit++
			}
		}
		if fit != c.fit {
			t.Errorf("groups of %d, %d bytes: %d variants fit, want %d", c.group, c.local, fit, c.fit)
		}
		gpu, err := New(d, Options{})
		fatal(t, err)
		if want := plainVariant(true).fits(d); gpu.chosen.Tiles != want {
			t.Errorf("groups of %d, %d bytes: tiles %v, want %v", c.group, c.local, gpu.chosen.Tiles, want)
		}
		fatal(t, gpu.Close())
	}
	d := b.Device
	d.WorkGroup = 32
	if _, err := New(d, Options{}); err == nil || !strings.Contains(err.Error(), "work-groups of at most 32, of which kernels need 64") {
		t.Error(err)
	}
}

// A device can be measured, and what is measured is there.
func TestMeasure(t *testing.T) {
	b := openWith(t, Options{})
	m, err := Measure(b.Device, Tuning{Now: time.Now})
	fatal(t, err)
	if !(m.GEMM > 0 && m.GEMMBFloat16 > 0 && m.Launch > 0 && m.RoundTrip > m.Launch) || m.Products == "" || m.Chosen == "" {
		t.Errorf("measured %+v", m)
	}
}
