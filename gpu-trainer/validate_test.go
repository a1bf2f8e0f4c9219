package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestPitfallsAreNamed breaks a good plan in each known way: the validator names it, its parameter and a remedy.
func TestPitfallsAreNamed(t *testing.T) {
	seed := uint64(1)
	cases := map[string]func(*Plan){
		"wrong-dataset-size":           func(p *Plan) { p.DatasetSize = 100 },
		"normaliser-from-data":         func(p *Plan) { p.ExpectedBatchSize = 0 },
		"batch-larger-than-data":       func(p *Plan) { p.ExpectedBatchSize = 201 },
		"normaliser-and-rate-disagree": func(p *Plan) { p.SamplingRate = 0.1 },
		"shuffle-priced-as-poisson":    func(p *Plan) { p.Sampler = dp.Shuffle },
		"fixed-size-priced-as-poisson": func(p *Plan) { p.Sampler = dp.FixedSize },
		"sampler":                      func(p *Plan) { p.Sampler = "walk" },
		"most-lots-are-cut":            func(p *Plan) { p.Sampler, p.MaxLot = dp.TruncatedPoisson, p.ExpectedBatchSize-1 },
		"delta":                        func(p *Plan) { p.Delta = 0 },
		"delta-above-one-row":          func(p *Plan) { p.Delta = 0.01 },
		"no-clip":                      func(p *Plan) { p.ClippingNorm = math.Inf(1) },
		"clip-beyond-float32":          func(p *Plan) { p.ClippingNorm = 1e-13 },
		"no-budget":                    func(p *Plan) { p.Epsilon = 0 },
		"noise":                        func(p *Plan) { p.NoiseMultiplier = -1 },
		"noise-seed-known":             func(p *Plan) { p.Seed = &seed },
		"adambc-on-rebuilt-gradients":  func(p *Plan) { p.Optimizer.Kind, p.Method = dp.AdamBC, model.Method{Kind: model.RGP} },
		"adambc-under-changing-noise":  func(p *Plan) { p.Optimizer.Kind, p.AdaptiveClip = dp.AdamBC, &dp.Adaptive{} },
		"adaptive-clip-mode":           func(p *Plan) { p.ClippingMode, p.AdaptiveClip = dp.ClipPerLayer, &dp.Adaptive{} },
		"clipping-mode":                func(p *Plan) { p.ClippingMode = "hard" },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			p := smallPlan()
			change(&p)
			found, err := p.Validate(200, smallModel().Config)
			i := slices.IndexFunc(found, func(f Pitfall) bool { return f.Name == name })
			if i < 0 {
				t.Fatalf("not named; found %v", found)
			}
			if found[i].Parameter == "" || found[i].Remedy == "" || found[i].Fatal != (err != nil) {
				t.Errorf("%+v, error %v", found[i], err)
			}
			if err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("the error does not name it: %v", err)
			}
		})
	}
	if found, err := smallPlan().Validate(200, smallModel().Config); len(found) != 0 || err != nil {
		t.Errorf("a good plan: %v, %v", found, err)
	}
	if _, err := smallPlan().Validate(0, smallModel().Config); err == nil || !strings.Contains(err.Error(), "no-examples") {
		t.Errorf("no rows: %v", err)
	}
}

func TestOverBudgetIsRefused(t *testing.T) {
	p := smallPlan()
	p.NoiseMultiplier, p.Epsilon = 0.8, 8.5
	_, err := Train(context.Background(), p, newSource(200, 40, 12), smallModel(), Options{Dir: t.TempDir()})
	var f Pitfall
	if !errors.As(err, &f) || f.Name != "over-budget" || !strings.Contains(f.Remedy, "at most") {
		t.Errorf("got %v", err)
	}
}

// TestScheduleOfNoiseIsPriced: the multiplier that is found meets the budget, and one a little smaller does not.
func TestScheduleOfNoiseIsPriced(t *testing.T) {
	p := smallPlan()
	p.Steps, p.Phases = 60, []Phase{{Steps: 20, NoiseFactor: 2}, {Steps: 40, NoiseFactor: 0.9, ClipFactor: 0.5}}
	got, _, err := p.resolve(200, smallModel().Config)
	if err != nil {
		t.Fatal(err)
	}
	for factor, within := range map[float64]bool{1: true, 1 - 1e-5: false} {
		tried := got
		tried.NoiseMultiplier *= factor
		if err := tried.withinBudget(); (err == nil) != within {
			t.Errorf("%v times the multiplier %v: %v", factor, got.NoiseMultiplier, err)
		}
	}
}

