package trainer

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// onDevice are the options of the first OpenCL device, or the test is skipped.
func onDevice(t *testing.T) EngineOptions {
	t.Helper()
	needDevice(t, "opencl")
	return EngineOptions{Device: "opencl"}
}

// optimizers are all rules, with all that they keep.
func optimizers() map[string]dp.Optimizer {
	return map[string]dp.Optimizer{
		"adamw": {WeightDecay: 0.1}, "adam": {Kind: dp.Adam, WeightDecay: 0.1, EpsilonBeforeCorrection: true, Epsilon: 1e-3},
		"adambc": {Kind: dp.AdamBC, NoiseVariance: 1e-3, Epsilon: 1e-3}, "sgd": {Kind: dp.SGD}, "momentum": {Kind: dp.SGD, Momentum: 0.9, WeightDecay: 0.1},
	}
}

// integerLot is a lot whose sums are integers that a seed draws, whatever the data would have given.
func integerLot(t *testing.T, e *Engine, seed uint64) {
	t.Helper()
	fatal(t, e.BeginLot(seed))
	r := rand.New(rand.NewPCG(seed, 1))
	fatal(t, e.Add(func(sums []int64) {
		for i := range sums {
			sums[i] += int64(r.NormFloat64() * 0x1p38)
		}
	}))
}

// From equal integer sums the device steps every optimiser to the bits of the CPU, weights and moments; RGP, whose
// gradients are rebuilt by float32 products, to their rounding.
func TestDeviceStepsLikeTheCPU(t *testing.T) {
	device := onDevice(t)
	for name, rule := range optimizers() {
		for kind, method := range map[string]model.Method{"bitfit": {Kind: model.BitFit}, "rgp": {Kind: model.RGP, Rank: 2}, "rgp-minus": {Kind: model.RGP, Rank: 2, CoreMinus: true}} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				var states [2][]StateTensor
				for i, o := range []EngineOptions{{}, device} {
					e := newEngine(t, tinyModel(model.BERT), method, o)
					for k := 1; k <= 3; k++ {
						integerLot(t, e, uint64(k))
						fatal(t, e.Step(Update{Quantum: 0x1p-40, Divisor: 3, LearningRate: 0.01, K: k, Optimizer: rule}))
					}
					states[i] = cloneState(e.State())
				}
				compareStates(t, states[1], states[0], map[bool]float64{true: 1e-5, false: 0}[method.Kind == model.RGP])
			})
		}
	}
}

func compareStates(t *testing.T, got, want []StateTensor, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("state of %d tensors, want %d", len(got), len(want))
	}
	for i, s := range want {
		if got[i].Name != s.Name {
			t.Fatalf("state %s, want %s", got[i].Name, s.Name)
		}
		near(t, s.Name, widen(got[i].Float32), widen(s.Float32), tolerance, tolerance)
	}
}

// A state that is taken from a device and put into another engine goes on to the same bits, moments included; so does
// one from the CPU.
func TestDeviceStateIsRestored(t *testing.T) {
	device := onDevice(t)
	step := func(e *Engine, k int) {
		integerLot(t, e, uint64(k))
		fatal(t, e.Step(Update{Quantum: 0x1p-40, Divisor: 3, LearningRate: 0.01, K: k}))
	}
	for name, method := range methods() {
		t.Run(name, func(t *testing.T) {
			whole := newEngine(t, tinyModel(model.BERT), method, device)
			step(whole, 1)
			middle := cloneState(whole.State())
			step(whole, 2)
			again := newEngine(t, tinyModel(model.BERT), method, device)
			step(again, 5) // another history, which Restore forgets
			fatal(t, again.Restore(middle))
			step(again, 2)
			compareStates(t, again.State(), whole.State(), 0)
		})
	}
}

