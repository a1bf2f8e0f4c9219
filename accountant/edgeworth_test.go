package accountant

import "testing"

// The noise multipliers in the authors' training logs (ε = 8), found again on their own search grid.
func TestPaperNoiseMultipliers(t *testing.T) {
	for _, c := range []struct {
		task  string
		rows  float64
		steps int64
		delta float64
		want  float64
	}{
		{"MNLI", 392702, 3920, 1e-5, 0.557},
		{"QQP", 363849, 3620, 1e-5, 0.5635},
		{"QNLI", 104743, 1040, 1e-5, 0.711},
		{"SST-2", 67349, 660, 1e-5, 0.7865},
		{"MNLI", 392702, 3920, 1e-6, 0.573},
		{"QQP", 363849, 3620, 1e-6, 0.580},
		{"QNLI", 104743, 1040, 1e-6, 0.7395},
		{"SST-2", 67349, 660, 1e-6, 0.8215},
	} {
		got, err := PaperNoiseMultiplier(2000/c.rows, c.steps, 8, c.delta)
		if err != nil || got != c.want {
			t.Errorf("%s at %g: got %v, want %v (%v)", c.task, c.delta, got, c.want, err)
		}
	}
}
