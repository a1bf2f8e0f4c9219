package pipeline

import (
	"math"
	"testing"
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// TestDryRunOfThePaper compares the plan of --preset paper with the authors' logs and with exact values (computed by contour
// inversion in 40-digit arithmetic; the accountant's tests hold the sources).
func TestDryRunOfThePaper(t *testing.T) {
	runs, err := DryRun(ReproduceOptions{Preset: "paper"}, func(m model.Method) (float64, error) {
		if m.Kind != model.RGP || m.Rank != 1 {
			t.Errorf("method %+v, want RGP of rank 1", m)
		}
		return 10, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		task                                                  string
		steps                                                 int64
		delta, order1, certified, spent, authorPRV, authorRDP float64
	}
	want := []row{
		{"SST-2", 660, 1e-5, .7865, .798198, 8.289, .817, .8775}, {"SST-2", 660, 1e-6, .8215, .843741, 8.511, 0, .921},
		{"QNLI", 1040, 1e-5, .711, .725917, 8.459, .7295, .793}, {"QNLI", 1040, 1e-6, .7395, .764149, 8.712, .768, .829},
		{"QQP", 3620, 1e-5, .5635, .584753, 9.095, .587, .6325}, {"QQP", 3620, 1e-6, .580, .611129, 9.540, .6135, .6575},
		{"MNLI", 3920, 1e-5, .557, .578560, 9.140, .581, .6255}, {"MNLI", 3920, 1e-6, .573, .604481, 9.600, .607, .650},
	}
	if len(runs) != len(want) {
		t.Fatalf("%d runs, want %d", len(runs), len(want))
	}
	for i, w := range want {
		r := runs[i]
		if r.Task != w.task || r.Steps != w.steps || r.Delta != w.delta || math.Abs(r.Edgeworth-w.order1) > 1e-12 ||
			math.Abs(r.Certified-w.certified) > 1e-6 || math.Abs(r.TrueEpsilon.Upper-w.spent) > 1e-3 ||
			r.AuthorsPRV != w.authorPRV || r.AuthorsRDP != w.authorRDP {
			t.Errorf("run %d: %+v, want %+v", i, r, w)
		}
		if r.RDP <= r.Certified {
			t.Errorf("run %d: RDP noise %v below the certified %v", i, r.RDP, r.Certified)
		}
		if wantTime := time.Duration(float64(r.Steps*2000) / 10 * 1e9); r.Time != wantTime {
			t.Errorf("run %d: time %v at 10 examples a second, want %v", i, r.Time, wantTime)
		}
	}
}

// TestMeasureSpeed only asks for a positive finite number; benchmarks time.
func TestMeasureSpeed(t *testing.T) {
	var clock time.Time
	speed, err := MeasureSpeed(ReproduceOptions{}, model.Method{Kind: model.LoRA}, 16, func() time.Time {
		clock = clock.Add(time.Second)
		return clock
	})
	if err != nil || speed != 8 {
		t.Errorf("speed %v, %v: want the 8 examples of a batch in the one second of the clock", speed, err)
	}
	if _, err := PresetByName("nobody2022"); err == nil {
		t.Error("unknown preset: no error")
	}
}