// With ever less memory the device takes ever smaller batches, and norms, losses, logits and integer sums stay the
// same to the bit. The user is told.
func TestOutOfDeviceMemory(t *testing.T) {
	device := onDevice(t)
	m := tinyModel(model.BERT)
	m.Config.HiddenDropout = 0.2
	all := randomExamples(m.Config, 12)
	clip := dp.Clip{Norm: 0.1, Quantum: 0x1p-40}
	type seen struct {
		norms, losses, logits []float64
		sums                  []int64
		correct               int
	}
	lot := func(e *Engine) (s seen, err error) {
		s.logits = make([]float64, 3*all.Examples())
		if err := e.Logits(all, s.logits); err != nil {
			return s, err
		}
		fatal(t, e.BeginLot(77))
		stats, err := e.Accumulate(all, clip)
		s.norms, s.losses, s.sums, s.correct = slices.Clone(stats.Norm), slices.Clone(stats.Loss), slices.Clone(e.Sum()), stats.Correct
		return s, err
	}
	for name, method := range methods() {
		t.Run(name, func(t *testing.T) {
			device.Dropout = true
			want, err := lot(newEngine(t, m, method, device))
			fatal(t, err)
			split, refused := 0, 0
			for megabytes := 3.0; megabytes > 0.1; megabytes *= 0.75 {
				limited := device
				limited.DeviceMemory = int64(megabytes * 1e6)
				e, err := NewEngine(m, method, limited)
				if err != nil {
					refused++
					continue
				}
				got, err := lot(e)
				switch {
				case errors.Is(err, machine.ErrMemory):
					refused++
				case err != nil:
					t.Fatal(err)
				case !slices.Equal(got.sums, want.sums):
					t.Errorf("%v MB: other integer sums", megabytes)
				case !slices.Equal(got.norms, want.norms) || !slices.Equal(got.losses, want.losses) || !slices.Equal(got.logits, want.logits) || got.correct != want.correct:
					t.Errorf("%v MB: other norms, losses or logits", megabytes)
				case len(e.Notes()) > 0:
					split++
					if !strings.Contains(e.Notes()[0], "out of memory, so physical batches") {
						t.Errorf("note %q", e.Notes()[0])
					}
				}
				if err == nil { // moments want memory too
					fatal(t, e.Step(Update{Quantum: clip.Quantum, Divisor: 12, LearningRate: 0.01, K: 1}))
				}
				fatal(t, e.Close())
			}
			if split < 3 || refused == 0 {
				t.Errorf("%d limits led to smaller batches and %d to a refusal: the test saw too little", split, refused)
			}
		})
	}
}

// What a frozen prefix yields is the same to the bit where the device has room for parts of the batch only.
func TestPrefixInParts(t *testing.T) {
	device := onDevice(t)
	m := deepModel(model.BERT)
	all := fixedLengths(m.Config, 12, 18)
	for name, method := range suffixMethods() {
		t.Run(name, func(t *testing.T) {
			boundary, _ := m.Config.Boundary(method)
			want := make([]float32, 12*18*m.Config.HiddenSize)
			if boundary.Pooled() {
				want = want[:12*m.Config.HiddenSize]
			}
			fatal(t, newEngine(t, m, method, device).Prefix(all, want))
			split := 0
			for megabytes := 0.6; megabytes > 0.1; megabytes *= 0.75 {
				limited, got := device, make([]float32, len(want))
				limited.DeviceMemory = int64(megabytes * 1e6)
				e, err := NewEngine(m, method, limited)
				if errors.Is(err, machine.ErrMemory) {
					continue
				}
				fatal(t, err)
				err = e.Prefix(all, got)
				switch {
				case errors.Is(err, machine.ErrMemory):
				case err != nil:
					t.Fatal(err)
				case !slices.Equal(got, want):
					t.Errorf("%v MB: other activations", megabytes)
				case len(e.Notes()) > 0:
					split++
				}
				fatal(t, e.Close())
			}
			if split == 0 {
				t.Error("no limit led to smaller batches: the test saw nothing")
			}
		})
	}
}

// A private run on a device keeps checkpoints, is stopped and resumed to the same bits, says so where memory was
// short, and is priced like any other.
func TestTrainOnADevice(t *testing.T) {
	device := onDevice(t)
	s := newSource(200, 40, 12)
	for _, rule := range []dp.Optimizer{{}, {Kind: dp.SGD, Momentum: 0.9}} {
		plan := seeded(smallPlan(), 3)
		plan.Optimizer = rule
		want := mustTrain(t, plan, s, Options{Engine: device})
		compareModels(t, want.Model, mustTrain(t, plan, s, Options{}).Model)
		dir := t.TempDir()
		ctx, stop := context.WithCancel(context.Background())
		small := device
		small.DeviceMemory = 400e3
		_, err := Train(ctx, plan, s, smallModel(), Options{Dir: dir, Engine: small, Progress: func(p Progress) {
			if p.Step == 5 {
				stop()
			}
		}})
		if err == nil || !strings.Contains(err.Error(), "stopped after step 5 of 16") {
			t.Fatal(err)
		}
		got, err := Resume(context.Background(), s, smallModel(), Options{Dir: dir, Engine: small})
		fatal(t, err)
		if !sameModel(want.Model, got.Model) {
			t.Error("the resumed run gave another model")
		}
		if want.Epsilon.Epsilon != got.Epsilon.Epsilon {
			t.Error("the resumed run has another price")
		}
		if !strings.Contains(strings.Join(got.Warnings, "\n"), "out of memory") {
			t.Errorf("warnings %q: want a word on the memory", got.Warnings)
		}
	}
}

