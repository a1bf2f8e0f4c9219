package accountant

import "fmt"

// Claim is a published statement: the plan is (Epsilon, Delta)-differentially private.
type Claim struct {
	Plan    Plan
	Delta   float64
	Epsilon float64
}

// Verdict is what the certified accountant says of a claim.
type Verdict struct {
	Holds  bool   // proven true
	Fails  bool   // proven false; with neither, the claim lies inside the interval or above an unproven lower end
	Result Result // the true epsilon
	Words  string // one sentence
}

// Check prices the plan and compares.
func Check(c Claim) (Verdict, error) {
	if err := validateEpsilon(c.Epsilon); err != nil {
		return Verdict{}, fmt.Errorf("claim: %w", err)
	}
	r, err := Epsilon(c.Plan, c.Delta)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Holds: c.Epsilon >= r.Epsilon.Upper, Fails: c.Epsilon < r.Epsilon.Lower, Result: r}
	switch {
	case v.Holds:
		v.Words = fmt.Sprintf("the claim holds: the true epsilon is at most %.10g, and %.10g was claimed", r.Epsilon.Upper, c.Epsilon)
	case v.Fails:
		v.Words = fmt.Sprintf("the claim is false: the true epsilon is at least %.10g, and %.10g was claimed", r.Epsilon.Lower, c.Epsilon)
	default:
		v.Words = fmt.Sprintf("undecided: the true epsilon lies in [%.10g, %.10g], and %.10g was claimed", r.Epsilon.Lower, r.Epsilon.Upper, c.Epsilon)
	}
	return v, nil
}

// PaperRow is one setting of EW-Tune's authors (arXiv 2210.15042 and their training logs), epsilon 8, lots of 2000.
type PaperRow struct {
	Task        string   `json:"task"`
	DatasetSize int64    `json:"dataset_size"`
	Steps       int64    `json:"steps"`
	Delta       float64  `json:"delta"`
	Edgeworth   float64  `json:"noise_edgeworth"`  // noise multiplier that their Edgeworth accountant set
	PRV         float64  `json:"noise_prv"`        // that they compare with; 0: none printed
	RDP         float64  `json:"noise_rdp"`        // likewise
	Certified   float64  `json:"noise_certified"`  // the smallest that provably meets (8, delta)
	Epsilon     Interval `json:"epsilon"`          // true epsilon at the Edgeworth noise
	Estimate    float64  `json:"epsilon_estimate"` // what their accountant says there
}

// PaperTable returns the eight settings with the certified values beside.
func PaperTable() ([]PaperRow, error) {
	rows := []PaperRow{
		{Task: "MNLI", DatasetSize: 392702, Steps: 3920, Delta: 1e-5, Edgeworth: 0.557, PRV: 0.581, RDP: 0.6255},
		{Task: "QQP", DatasetSize: 363849, Steps: 3620, Delta: 1e-5, Edgeworth: 0.5635, PRV: 0.587, RDP: 0.6325},
		{Task: "QNLI", DatasetSize: 104743, Steps: 1040, Delta: 1e-5, Edgeworth: 0.711, PRV: 0.7295, RDP: 0.793},
		{Task: "SST-2", DatasetSize: 67349, Steps: 660, Delta: 1e-5, Edgeworth: 0.7865, PRV: 0.817, RDP: 0.8775},
		{Task: "MNLI", DatasetSize: 392702, Steps: 3920, Delta: 1e-6, Edgeworth: 0.573, PRV: 0.607, RDP: 0.650},
		{Task: "QQP", DatasetSize: 363849, Steps: 3620, Delta: 1e-6, Edgeworth: 0.580, PRV: 0.6135, RDP: 0.6575},
		{Task: "QNLI", DatasetSize: 104743, Steps: 1040, Delta: 1e-6, Edgeworth: 0.7395, PRV: 0.768, RDP: 0.829},
		{Task: "SST-2", DatasetSize: 67349, Steps: 660, Delta: 1e-6, Edgeworth: 0.8215, RDP: 0.921},
	}
	for i := range rows {
		if err := rows[i].fill(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (r *PaperRow) fill() error {
	q := 2000 / float64(r.DatasetSize)
	p := Homogeneous(q, r.Edgeworth, r.Steps)
	exact, err := Epsilon(p, r.Delta)
	if err != nil {
		return err
	}
	estimate, err := Edgeworth(p, r.Delta, 1)
	if err != nil {
		return err
	}
	r.Epsilon, r.Estimate = exact.Epsilon, estimate.Epsilon.Estimate
	r.Certified, err = NoiseMultiplier(q, r.Steps, 8, r.Delta)
	return err
}
