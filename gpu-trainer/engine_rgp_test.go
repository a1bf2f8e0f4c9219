package trainer

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// rgpRun is rgp.json: the settings and what one rank gave.
type rgpRun struct {
	C        float64
	Sigma    float64 `json:"noise_multiplier"`
	Expected float64 `json:"expected_batch_size"`
	Batches  [][]int
	Rank     map[string]struct {
		CMedian  float64   `json:"C_median"`
		Loss     []float64 `json:"loss"`
		GradNorm []float64 `json:"grad_norm"`
	}
	HFHead struct {
		CMedian  float64   `json:"C_median"`
		GradNorm []float64 `json:"grad_norm"`
	} `json:"hfhead_rank1"`
}

// rgpTolerance is that of the goldens' README.
type rgpTolerance struct{ carriers, norms, sums, gradients, parameters float64 }

var rgpTolerances = map[string]rgpTolerance{
	"float64": {1e-11, 1e-11, 1e-11, 1e-11, 1e-11},
	"float32": {2e-6, 1e-4, 2e-6, 5e-7, 1e-5},
	"opencl":  {2e-6, 1e-4, 2e-6, 5e-7, 1e-5},
}

const rgpQuantum = 0x1p-42

// rgpCase is one run of the goldens: tiny-roberta by RGP at a rank.
type rgpCase struct {
	*golden
	rgpRun
	rank      int
	precision string
	tol       rgpTolerance
	random    map[string][]float64
	parts     map[string][]float64
}

func eachRGP(t *testing.T, f func(t *testing.T, c *rgpCase)) {
	for _, precision := range []string{"float64", "float32", "opencl"} {
		for rank := 1; rank <= 2; rank++ {
			c := &rgpCase{golden: loadGolden(t, "tiny-roberta"), rank: rank, precision: precision, tol: rgpTolerances[precision]}
			readJSON(t, &c.rgpRun, goldenRoot(), "rgp", "rgp.json")
			c.random = c.read(t, "random")
			c.parts = c.read(t, "parts")
			t.Run(fmt.Sprintf("%s/rank%d", precision, rank), func(t *testing.T) {
				needDevice(t, precision)
				f(t, c)
			})
		}
	}
}

func (c *rgpCase) read(t *testing.T, what string) map[string][]float64 {
	t.Helper()
	return readTensors(t, goldenRoot(), "rgp", fmt.Sprintf("r%d_%s.safetensors", c.rank, what))
}

func (c *rgpCase) engine(t *testing.T, coreMinus, linear bool) *Engine {
	t.Helper()
	return newEngine(t, c.model, model.Method{Kind: model.RGP, Rank: c.rank, CoreMinus: coreMinus, LinearHead: linear}, engineOptions(c.precision))
}

// begin starts a lot with the carriers of the goldens' starts.
func (c *rgpCase) begin(t *testing.T, e *Engine, step int) {
	t.Helper()
	fatal(t, e.BeginLot(1))
	start := func(key string, _ int) []float64 { return c.random[fmt.Sprintf("start.%d.%s", step, key)] }
	switch engine := e.core.(type) {
	case *core[float64]:
		fatal(t, engine.drawCarriers(start))
	case *core[float32]:
		fatal(t, engine.drawCarriers(start))
	}
}

// goldenName maps a released or trained name to the goldens' spelling.
func goldenName(name string) string {
	return strings.Replace(name, "classifier.", "head.", 1)
}

func TestGoldenRGPParts(t *testing.T) {
	eachRGP(t, func(t *testing.T, c *rgpCase) {
		e := c.engine(t, false, true)
		want := c.Rank[fmt.Sprint(c.rank)]
		for tag, norm := range map[string]float64{"C": c.C, "Cmedian": want.CMedian} {
			c.begin(t, e, 0)
			stats, err := e.Accumulate(c.all(), dp.Clip{Norm: norm, Quantum: rgpQuantum})
			fatal(t, err)
			near(t, "loss", stats.Loss, want.Loss, 2e-5, 0)
			near(t, "norm", stats.Norm, want.GradNorm, 0, c.tol.norms)
			c.compareSums(t, e, "clipped_sum_"+tag+".", c.parts)
		}
		compareCarriers(t, e, "L.", "R.", c.parts, c.tol.carriers)
		c.compareExamples(t, e)
	})
}

func (c *rgpCase) compareSums(t *testing.T, e *Engine, prefix string, want map[string][]float64) {
	t.Helper()
	for _, p := range e.Released() {
		near(t, p.Name, scaled(e.Sum()[p.Offset:p.Offset+p.Size], rgpQuantum), want[prefix+goldenName(p.Name)], c.tol.sums, 0)
	}
}