// TestLedgerHasThePhasesThatWerePriced: the events of all steps make up the plan that was priced, and hold the clip
// where it moves.
func TestLedgerHasThePhasesThatWerePriced(t *testing.T) {
	p := smallPlan()
	p.Steps, p.Phases = 12, []Phase{{Steps: 3, NoiseFactor: 1.5}, {Steps: 4}, {Steps: 5, ClipFactor: 0.5}}
	p, _, err := p.resolve(200, smallModel().Config)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBook(runFolder{}, p.ledgerHeader("data"))
	if err != nil {
		t.Fatal(err)
	}
	for step := range p.Steps {
		if err := b.charge(p.event(step+1, p.ClippingNorm*p.phase(step+1).ClipFactor)); err != nil {
			t.Fatal(err)
		}
	}
	executed, err := b.ledger.Plan()
	if err != nil || !reflect.DeepEqual(executed, p.Accounting(p.Steps)) {
		t.Errorf("ledger %+v, %v: want %+v", executed, err, p.Accounting(p.Steps))
	}
	if n := len(executed.Phases); n != 2 {
		t.Errorf("%d phases: want 2, the clip alone makes none", n)
	}
	if first, last := b.ledger.Events()[0], b.ledger.Events()[11]; last.ClippingNorm != p.ClippingNorm/2 || first.ClippingNorm != p.ClippingNorm {
		t.Errorf("clips %v, %v: want %v and its half", first.ClippingNorm, last.ClippingNorm, p.ClippingNorm)
	}
}

func TestLearningIsValidated(t *testing.T) {
	for name, change := range map[string]func(*Plan){
		"steps":         func(p *Plan) { p.Steps = 0 },
		"learning rate": func(p *Plan) { p.LearningRate = math.NaN() },
		"precision":     func(p *Plan) { p.Precision = "half" },
		"schedule":      func(p *Plan) { p.Schedule.Kind = "steps" },
		"warm-up":       func(p *Plan) { p.Schedule.Warmup = 100 },
		"phase":         func(p *Plan) { p.Phases = []Phase{{Steps: 3}} },
		"optimizer":     func(p *Plan) { p.Optimizer.Kind = "lion" },
		"rank":          func(p *Plan) { p.Method.Rank = -1 },
	} {
		p := smallPlan()
		change(&p)
		if _, err := p.Validate(200, smallModel().Config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSourceMustGiveTheRowsAskedFor: a source that repeats, drops or reorders rows is refused.
func TestSourceMustGiveTheRowsAskedFor(t *testing.T) {
	for name, mutate := range map[string]func([]int64) []int64{
		"repeats":  func(rows []int64) []int64 { return append(slices.Clone(rows), rows[0]) },
		"drops":    func(rows []int64) []int64 { return rows[1:] },
		"reorders": func(rows []int64) []int64 { r := slices.Clone(rows); slices.Reverse(r); return r },
	} {
		s := newSource(200, 40, 12)
		s.mutate = mutate
		if _, err := Train(context.Background(), smallPlan(), s, smallModel(), Options{}); err == nil || !strings.Contains(err.Error(), "exactly") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Schedule
		step int64
		want float64
	}{
		{"authors, first", Schedule{Horizon: 4000}, 1, 1},
		{"authors, SST-2's last", Schedule{Horizon: 4000}, 660, 1 - 659.0/4000},
		{"warm-up", Schedule{Warmup: 4}, 1, 0.25},
		{"warm-up ends", Schedule{Warmup: 4}, 5, 1},
		{"cosine half", Schedule{Kind: Cosine}, 51, 0.5},
		{"end", Schedule{End: 0.1, Horizon: 10}, 99, 0.1},
		{"constant", Schedule{Kind: Constant}, 99, 1},
	} {
		if got := c.s.withDefaults(100).Factor(c.step); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// FuzzPlan: no plan.json makes the validator panic, and what it accepts as private has a clip, a rate and a divisor.
func FuzzPlan(f *testing.F) {
	good, err := json.Marshal(smallPlan())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"sampler":"shuffle","expected_batch_size":-1,"phases":[{"steps":-5}],"adaptive_clip":{},"audit":{"inputs":-9}}`))
	c := smallModel().Config
	f.Fuzz(func(t *testing.T, data []byte) {
		var p Plan
		if json.Unmarshal(data, &p) != nil {
			return
		}
		if _, err := p.Validate(200, c); err != nil || p.NonPrivate {
			return
		}
		p = p.withDefaults(200)
		if !(p.ClippingNorm > 0) || !(p.SamplingRate > 0 && p.SamplingRate <= 1) || p.ExpectedBatchSize < 1 || p.Sampler != dp.Poisson {
			t.Errorf("accepted %+v", p)
		}
	})
}