// compareModels: the same lots and noise on the CPU end at the same weights but for roundings in float32, over 16
// steps of rate .01.
func compareModels(t *testing.T, got, want *model.Model) {
	t.Helper()
	for i, w := range want.Tensors {
		for j, v := range w.Data {
			if d := math.Abs(float64(got.Tensors[i].Data[j] - v)); !(d <= 2e-4) {
				t.Fatalf("%s[%d] = %v, on the CPU %v", w.Name, j, got.Tensors[i].Data[j], v)
			}
		}
	}
}

// deviceRun is everything that an engine computes, on one set of options: for each method and pooling norms, factors,
// sums, logits, and weights after a plain step.
type deviceRun struct{ norms, factors, sums, logits, weights []float64 }

func runOn(t *testing.T, m *model.Model, method model.Method, o EngineOptions, launched map[string]bool) (r deviceRun) {
	t.Helper()
	o.Dropout = true
	e := newEngine(t, m, method, o)
	perturb(t, e)
	b := randomExamples(m.Config, 7)
	fatal(t, e.BeginLot(3))
	stats, err := e.Accumulate(b, dp.Clip{Norm: 0.3, Quantum: 0x1p-40})
	fatal(t, err)
	r.norms, r.factors, r.sums = slices.Clone(stats.Norm), slices.Clone(stats.Factor), scaled(e.Sum(), 0x1p-40)
	before := slices.Clone(e.Sum())
	fatal(t, e.Add(func(sums []int64) { sums[1] += 5 }))
	if before[1] += 5; !slices.Equal(e.Sum(), before) {
		t.Error("what was added to a sum is not all that changed")
	}
	fatal(t, e.BeginLot(4))
	_, err = e.AccumulateGradient(b)
	fatal(t, err)
	fatal(t, e.Step(Update{Divisor: 7, LearningRate: 0.1, K: 1, Optimizer: dp.Optimizer{Kind: dp.SGD}}))
	r.logits = make([]float64, 21)
	fatal(t, e.Logits(b, r.logits))
	for _, s := range e.State() {
		r.weights = append(r.weights, widen(s.Float32)...)
	}
	fatal(t, e.BeginLot(5))
	fatal(t, e.Step(Update{Divisor: 7, Quantum: 0x1p-40, LearningRate: 0.1, K: 1}))
	if c, ok := e.core.(*core[float32]); ok && c.resident != nil {
		for _, name := range c.resident.device.Launched() {
			launched[name] = true
		}
	}
	return r
}

// OpenCL and the CPU agree for every method, masks of dropout included, with either kind of products; in bfloat16 as
// far as roundings that fall the other way allow. No kernel goes untested: each of them ran here.
func TestOpenCLAgreesWithTheCPU(t *testing.T) {
	needDevice(t, "opencl")
	launched := map[string]bool{}
	for _, pooling := range []string{model.PoolMean, model.PoolCLS} {
		m := tinyModel(model.BERT)
		m.Config.HiddenDropout, m.Config.Pooling = 0.2, pooling
		for name, method := range methods() {
			want, half := runOn(t, m, method, EngineOptions{}, launched), runOn(t, m, method, EngineOptions{Precision: BFloat16}, launched)
			for _, precision := range []string{"opencl", "opencl-tiles", "opencl-bfloat16", "opencl-bfloat16-tiles", "opencl-float16"} {
				t.Run(pooling+"/"+name+"/"+precision, func(t *testing.T) {
					short, tiles := strings.CutSuffix(precision, "-tiles")
					o := engineOptions(short)
					if tiles {
						o.DeviceProducts = "tiles"
					}
					want, loose := want, 1.0
					if o.Precision == BFloat16 {
						want, loose = half, 300 // 2^-9 against 2^-24, on few of the factors
					}
					if o.Precision == Float16 {
						loose = 1000 // 2^-12 against 2^-24, and the CPU rounds nothing
					}
					got := runOn(t, m, method, o, launched)
					near(t, "norm", got.norms, want.norms, 0, min(1e-4*loose, 0.03))
					near(t, "factor", got.factors, want.factors, 0, min(1e-4*loose, 0.03))
					near(t, "sum", got.sums, want.sums, 2e-5*loose, 0)
					near(t, "weight", got.weights, want.weights, 2e-5*loose, 2e-5*loose)
					near(t, "logits", got.logits, want.logits, 2e-4*loose, 2e-4*loose)
				})
			}
		}
	}
	for _, name := range opencl.Kernels() {
		if !launched[name] {
			t.Errorf("kernel %s: no test launched it", name)
		}
	}
}