func compareCarriers(t *testing.T, e *Engine, left, right string, want map[string][]float64, tol float64) {
	t.Helper()
	compare := func(key string, l, r []float64) {
		near(t, left+key, l, want[left+key], tol, 0)
		near(t, right+key, r, want[right+key], tol, 0)
	}
	switch engine := e.core.(type) {
	case *core[float64]:
		for _, k := range engine.carriers {
			compare(k.Key, widen(k.left.data.Data), widen(k.right.data.Data))
		}
	case *core[float32]:
		for _, k := range engine.carriers {
			for _, name := range append(slices.Clone(k.Pieces), k.Right()) {
				if engine.resident != nil { // the host's slices are views of L and R
					fatal(t, engine.resident.tensors[weightTensor][name].Read(engine.weights[name].data.Data))
				}
			}
			compare(k.Key, widen(k.left.data.Data), widen(k.right.data.Data))
		}
	}
}

func widen[T kernels.Float](v []T) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// compareExamples takes each example alone, unclipped: its sum is its gradient.
func (c *rgpCase) compareExamples(t *testing.T, e *Engine) {
	t.Helper()
	for i := range c.labels {
		c.begin(t, e, 0)
		_, err := e.Accumulate(c.batch(i), dp.Clip{Norm: 1e6, Quantum: rgpQuantum})
		fatal(t, err)
		for _, p := range e.Released() {
			want := c.parts["grad."+goldenName(p.Name)][i*p.Size : (i+1)*p.Size]
			near(t, "grad."+p.Name, scaled(e.Sum()[p.Offset:p.Offset+p.Size], rgpQuantum), want, c.tol.sums, 1e-5)
		}
	}
}

// The rebuilt gradients are read off a step of SGD at rate 1, with and without noise, and with the core's other sign.
func TestGoldenRGPRebuilt(t *testing.T) {
	eachRGP(t, func(t *testing.T, c *rgpCase) {
		want := c.read(t, "rebuilt")
		cases := map[string]struct{ noisy, minus bool }{
			"W_grad.": {false, false}, "W_grad_noisy.": {true, false}, "W_grad_noisy_projection.": {true, true},
		}
		for prefix, k := range cases {
			if want[prefix+"layer.0.fc1"] == nil {
				continue // the projection is stored for rank 2 only
			}
			e := c.engine(t, k.minus, true)
			before := cloneState(e.State())
			c.begin(t, e, 0)
			_, err := e.Accumulate(c.all(), dp.Clip{Norm: c.C, Quantum: rgpQuantum})
			fatal(t, err)
			u := Update{Quantum: rgpQuantum, Divisor: c.Expected, LearningRate: 1, K: 1, Optimizer: dp.Optimizer{Kind: dp.SGD}}
			if k.noisy {
				u.Noise = given(c.noise(e, 0))
			}
			fatal(t, e.Step(u))
			for key, got := range moved(before, e.State()) {
				if w := want[prefix+key]; w != nil || prefix != "W_grad_noisy_projection." {
					near(t, prefix+key, got, w, c.tol.gradients, 0)
				}
			}
		}
	})
}

func (c *rgpCase) noise(e *Engine, step int) []int64 {
	noise := make([]int64, e.Dim())
	for _, p := range e.Released() {
		for i, z := range c.random[fmt.Sprintf("noise.%d.%s", step, goldenName(p.Name))] {
			noise[p.Offset+i] = int64(math.RoundToEven(c.Sigma * c.C * z / rgpQuantum))
		}
	}
	return noise
}

// moved is before - after for each of the goldens' keys, in_proj being query, key and value one below the other.
func moved(before, after []StateTensor) map[string][]float64 {
	differences := map[string][]float64{}
	for i, s := range after {
		name, ok := cutPrefix(s.Name, stateWeight)
		if !ok {
			continue
		}
		key := matrixKey(name)
		for j, v := range s.Float64 {
			differences[key] = append(differences[key], before[i].Float64[j]-v)
		}
		for j, v := range s.Float32 {
			differences[key] = append(differences[key], float64(before[i].Float32[j])-float64(v))
		}
	}
	return differences
}

// matrixKey maps a weight's name to the goldens' key.
func matrixKey(name string) string {
	rest, ok := cutPrefix(name, "roberta.encoder.")
	if !ok {
		return goldenName(name)
	}
	layer := strings.Join(strings.Split(rest, ".")[:2], ".")
	for part, key := range map[string]string{"attention.self": "in_proj", "attention.output": "out_proj", "intermediate": "fc1"} {
		if strings.Contains(name, part) {
			return layer + "." + key
		}
	}
	return layer + ".fc2"
}

func TestGoldenRGPSteps(t *testing.T) {
	eachRGP(t, func(t *testing.T, c *rgpCase) {
		want := c.read(t, "steps")
		for prefix, before := range map[string]bool{"param.": false, "fairseq_param.": true} {
			e := c.engine(t, false, true)
			rule := dp.Optimizer{Kind: dp.Adam, Epsilon: 1e-6, EpsilonBeforeCorrection: before}
			for step, examples := range c.Batches {
				c.begin(t, e, step)
				_, err := e.Accumulate(c.batch(examples...), dp.Clip{Norm: c.C, Quantum: rgpQuantum})
				fatal(t, err)
				if step > 0 && !before {
					c.compareSums(t, e, fmt.Sprintf("clipped_sum.%d.", step), want)
					compareCarriers(t, e, fmt.Sprintf("L.%d.", step), fmt.Sprintf("R.%d.", step), want, c.tol.carriers)
				}
				fatal(t, e.Step(Update{Noise: given(c.noise(e, step)), Quantum: rgpQuantum, Divisor: c.Expected, LearningRate: 1e-3, K: step + 1, Optimizer: rule}))
				c.compareParameters(t, e, prefix, step, want)
			}
			logits := make([]float64, 12)
			fatal(t, e.Logits(c.all(), logits))
			near(t, prefix+"logits", logits, want[map[bool]string{false: "", true: "fairseq_"}[before]+"final_logits"], 10*c.tol.parameters, 0)
		}
	})
}

