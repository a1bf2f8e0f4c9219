package trainer

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// readCanaryFile decodes one and checks its header.
func readCanaryFile(t *testing.T, data []byte, kind string) []canaryLine {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	var h canaryHeader
	if err := d.Decode(&h); err != nil || h.Kind != kind || h.Schema != "ewtune.audit/v1" {
		t.Fatalf("header %+v: %v", h, err)
	}
	lines := make([]canaryLine, h.Canaries)
	for i := range lines {
		if err := d.Decode(&lines[i]); err != nil {
			t.Fatal(err)
		}
	}
	if d.More() {
		t.Fatal("more lines than promised")
	}
	return lines
}

// rightGuesses guesses the upper half in and the lower half out.
func rightGuesses(lines []canaryLine) int {
	slices.SortFunc(lines, func(a, b canaryLine) int {
		if a.Score > b.Score {
			return -1
		}
		return 1
	})
	right := 0
	for i, l := range lines {
		if l.Included == (i < len(lines)/2) {
			right++
		}
	}
	return right
}

func auditPlan() Plan {
	return Plan{ExpectedBatchSize: 80, Steps: 30, NoiseMultiplier: 20, Delta: 1e-5, ClippingNorm: 1, Method: model.Method{Kind: model.Full},
		LearningRate: 0.01, Audit: &Audit{Gradients: 400}}
}

// TestGradientCanariesSeeTheNoise: a canary of norm C that enters T lots with probability q shifts its score by TqC
// under noise of standard deviation σC√T. So the guesses show σ: with q = .16 and T = 30 the shift is 4.8C, against
// .05·√30 C = .3C, the noise of a broken trainer, and 110C, that of the plan.
func TestGradientCanariesSeeTheNoise(t *testing.T) {
	s := newSource(100, 40, 12)
	p := auditPlan()
	got := mustTrain(t, p, s, Options{})
	// Fair coins: 400 guesses are right 200 times, within 10 + 4·√100 but with probability 1e-5.
	if right := rightGuesses(readCanaryFile(t, got.Canaries[gradientCanaries], gradientCanaries)); right > 250 {
		t.Errorf("%d of 400 guessed right through a noise multiplier of 20", right)
	}
	p.NoiseMultiplier = 0.05
	got = mustTrain(t, p, s, Options{})
	if right := rightGuesses(readCanaryFile(t, got.Canaries[gradientCanaries], gradientCanaries)); right < 300 {
		t.Errorf("%d of 400 guessed right although there is hardly any noise", right)
	}
}

// TestInputCanariesAreMemorised by a run without privacy.
func TestInputCanariesAreMemorised(t *testing.T) {
	p := Plan{NonPrivate: true, ExpectedBatchSize: 20, Steps: 800, Method: model.Method{Kind: model.Full}, LearningRate: 0.005,
		Audit: &Audit{Inputs: 100, Secrets: 100, Length: 10}}
	got := mustTrain(t, seeded(p, 1), newSource(20, 40, 12), Options{})
	right := 0
	for _, kind := range []string{inputCanaries, secretCanaries} {
		right += rightGuesses(readCanaryFile(t, got.Canaries[kind], kind))
	}
	// A coin gives 100 ± 7. Half of the excluded ones carry by chance the label that the model gives them anyway:
	// about 150 is the most.
	if right < 120 {
		t.Errorf("%d of 200 canaries guessed right", right)
	}
}

// TestCanariesStayOutOfTheRate: the lots' rate does not depend on how many coins fell in, and excluded canaries never
// train.
func TestCanariesStayOutOfTheRate(t *testing.T) {
	p := auditPlan()
	p.Audit.Inputs = 50
	r := startRun(t, p, newSource(100, 40, 12), Options{})
	if r.plan.DatasetSize != 550 || r.plan.SamplingRate != 80.0/550 {
		t.Errorf("N %d, q %v", r.plan.DatasetSize, r.plan.SamplingRate)
	}
	all := make([]int64, 550)
	for i := range all {
		all[i] = int64(i)
	}
	data, examples, gradients := r.planted.split(all)
	for _, i := range examples {
		if !r.planted.examples[i].included {
			t.Error("an excluded example is in a lot")
		}
	}
	if len(data) != 100 || len(examples) < 10 || len(examples) > 40 || len(gradients) < 150 || len(gradients) > 250 {
		t.Errorf("%d rows, %d of 50 examples, %d of 400 gradients", len(data), len(examples), len(gradients))
	}
}

// TestAuditedRunResumes: scores and files are those of an uninterrupted run.
func TestAuditedRunResumes(t *testing.T) {
	s, dir := newSource(100, 40, 12), t.TempDir()
	p := seeded(auditPlan(), 6)
	p.Audit.Inputs = 10
	want := mustTrain(t, p, s, Options{})
	ctx, stop := context.WithCancel(context.Background())
	Train(ctx, p, s, smallModel(), Options{Dir: dir, Progress: func(p Progress) {
		if p.Step == 12 {
			stop()
		}
	}})
	for range 2 { // the second time the run is finished already
		got, err := Resume(context.Background(), s, smallModel(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for kind, data := range want.Canaries {
			if !bytes.Equal(got.Canaries[kind], data) {
				t.Errorf("%s canaries differ", kind)
			}
		}
	}
}

func TestAuditIsValidated(t *testing.T) {
	c := smallModel().Config
	for _, a := range []Audit{{Inputs: -1}, {Length: 5}, {Length: 99}} {
		if a.withDefaults().validate(c, true) == nil {
			t.Errorf("%+v: no error", a)
		}
	}
	if (&Audit{Gradients: 1, Length: 10}).validate(c, false) == nil {
		t.Error("gradient canaries without privacy: no error")
	}
	if _, err := plant(&Audit{Gradients: 11, Length: 10}, c, 10, 0, dp.Key{}); err == nil {
		t.Error("more gradient canaries than numbers: no error")
	}
}

func TestCrossEntropy(t *testing.T) {
	if got := CrossEntropy([]float64{1000, 1000}, 1); math.Abs(got-math.Ln2) > 1e-15 {
		t.Errorf("got %v, want log 2", got)
	}
}

// TestMembershipSeesOverfitting: a model that learned 40 rows by heart tells them from 40 others, with both scores (a
// coin: 40 ± 4.5; the most is about 54, for half of the others fit by chance).
func TestMembershipSeesOverfitting(t *testing.T) {
	p := Plan{NonPrivate: true, ExpectedBatchSize: 40, Steps: 400, Method: model.Method{Kind: model.Full}, LearningRate: 0.005}
	members, others := newSource(40, 40, 12), newSource(41, 40, 12)
	for i := range members.labels {
		members.labels[i], others.labels[i] = int32(i%2), int32(i%2) // nothing to learn but the rows
	}
	r := mustTrain(t, seeded(p, 1), members, Options{})
	for kind, before := range map[string]*model.Model{membershipRatio: smallModel(), membershipLoss: nil} {
		data, err := Membership(context.Background(), members, others, 40, before, r, EngineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		lines := readCanaryFile(t, data, kind)
		if right := rightGuesses(lines); len(lines) != 80 || right < 50 {
			t.Errorf("%s: %d of %d right", kind, right, len(lines))
		}
	}
}
