package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/pipeline"
	"github.com/urfave/cli/v2"
)

// benchSizes are the encoders that bench train knows: layers, hidden size, heads, intermediate size.
var benchSizes = map[string][4]int{
	"tiny": {2, 128, 2, 512}, "mini": {4, 256, 4, 1024}, "minilm": {6, 384, 12, 1536}, "small": {4, 512, 8, 2048}, "base": {12, 768, 12, 3072},
}

// trainBench is the work that bench train repeats.
type trainBench struct {
	size, method, mode, precision, device, blas string
	seq, batch, threads, steps, accum           int
}

// trainTiming is what bench train prints.
type trainTiming struct {
	Size          string  `json:"size"`
	Method        string  `json:"method"`
	Mode          string  `json:"mode"`
	Precision     string  `json:"precision"`
	Device        string  `json:"device"`
	Seq           int     `json:"seq"`
	Batch         int     `json:"batch"`
	Accum         int     `json:"accum"`
	Threads       int     `json:"threads"`
	Parameters    int     `json:"parameters"`
	Released      int     `json:"released"`
	ExamplesBest  float64 `json:"ex_per_s_best"`
	ExamplesMid   float64 `json:"ex_per_s_median"`
	StepBest      float64 `json:"step_ms_best"`
	StepMid       float64 `json:"step_ms_median"`
	StepCPU       float64 `json:"cpu_ms_per_step"` // of all threads, best
	PeakRSS       float64 `json:"peak_rss_mb"`
	EngineMemory  float64 `json:"engine_mb"`
	UsefulPerEx   float64 `json:"useful_gflop_per_ex"`
	UsefulPerTime float64 `json:"useful_gflops_best"`
}

func benchTrainCommand() *cli.Command {
	return &cli.Command{
		Name:  "train",
		Usage: "time training steps on random tokens: forward, backward, clip, noise and AdamW",
		Description: "Example: ewtune bench train --size mini --method lora --mode dp --seq 64 --batch 32 --threads 2 --steps 8 --json\n\n" +
			"Every example has --seq tokens. A step is --accum physical batches and one update. Times are of whole steps after two that do not count.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "size", Value: "mini", Usage: "tiny (L2 H128), mini (L4 H256), minilm (L6 H384), small (L4 H512) or base (L12 H768)"},
			&cli.StringFlag{Name: "method", Value: model.LoRA, Usage: "full, lora, bitfit, head, rgp or adapter"},
			&cli.StringFlag{Name: "mode", Value: "dp", Usage: "dp or nonprivate"},
			&cli.StringFlag{Name: "precision", Value: "float32", Usage: "float32, float64, bfloat16, or float16 (on an OpenCL device)"},
			&cli.StringFlag{Name: "device", Value: "cpu", Usage: "cpu, opencl or opencl:N"},
			&cli.StringFlag{Name: "blas", Value: "builtin", Usage: "builtin, openblas or onednn"},
			&cli.IntFlag{Name: "seq", Value: 64, Usage: "tokens of an example"},
			&cli.IntFlag{Name: "batch", Value: 32, Usage: "examples of a physical batch"},
			&cli.IntFlag{Name: "accum", Value: 1, Usage: "physical batches of a step"},
			&cli.IntFlag{Name: "threads", Value: 2, Usage: "threads"},
			&cli.IntFlag{Name: "steps", Value: 8, Usage: "steps that count"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			w := trainBench{c.String("size"), c.String("method"), c.String("mode"), c.String("precision"), c.String("device"), c.String("blas"),
				c.Int("seq"), c.Int("batch"), c.Int("threads"), c.Int("steps"), c.Int("accum")}
			timing, err := w.run()
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, timing)
			}
			fmt.Fprintf(c.App.Writer, "%s %s %s: %.1f examples/s, %.1f ms a step, %.0f MB\n", timing.Size, timing.Method, timing.Mode, timing.ExamplesBest, timing.StepBest, timing.PeakRSS)
			return nil
		},
	}
}

func (w trainBench) validate() error {
	for _, n := range []struct {
		name  string
		value int
	}{{"seq", w.seq}, {"batch", w.batch}, {"threads", w.threads}, {"steps", w.steps}, {"accum", w.accum}} {
		if n.value < 1 {
			return fmt.Errorf("%s %d: must be at least 1", n.name, n.value)
		}
	}
	switch {
	case benchSizes[w.size] == [4]int{}:
		return fmt.Errorf("size %q: must be tiny, mini, minilm, small or base", w.size)
	case w.mode != "dp" && w.mode != "nonprivate":
		return fmt.Errorf("mode %q: must be dp or nonprivate", w.mode)
	case w.seq > 512:
		return fmt.Errorf("seq %d: must be at most 512", w.seq)
	}
	return nil
}

