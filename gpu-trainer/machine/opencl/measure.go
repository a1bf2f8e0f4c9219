package opencl

import "time"

// A Measurement is what a device does in training, as a clock saw it.
type Measurement struct {
	GEMM         float64 `json:"gemm_gflops"`          // float32 products of an encoder's layers, with packing
	GEMMBFloat16 float64 `json:"gemm_bfloat16_gflops"` // factors rounded to bfloat16, on tensor cores where there are some
	Launch       float64 `json:"launch_us"`            // of a kernel that does next to nothing, one of many
	RoundTrip    float64 `json:"round_trip_us"`        // a launch that is waited for, with a number read
	Products     string  `json:"products"`             // tiles or strips
	Chosen       string  `json:"products_options"`     // of the fastest variant
}

// Measure opens a device and times it. It takes a second or two, and the compilation of the kernels.
func Measure(d Device, t Tuning) (m Measurement, err error) {
	b, err := New(d, Options{Precision: BFloat16, Tuning: t})
	if err != nil {
		return m, err
	}
	defer b.Close()
	m.Products, m.Chosen = "strips", b.chosen.options()
	if b.chosen.Tiles {
		m.Products = "tiles"
	}
	operands, free, err := b.operands()
	defer free()
	if err != nil {
		return m, err
	}
	if m.GEMM, err = b.time(b.chosen, factors{}, operands, t.Now); err != nil {
		return m, err
	}
	if m.GEMMBFloat16, err = b.time(b.chosen, factors{rounded: true}, operands, t.Now); err != nil {
		return m, err
	}
	return m, b.timeLaunches(&m, operands[0], t.Now)
}

// timeLaunches times small kernels, first in a row, then one by one.
func (b *Backend) timeLaunches(m *Measurement, buffer *Buffer, now func() time.Time) error {
	const many = 1000
	number := make([]float32, 1)
	micro := func(start time.Time) float64 { return now().Sub(start).Seconds() * 1e6 / many }
	if err := b.Clear(buffer, 1); err != nil {
		return err
	}
	if err := buffer.Read(number); err != nil {
		return err
	}
	start := now()
	for range many {
		if err := b.Clear(buffer, 1); err != nil {
			return err
		}
	}
	if err := check("clFinish", b.lib.finish(b.queue)); err != nil {
		return err
	}
	m.Launch = micro(start)
	start = now()
	for range many {
		if err := b.Clear(buffer, 1); err != nil {
			return err
		}
		if err := buffer.Read(number); err != nil {
			return err
		}
	}
	m.RoundTrip = micro(start)
	return nil
}
