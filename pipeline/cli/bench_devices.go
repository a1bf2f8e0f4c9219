package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/pipeline"
	"github.com/urfave/cli/v2"
)

// deviceReport is what bench devices tells of one device.
type deviceReport struct {
	Option string `json:"option"` // of --device
	opencl.Device
	Measured *opencl.Measurement `json:"measured,omitempty"`
	Unusable string              `json:"unusable,omitempty"` // why it cannot train
}

func benchDevicesCommand() *cli.Command {
	return &cli.Command{
		Name:  "devices",
		Usage: "list the OpenCL devices of this machine and time what training asks of them",
		Description: "Example: ewtune bench devices --json\n\n" +
			"Products are those of an encoder's layers. A search for the fastest kernels runs first; what it finds is kept in the user's cache folder.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "list", Usage: "list only, measure nothing"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			devices, err := opencl.Devices()
			if err != nil {
				return err
			}
			reports := make([]deviceReport, len(devices))
			for i, d := range devices {
				reports[i] = reportDevice(i, d, c.Bool("list"))
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, map[string]any{"devices": reports})
			}
			return printDevices(c.App.Writer, reports)
		},
	}
}

func reportDevice(i int, d opencl.Device, listOnly bool) deviceReport {
	r := deviceReport{Option: fmt.Sprintf("opencl:%d", i), Device: d}
	if err := d.Usable(); err != nil {
		r.Unusable = err.Error()
	}
	if listOnly || r.Unusable != "" {
		return r
	}
	m, err := opencl.Measure(d, pipeline.DeviceTuning())
	if err != nil {
		r.Unusable = err.Error()
		return r
	}
	r.Measured = &m
	return r
}

func printDevices(w io.Writer, reports []deviceReport) error {
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(w)
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		row := func(name, format string, values ...any) {
			fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, values...))
		}
		row("--device "+r.Option, "%s", r.Name)
		row("  platform", "%s, driver %s, %s", r.Platform, r.Driver, r.Version)
		row("  memory", "%.1f GB, buffers of at most %.1f GB, %d KB local", float64(r.Bytes)/1e9, float64(r.Largest)/1e9, r.LocalBytes>>10)
		row("  work-groups", "of at most %d, on %d compute units", r.WorkGroup, r.Units)
		row("  has", "%s", r.features())
		if m := r.Measured; m != nil {
			row("  products", "%.0f GFLOP/s in float32, %.0f in bfloat16 (%s)", m.GEMM, m.GEMMBFloat16, m.Products)
			row("  launches", "%.1f us in a row, %.1f us and back", m.Launch, m.RoundTrip)
		}
		if r.Unusable != "" {
			row("  cannot train", "%s", r.Unusable)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// features lists what the device has, and what it lacks.
func (r deviceReport) features() string {
	var has, lacks []string
	for _, f := range []struct {
		name    string
		present bool
	}{{"fp64", r.Double}, {"fp16 arithmetic", r.Half}, {"int64 atomics", r.Atomics64}, {"tensor cores", r.TensorCores}} {
		if f.present {
			has = append(has, f.name)
		} else {
			lacks = append(lacks, f.name)
		}
	}
	return strings.Join(has, ", ") + "; not " + strings.Join(lacks, ", ")
}
