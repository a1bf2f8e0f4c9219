package trainer

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// recordingSource tells which rows were read.
type recordingSource struct {
	*memorySource
	rows []int64
}

func newRecordingSource(n int) *recordingSource {
	r := &recordingSource{memorySource: newSource(n, 40, 12)}
	r.mutate = func(rows []int64) []int64 {
		r.rows = slices.Clone(rows)
		return rows
	}
	return r
}

// startRun begins a run that a test steps by hand.
func startRun(t *testing.T, p Plan, s Source, o Options) *run {
	t.Helper()
	resolved, _, err := p.resolve(int64(s.Len()), smallModel().Config)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRun(context.Background(), resolved, s, smallModel(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.close() })
	key, err := resolved.newKey()
	if err == nil {
		err = r.use(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.begin(planRecord{planSchema, resolved, s.Hash(), "model", ""}); err != nil {
		t.Fatal(err)
	}
	return r
}

// weights are the trained numbers of an engine in float64.
func weights(e *Engine) []float64 {
	var all []float64
	for _, s := range e.State() {
		if strings.HasPrefix(s.Name, stateWeight) {
			all = append(all, s.Float64...)
		}
	}
	return all
}

// clippedSum computes the lot's sum by other means: each example alone through an engine of its own under a clip that
// is never reached, then clipped here.
func clippedSum(t *testing.T, r *run, lot []int64, norm float64) []float64 {
	t.Helper()
	const unclipped = 1e4
	m := smallModel()
	e, err := NewEngine(m, r.plan.Method, EngineOptions{Precision: "float64"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Restore(r.engine.State()); err != nil {
		t.Fatal(err)
	}
	sum := make([]float64, e.Dim())
	s := newSource(r.source.Len(), 40, 12)
	for _, row := range lot {
		var b model.Batch
		b.AppendExample(m.Config, row, s.labels[row], s.ids[row], nil)
		if err := e.BeginLot(0); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Accumulate(&b, dp.Clip{Norm: unclipped, Quantum: 0x1p-50}); err != nil {
			t.Fatal(err)
		}
		var square float64
		for _, v := range e.Sum() {
			square += float64(v) * float64(v) * 0x1p-100
		}
		factor := min(1, norm/math.Sqrt(square))
		for i, v := range e.Sum() {
			sum[i] += factor * float64(v) * 0x1p-50
		}
	}
	return sum
}

// TestTheNoiseThatRanIsTheNoiseThatWasPriced takes a run apart. With SGD at rate 1 the weights move by (sum +
// noise)/B, so B times the move less the sum of clipped gradients, computed by other means from the rows that were
// really read, must be independent normals of standard deviation σ·sensitivity: the noise of every step, whole, once,
// and no other deviation. σ is small, so that one example more or less shows.
//
// With n numbers the mean of z² is within 6.1·√(2/n) of 1 and the mean of z within 6.1/√n of 0 with probability
// 1-1e-9 each; √n·D of Kolmogorov and Smirnov stays below 3.28 with 1-1e-9 (Massart 1990); products of the noises of
// neighbouring steps have mean 0 within 6.1/√n.
func TestTheNoiseThatRanIsTheNoiseThatWasPriced(t *testing.T) {
	const norm, multiplier = 0.05, 0.01
	for _, maxTokens := range []int{0, 24} { // with many small batches the noise must still come once
		s := newRecordingSource(300)
		p := Plan{ExpectedBatchSize: 30, Steps: 6, NoiseMultiplier: multiplier, Delta: 1e-5, ClippingNorm: norm, Method: model.Method{Kind: model.Full},
			Optimizer: dp.Optimizer{Kind: dp.SGD}, LearningRate: 1, Schedule: Schedule{Kind: Constant}, Precision: "float64"}
		r := startRun(t, p, s, Options{Engine: EngineOptions{MaxTokens: maxTokens}})
		var z, previous []float64
		var drift float64
		for range p.Steps {
			before := weights(r.engine)
			state := copyState(r.engine.State())
			if err := r.step(context.Background()); err != nil {
				t.Fatal(err)
			}
			moved := weights(r.engine)
			after := copyState(r.engine.State())
			r.engine.Restore(state)
			sum := clippedSum(t, r, s.rows, p.ClippingNorm)
			r.engine.Restore(after)
			noise := make([]float64, len(sum))
			for i := range sum {
				noise[i] = ((before[i]-moved[i])*30 - sum[i]) / (multiplier * norm)
				if previous != nil {
					drift += noise[i] * previous[i]
				}
			}
			z, previous = append(z, noise...), noise
		}
		checkNormal(t, z)
		n := float64(len(z) - len(previous))
		if math.Abs(drift/n) > 6.1/math.Sqrt(n) {
			t.Errorf("neighbouring steps: mean product %v of %v noises", drift/n, n)
		}
	}
}

func copyState(state []StateTensor) []StateTensor {
	clone := slices.Clone(state)
	for i, s := range clone {
		clone[i].Float32, clone[i].Float64 = slices.Clone(s.Float32), slices.Clone(s.Float64)
	}
	return clone
}

func checkNormal(t *testing.T, z []float64) {
	t.Helper()
	n := float64(len(z))
	var mean, square, worst float64
	for _, v := range z {
		mean += v / n
		square += v * v / n
	}
	slices.Sort(z)
	for i, v := range z {
		p := 0.5 * math.Erfc(-v/math.Sqrt2)
		worst = max(worst, math.Abs(p-float64(i)/n), math.Abs(p-float64(i+1)/n))
	}
	if math.Abs(mean) > 6.1/math.Sqrt(n) || math.Abs(square-1) > 6.1*math.Sqrt(2/n)+0.003 || math.Sqrt(n)*worst > 3.28 {
		t.Errorf("%v numbers of noise: mean %v, variance %v, √n·D %v: not the priced normal", n, mean, square, math.Sqrt(n)*worst)
	}
}

// TestLotsFollowTheRate compares the sizes of a run's lots with the binomial of the priced rate (Bernstein, 1e-9).
func TestLotsFollowTheRate(t *testing.T) {
	s := newRecordingSource(200)
	p := smallPlan()
	p.ExpectedBatchSize, p.Steps, p.Method = 20, 300, model.Method{Kind: model.Head}
	r := startRun(t, p, s, Options{})
	var total, square float64
	for range p.Steps {
		s.rows = nil
		if err := r.step(context.Background()); err != nil {
			t.Fatal(err)
		}
		total += float64(len(s.rows))
		square += math.Pow(float64(len(s.rows))-20, 2)
	}
	variance := 200 * 0.1 * 0.9 * 300
	if log := math.Log(2e9); math.Abs(total-20*300) > math.Sqrt(2*variance*log)+2*log/3 {
		t.Errorf("%v examples in 300 lots, want about 6000", total)
	}
	if ratio := square / variance; math.Abs(ratio-1) > 6.1*math.Sqrt(2.0/300) {
		t.Errorf("lot sizes vary %v times as much as a binomial", ratio)
	}
}

// TestEmptyLotsStep: an empty lot still steps, by noise over the expected batch size.
func TestEmptyLotsStep(t *testing.T) {
	s := newRecordingSource(200)
	p := smallPlan()
	p.ExpectedBatchSize, p.Steps, p.Epsilon, p.NoiseMultiplier = 1, 12, 0, 1
	p.AdaptiveClip = &dp.Adaptive{CountNoise: 20}
	r := startRun(t, seeded(p, 1), s, Options{}) // a third of the lots are empty, under a key of its own perhaps none
	empty := 0
	for range p.Steps {
		s.rows = nil
		before := copyState(r.engine.State())
		if err := r.step(context.Background()); err != nil {
			t.Fatal(err)
		}
		if s.rows == nil {
			empty++
			if slices.Equal(before[0].Float32, r.engine.State()[0].Float32) {
				t.Error("an empty lot made no step")
			}
		}
	}
	if empty == 0 || len(r.book.ledger.Events()) != 12 {
		t.Errorf("%d empty lots, %d events", empty, len(r.book.ledger.Events()))
	}
}

// TestNonFiniteGradientsCountAsZero gives the model a weight that makes one token's examples overflow.
func TestNonFiniteGradientsCountAsZero(t *testing.T) {
	m, s := smallModel(), newSource(200, 40, 12)
	table := m.Tensor("bert.embeddings.word_embeddings.weight")
	for i := range 16 {
		table.Data[7*16+i] = float32(math.NaN())
	}
	r, err := Train(context.Background(), smallPlan(), s, m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.NonFinite == 0 || r.NonFinite == r.Examples {
		t.Errorf("%d of %d examples not finite", r.NonFinite, r.Examples)
	}
	for _, tensor := range r.Model.Tensors {
		for _, v := range tensor.Data {
			if tensor.Name != table.Name && !finite(float64(v)) {
				t.Fatalf("%s holds %v", tensor.Name, v)
			}
		}
	}
}

// TestEveryMethodAndModeRuns makes a few steps of each and checks that all that is trained got a gradient and moved.
func TestEveryMethodAndModeRuns(t *testing.T) {
	s := newSource(200, 40, 12)
	for name, change := range map[string]func(*Plan){
		"full":      func(p *Plan) { p.Method = model.Method{Kind: model.Full} },
		"bitfit":    func(p *Plan) { p.Method = model.Method{Kind: model.BitFit} },
		"head":      func(p *Plan) { p.Method = model.Method{Kind: model.Head} },
		"rgp":       func(p *Plan) { p.Method = model.Method{Kind: model.RGP, LinearHead: true} },
		"adapter":   func(p *Plan) { p.Method = model.Method{Kind: model.Adapter, Rank: 4} },
		"prompt":    func(p *Plan) { p.Method = model.Method{Kind: model.Prompt, Rank: 4} },
		"bfloat16":  func(p *Plan) { p.Precision = BFloat16 },
		"automatic": func(p *Plan) { p.ClippingMode = dp.ClipAutomatic },
		"per-layer": func(p *Plan) { p.ClippingMode = dp.ClipPerLayer },
		"adaptive":  func(p *Plan) { p.AdaptiveClip, p.ExpectedBatchSize = &dp.Adaptive{}, 60 },
		"adambc":    func(p *Plan) { p.Optimizer.Kind = dp.AdamBC },
		"momentum":  func(p *Plan) { p.Optimizer = dp.Optimizer{Kind: dp.SGD, Momentum: 0.9} },
		"phases":    func(p *Plan) { p.Phases = []Phase{{Steps: 6, NoiseFactor: 2}, {Steps: 10, ClipFactor: 0.5}} },
		"dropout":   func(p *Plan) { p.Dropout = true },
		"float64":   func(p *Plan) { p.Precision = "float64" },
	} {
		t.Run(name, func(t *testing.T) {
			p := smallPlan()
			change(&p)
			r := mustTrain(t, p, s, Options{})
			if r.Epsilon.Epsilon.Upper > 8 {
				t.Errorf("epsilon %v", r.Epsilon.Epsilon)
			}
			for _, w := range r.Warnings {
				if strings.Contains(w, "gradient") || strings.Contains(w, "move") {
					t.Error(w)
				}
			}
		})
	}
}

// TestTheLedgerComesBeforeTheModel fills the disk under the ledger: the step must fail without having moved a weight.
func TestTheLedgerComesBeforeTheModel(t *testing.T) {
	r := startRun(t, smallPlan(), newSource(200, 40, 12), Options{Dir: t.TempDir()})
	if err := r.step(context.Background()); err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.book.file.close()
	r.book.file.file = full
	before := copyState(r.engine.State())
	if err := r.step(context.Background()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk gave %v", err)
	}
	for i, s := range r.engine.State() {
		if !slices.Equal(s.Float32, before[i].Float32) {
			t.Errorf("%s moved", s.Name)
		}
	}
}

// TestTheBudgetEndsTheRun: no step follows the last one of the plan.
func TestTheBudgetEndsTheRun(t *testing.T) {
	r := startRun(t, smallPlan(), newSource(200, 40, 12), Options{})
	if err := r.loop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := r.step(context.Background()); err == nil || len(r.book.ledger.Events()) != 16 {
		t.Errorf("a step beyond the plan: %v, %d events", err, len(r.book.ledger.Events()))
	}
}

// TestNoiseFollowsFromTheKeyAlone: nothing that a plan publishes (method seed, step, weights) fixes the noise, and the
// carriers of RGP tell nothing of it: the authors' code draws both from one stream with a published seed.
func TestNoiseFollowsFromTheKeyAlone(t *testing.T) {
	p := smallPlan()
	p.Method = model.Method{Kind: model.RGP, LinearHead: true, Seed: 3}
	s := newSource(200, 40, 12)
	a, b := startRun(t, p, s, Options{}), startRun(t, p, s, Options{})
	g, err := dp.NewGaussian(1 << 40)
	if err != nil {
		t.Fatal(err)
	}
	noiseA, noiseB := make([]int64, a.engine.Dim()), make([]int64, a.engine.Dim())
	g.Noise(a.key, 1).AddTo(noiseA, 0)
	g.Noise(b.key, 1).AddTo(noiseB, 0)
	equal := 0
	for i := range noiseA {
		if noiseA[i] == noiseB[i] {
			equal++
		}
	}
	if equal > 2 {
		t.Errorf("%d of %d numbers of two runs' noise are equal", equal, len(noiseA))
	}
	if a.key.Seed(dp.DomainLot, 1) == a.key.Stream(dp.DomainNoise, 1, 0).Uint64() {
		t.Error("carriers and noise share a stream")
	}
}