// run times the steps.
func (w trainBench) run() (trainTiming, error) {
	if err := w.validate(); err != nil {
		return trainTiming{}, err
	}
	m := w.model()
	engine, err := trainer.NewEngine(m, model.Method{Kind: w.method}, trainer.EngineOptions{Precision: w.precision, Device: w.device, BLAS: w.blas, DeviceTuning: pipeline.DeviceTuning(), Threads: w.threads, MaxTokens: w.seq * w.batch})
	if err != nil {
		return trainTiming{}, err
	}
	defer engine.Close()
	b, parameters := w.examples(m.Config), 0
	for _, t := range m.Tensors {
		parameters += len(t.Data)
	}
	m = nil // the engine has its own copy
	debug.FreeOSMemory()
	step, err := w.step(engine, b)
	if err != nil {
		return trainTiming{}, err
	}
	const warmUp = 2
	var times, cpu []float64
	for k := range warmUp + w.steps {
		start, before := time.Now(), cpuTime()
		if err := step(k + 1); err != nil {
			return trainTiming{}, err
		}
		if k >= warmUp {
			times, cpu = append(times, time.Since(start).Seconds()), append(cpu, cpuTime()-before)
		}
	}
	return w.timing(parameters, engine, times, slices.Min(cpu)), nil
}

func (w trainBench) model() *model.Model {
	c, s := model.DefaultConfig(model.RoBERTa), benchSizes[w.size]
	c.VocabSize, c.Layers, c.HiddenSize, c.Heads, c.IntermediateSize = 30522, s[0], s[1], s[2], s[3]
	return model.New(c, 1)
}

// examples draws a batch of full length.
func (w trainBench) examples(c model.Config) *model.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	var b model.Batch
	for i := range w.batch {
		ids := make([]int32, w.seq)
		for j := range ids {
			ids[j] = int32(5 + r.IntN(c.VocabSize-5))
		}
		b.AppendExample(c, int64(i), int32(r.IntN(2)), ids, make([]int8, w.seq))
	}
	return &b
}

// step is one whole training step, number k from 1.
func (w trainBench) step(e *trainer.Engine, b *model.Batch) (func(k int) error, error) {
	update := trainer.Update{Divisor: float64(w.batch * w.accum), LearningRate: 1e-4, Optimizer: dp.Optimizer{Kind: dp.AdamW}}
	if w.mode == "nonprivate" {
		return func(k int) error {
			return w.lot(e, k, func() error { _, err := e.AccumulateGradient(b); return err }, update)
		}, nil
	}
	grid, err := dp.NewGrid(0.1, 1<<20, e.Dim(), 1, dp.Slack(w.precision))
	if err != nil {
		return nil, err
	}
	noise, err := dp.NewGaussian(grid.Scale)
	if err != nil {
		return nil, err
	}
	key := dp.KeyFromSeed(1)
	update.Quantum = grid.Quantum
	return func(k int) error {
		update.Noise = noise.Noise(key, uint64(k)).From
		return w.lot(e, k, func() error {
			_, err := e.Accumulate(b, dp.Clip{Norm: 0.1, Quantum: grid.Quantum})
			return err
		}, update)
	}, nil
}

// lot accumulates the physical batches and makes the update.
func (w trainBench) lot(e *trainer.Engine, k int, accumulate func() error, u trainer.Update) error {
	if err := e.BeginLot(uint64(k)); err != nil {
		return err
	}
	for range w.accum {
		if err := accumulate(); err != nil {
			return err
		}
	}
	u.K = k
	return e.Step(u)
}

func (w trainBench) timing(parameters int, e *trainer.Engine, times []float64, cpu float64) trainTiming {
	slices.Sort(times)
	best, middle, n := times[0], times[len(times)/2], float64(w.batch*w.accum)
	useful := w.useful()
	return trainTiming{Size: w.size, Method: w.method, Mode: w.mode, Precision: w.precision, Device: w.device, Seq: w.seq, Batch: w.batch, Accum: w.accum, Threads: w.threads,
		Parameters: parameters, Released: e.Dim(), ExamplesBest: n / best, ExamplesMid: n / middle, StepBest: best * 1e3, StepMid: middle * 1e3, StepCPU: cpu * 1e3,
		PeakRSS: peakRSS(), EngineMemory: float64(e.Memory()) / (1 << 20), UsefulPerEx: useful / 1e9, UsefulPerTime: useful * n / best / 1e9}
}

// useful counts the operations of an example's matrix products that training cannot do without: one forward pass, the gradient of
// the activations, and that of the weights where they are trained.
func (w trainBench) useful() float64 {
	s := benchSizes[w.size]
	layers, hidden, inner, tokens := float64(s[0]), float64(s[1]), float64(s[3]), float64(w.seq)
	forward := tokens*layers*(8*hidden*hidden+4*hidden*inner+4*tokens*hidden) + 2*hidden*hidden
	switch w.method {
	case model.LoRA:
		return 2*forward + 3*tokens*layers*8*hidden*16
	case model.BitFit:
		return 2 * forward
	case model.Head:
		return forward
	}
	return 3 * forward
}

// cpuTime is the processor time of all threads in seconds, 0 where the system does not tell.
func cpuTime() float64 {
	tasks, _ := filepath.Glob("/proc/self/task/*/schedstat")
	total := 0.0
	for _, task := range tasks {
		var nanoseconds float64
		if text, err := os.ReadFile(task); err == nil {
			fmt.Sscan(string(text), &nanoseconds)
		}
		total += nanoseconds
	}
	return total / 1e9
}

// peakRSS is the most memory, in MB, that the process has held, 0 where the system does not tell.
func peakRSS() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kilobytes); n == 1 {
			return kilobytes / 1024
		}
	}
	return 0
}