func (c *rgpCase) compareParameters(t *testing.T, e *Engine, prefix string, step int, want map[string][]float64) {
	t.Helper()
	zero := cloneState(e.State())
	for _, s := range zero {
		clear(s.Float64)
		clear(s.Float32)
	}
	for key, got := range moved(zero, e.State()) {
		w := want[fmt.Sprintf("%s%d.%s", prefix, step, key)]
		if w == nil && prefix == "fairseq_param." && step < 2 {
			continue
		}
		for i := range got {
			got[i] = -got[i]
		}
		near(t, fmt.Sprintf("%s%d.%s", prefix, step, key), got, w, c.tol.parameters, 0)
	}
}

func TestGoldenRGPWithHuggingFaceHead(t *testing.T) {
	eachRGP(t, func(t *testing.T, c *rgpCase) {
		if c.rank != 1 {
			return // the goldens have rank 1 only
		}
		want := readTensors(t, filepath.Join(goldenRoot(), "rgp", "hfhead_r1_parts.safetensors"))
		e := c.engine(t, false, false)
		for tag, norm := range map[string]float64{"C": c.C, "Cmedian": c.HFHead.CMedian} {
			c.begin(t, e, 0)
			stats, err := e.Accumulate(c.all(), dp.Clip{Norm: norm, Quantum: rgpQuantum})
			fatal(t, err)
			near(t, "norm", stats.Norm, c.HFHead.GradNorm, 0, c.tol.norms)
			c.compareSums(t, e, "clipped_sum_"+tag+".", want)
		}
	})
}

// The carriers follow from the seed and the weights, and both are orthonormal.
func TestCarriersAreOrthonormal(t *testing.T) {
	m := tinyModel(model.BERT)
	e := newEngine(t, m, model.Method{Kind: model.RGP, Rank: 3}, EngineOptions{Precision: "float64"})
	draw := func(seed uint64) (all []float64) {
		fatal(t, e.BeginLot(seed))
		for _, k := range e.core.(*core[float64]).carriers {
			l, r := k.left.data.Data, k.right.data.Data
			for i := range k.rank {
				for j := range k.rank {
					want := 0.0
					if i == j {
						want = 1
					}
					across := 0.0
					for at := range k.In {
						across += r[i*k.In+at] * r[j*k.In+at]
					}
					near(t, k.Key, []float64{columnDot(l, k.rows, k.rank, i, j), across}, []float64{want, want}, 1e-12, 0)
				}
			}
			all = append(append(all, l...), r...)
		}
		return all
	}
	one, two, again := draw(1), draw(2), draw(1)
	if !slices.Equal(one, again) {
		t.Error("one seed gives different carriers")
	}
	if slices.Equal(one, two) {
		t.Error("two seeds give the same carriers")
	}
}

// With S = 0, noise of standard deviation s on each number of dL, dR has E|G|² = s² Σ ((out + in) r + 3 r²): RGP
// section 3's formula, the plus sign's.
func TestNoiseAloneRebuildsToItsFormula(t *testing.T) {
	m := tinyModel(model.BERT)
	for sign, weight := range map[bool]float64{false: 3, true: -1} {
		e := newEngine(t, m, model.Method{Kind: model.RGP, Rank: 2, CoreMinus: sign}, EngineOptions{Precision: "float64"})
		want := 0.0
		for _, k := range e.core.(*core64).carriers {
			want += float64((k.rows+k.In)*k.rank) + weight*float64(k.rank*k.rank)
		}
		total, trials := 0.0, 60
		stream := starts(99)
		for trial := range trials {
			fatal(t, e.BeginLot(uint64(trial)))
			before := cloneState(e.State())
			noise := make([]int64, e.Dim())
			for i, z := range stream(fmt.Sprint(trial), len(noise)) {
				noise[i] = int64(z * 0x1p30)
			}
			fatal(t, e.Step(Update{Noise: given(noise), Quantum: 0x1p-30, Divisor: 1, LearningRate: 1, K: 1, Optimizer: dp.Optimizer{Kind: dp.SGD}}))
			for key, got := range moved(before, e.State()) {
				if !strings.HasPrefix(key, "classifier") && !strings.HasPrefix(key, "head") {
					total += normOf(got) * normOf(got) / float64(trials)
				}
			}
			fatal(t, e.Restore(before))
		}
		// |G|² is about a χ² with `want` degrees of freedom: its mean over 60 trials deviates by √(2·want/60), 0.6 %.
		// Five of these: 3 %.
		near(t, "mean of |G|²", []float64{total}, []float64{want}, 0, 0.03)
	}
}

type core64 = core[float64]
