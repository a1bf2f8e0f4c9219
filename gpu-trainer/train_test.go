package trainer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

func seeded(p Plan, seed uint64) Plan {
	p.Seed = &seed
	return p
}

func mustTrain(t *testing.T, p Plan, s Source, o Options) Result {
	t.Helper()
	r, err := Train(context.Background(), p, s, smallModel(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sameModel tells whether two models are equal to the bit.
func sameModel(a, b *model.Model) bool {
	return slices.EqualFunc(a.Tensors, b.Tensors, func(x, y model.Tensor) bool { return x.Name == y.Name && slices.Equal(x.Data, y.Data) })
}

func TestTrainKeepsItsBudget(t *testing.T) {
	var seen []Progress
	r := mustTrain(t, smallPlan(), newSource(200, 40, 12), Options{Dir: t.TempDir(), Progress: func(p Progress) { seen = append(seen, p) }})
	if r.Epsilon.Epsilon.Upper > 8 || r.Epsilon.Epsilon.Upper < 7.9 {
		t.Errorf("epsilon %v, want just below 8", r.Epsilon.Epsilon)
	}
	if len(seen) != 16 || seen[15].Epsilon != r.Epsilon.Epsilon.Upper {
		t.Errorf("progress %+v", seen)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i].Epsilon < seen[i-1].Epsilon {
			t.Errorf("epsilon fell from %v to %v", seen[i-1].Epsilon, seen[i].Epsilon)
		}
	}
	if len(r.Warnings) != 0 {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestTrainLearns(t *testing.T) {
	p := smallPlan()
	p.NonPrivate, p.Steps, p.Method = true, 200, model.Method{Kind: model.Full}
	p.LearningRate = 0.005
	s := newSource(200, 40, 12)
	r := mustTrain(t, p, s, Options{})
	got, err := Evaluate(context.Background(), s, r.Model, p.Method, EngineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i := range got.Labels {
		if got.Predicted(i) == int(got.Labels[i]) && got.RowIDs[i] == int64(i) {
			right++
		}
	}
	if right < 190 {
		t.Errorf("%d of 200 right", right)
	}
}

func TestSeedRepeats(t *testing.T) {
	s := newSource(200, 40, 12)
	a := mustTrain(t, seeded(smallPlan(), 1), s, Options{})
	b := mustTrain(t, seeded(smallPlan(), 1), s, Options{Engine: EngineOptions{Threads: 1, MaxTokens: 16}})
	c := mustTrain(t, smallPlan(), s, Options{})
	d := mustTrain(t, smallPlan(), s, Options{})
	if !sameModel(a.Model, b.Model) {
		t.Error("one seed, two models: threads or packing changed a bit")
	}
	if sameModel(c.Model, d.Model) {
		t.Error("two secret keys, one model")
	}
	if !strings.Contains(strings.Join(a.Warnings, "\n"), "no privacy") || !a.Ledger.Header().SeedKnown {
		t.Errorf("the seed is not disclosed: %q", a.Warnings)
	}
}

func TestRunFolder(t *testing.T) {
	dir, s := t.TempDir(), newSource(200, 40, 12)
	first := mustTrain(t, smallPlan(), s, Options{Dir: dir})
	if _, err := os.Stat(filepath.Join(dir, keyFile)); !os.IsNotExist(err) {
		t.Error("the key survived the run")
	}
	if _, err := Train(context.Background(), smallPlan(), s, smallModel(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "holds a run already") {
		t.Errorf("a second run in one folder: %v", err)
	}
	again, err := Resume(context.Background(), s, smallModel(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !sameModel(first.Model, again.Model) || first.Epsilon.Epsilon != again.Epsilon.Epsilon {
		t.Error("a finished run gave another result")
	}
}

func TestStopAndResume(t *testing.T) {
	s := newSource(200, 40, 12)
	want := mustTrain(t, seeded(smallPlan(), 3), s, Options{})
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	_, err := Train(ctx, seeded(smallPlan(), 3), s, smallModel(), Options{Dir: dir, Progress: func(p Progress) {
		if p.Step == 5 {
			stop()
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "stopped after step 5 of 16") {
		t.Fatal(err)
	}
	got, err := Resume(context.Background(), s, smallModel(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !sameModel(want.Model, got.Model) {
		t.Error("the resumed run gave another model")
	}
}

// TestResumeWantsTheSameArithmetic: with other sums under the same noise a step that is done again would be a second
// release. A finished run, and one without privacy, has none to protect.
func TestResumeWantsTheSameArithmetic(t *testing.T) {
	for what, c := range map[string]struct {
		private, stopped bool
	}{"private": {true, true}, "finished": {true, false}, "public": {false, true}} {
		dir, s, plan := t.TempDir(), newSource(200, 40, 12), seeded(smallPlan(), 3)
		if !c.private {
			plan.NonPrivate, plan.Epsilon, plan.ClippingNorm = true, 0, 0
		}
		ctx, stop := context.WithCancel(context.Background())
		_, err := Train(ctx, plan, s, smallModel(), Options{Dir: dir, Progress: func(p Progress) {
			if p.Step == 5 && c.stopped {
				stop()
			}
		}})
		if (err != nil) != c.stopped {
			t.Fatal(err)
		}
		path := filepath.Join(dir, planFile)
		data, err := os.ReadFile(path)
		fatal(t, err)
		engine := newEngine(t, smallModel(), plan.Method, EngineOptions{})
		other := strings.Replace(string(data), fmt.Sprintf("%q", engine.core.unit()), `"abacus"`, 1)
		fatal(t, os.WriteFile(path, []byte(other), 0o666))
		_, err = Resume(context.Background(), s, smallModel(), Options{Dir: dir})
		if refused := err != nil && strings.Contains(err.Error(), "the run was begun with abacus"); refused != (what == "private") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestTruncatedLots: a run whose lots are capped keeps the cap and pays for it. The cap of 62 lies four standard
// deviations above the mean lot of 40 of 200 rows; one that most lots pass costs much more.
func TestTruncatedLots(t *testing.T) {
	p := smallPlan()
	p.Sampler, p.MaxLot = "truncated-poisson", 62
	r := mustTrain(t, p, newSource(200, 40, 12), Options{Progress: func(p Progress) {
		if p.LotSize > 62 {
			t.Errorf("step %d: a lot of %d rows", p.Step, p.LotSize)
		}
	}})
	if header := r.Ledger.Header(); header.Sampler != "truncated-poisson" || header.MaxLot != 62 {
		t.Errorf("ledger header %+v: want the sampler and its cap", header)
	}
	plain := mustTrain(t, smallPlan(), newSource(200, 40, 12), Options{})
	if r.Epsilon.Epsilon.Upper > 8 || r.Plan.NoiseMultiplier <= plain.Plan.NoiseMultiplier {
		t.Errorf("epsilon %v at noise %v; plain Poisson needs %v, and the cap is not free", r.Epsilon.Epsilon, r.Plan.NoiseMultiplier, plain.Plan.NoiseMultiplier)
	}
	p.MaxLot = 0
	if _, err := Train(context.Background(), p, newSource(200, 40, 12), smallModel(), Options{}); err == nil || !strings.Contains(err.Error(), "lot limit 0") {
		t.Errorf("no cap: %v, want a refusal", err)
	}
	p.MaxLot = 40
	if often := mustTrain(t, p, newSource(200, 40, 12), Options{}); often.Plan.NoiseMultiplier <= r.Plan.NoiseMultiplier || often.Epsilon.Epsilon.Upper > 8 {
		t.Errorf("a cap that most lots pass: noise %v, epsilon %v", often.Plan.NoiseMultiplier, often.Epsilon.Epsilon)
	}
}
