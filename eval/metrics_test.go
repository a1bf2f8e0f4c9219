package eval

import (
	"math"
	"reflect"
	"testing"
)

// formulaPredictions are 1,000 rows of a formula that numpy computes too:
//
//	i = arange(1000); y = i*7919 % 1000 < 420; s = sin(.7 i)*2 + (2y-1)*1.1; logits = [-s/2, s/2]; prediction = s > 0
func formulaPredictions(task string) *Predictions {
	p := &Predictions{PredictionsHeader: PredictionsHeader{Task: task, Split: "dev", Dataset: "d", Labels: []string{"no", "yes"}, Count: 1000, Scores: Logit}}
	for i := range 1000 {
		label := 0
		if i*7919%1000 < 420 {
			label = 1
		}
		s := math.Sin(float64(i)*.7)*2 + float64(2*label-1)*1.1
		row := Prediction{RowID: int64(i), Label: label, Scores: []float64{-s / 2, s / 2}}
		if s > 0 {
			row.Prediction = 1
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// sklearn.metrics: accuracy_score, f1_score, precision_score, recall_score, confusion_matrix, log_loss; the Brier
// score is the sum over both labels, twice brier_score_loss; ECE by numpy over 15 bins of (lower, upper].
func TestMeasureAgainstScikitLearn(t *testing.T) {
	m, err := Measure(formulaPredictions("qqp"))
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]int{{394, 186}, {133, 287}}; !reflect.DeepEqual(m.Confusion, want) {
		t.Fatalf("confusion = %v, want %v", m.Confusion, want)
	}
	for what, pair := range map[string][2]float64{
		"accuracy":         {m.Accuracy.Value, 0.681},
		"F1":               {m.F1.Value, 0.6427771556550952},
		"macro F1":         {m.MacroF1, 0.6773054703298059},
		"precision of no":  {m.Classes[0].Precision, 0.7476280834914611},
		"precision of yes": {m.Classes[1].Precision, 0.6067653276955602},
		"recall of no":     {m.Classes[0].Recall, 0.6793103448275862},
		"recall of yes":    {m.Classes[1].Recall, 0.6833333333333333},
		"log loss":         {m.Calibration.LogLoss, 0.46944758806300924},
		"Brier":            {m.Calibration.Brier, 0.3292215738315895},
		"ECE":              {m.Calibration.ECE, 0.19193324819429392},
		"majority":         {m.Majority.Accuracy, 0.58},
	} {
		near(t, what, pair[0], pair[1], 1e-12)
	}
	rows := 0
	for _, bin := range m.Calibration.Bins {
		rows += bin.Rows
		if bin.Confidence <= bin.Lower || bin.Confidence > bin.Upper {
			t.Errorf("bin %+v: its confidence lies outside", bin)
		}
	}
	if rows != 1000 {
		t.Errorf("the bins hold %d rows, want 1000", rows)
	}
	// numpy.percentile of 4,000 resamples of the rows: [0.6044, 0.6784]; two bootstraps differ by Monte Carlo error,
	// about 0.001 at these ends.
	near(t, "F1 lower", m.F1.Lower, 0.6044, 0.004)
	near(t, "F1 upper", m.F1.Upper, 0.6784, 0.004)
}

// QQP alone is scored by F1; three labels have none.
func TestMeasureThreeLabels(t *testing.T) {
	p := &Predictions{PredictionsHeader: PredictionsHeader{Task: "mnli", Split: "dev_matched", Dataset: "d", Labels: []string{"a", "b", "c"}, Count: 1000}}
	for i := range 1000 {
		p.Rows = append(p.Rows, Prediction{RowID: int64(i), Label: i * 31 % 7 % 3, Prediction: i * 17 % 11 % 3})
	}
	m, err := Measure(p)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "accuracy", m.Accuracy.Value, 0.338, 1e-12)
	near(t, "macro F1", m.MacroF1, 0.33116852722657203, 1e-12)
	if m.F1 != nil || m.Calibration != nil {
		t.Errorf("F1 %v and calibration %v: neither is defined here", m.F1, m.Calibration)
	}
}

func TestMeasureNeedsLabels(t *testing.T) {
	p := formulaPredictions("sst2")
	p.Rows[17].Label = -1
	if _, err := Measure(p); err == nil {
		t.Error("a row without its label was measured")
	}
}

// sklearn.metrics.roc_auc_score and roc_curve on scores rounded to 0.1, so that there are ties.
func TestMembershipAgainstScikitLearn(t *testing.T) {
	var rows []Canary
	for _, p := range formulaPredictions("sst2").Rows {
		rows = append(rows, Canary{p.RowID, p.Label == 1, math.RoundToEven(20*p.Scores[1]) / 10})
	}
	m := measureMembership(rows)
	near(t, "AUC", m.AUC, 0.8347270114942529, 1e-12)
	near(t, "advantage", m.Advantage, 0.530952380952381, 1e-12)
	if len(m.Points) != 2 { // 580 non-members cannot show a rate of 0.001
		t.Fatalf("points = %v, want two", m.Points)
	}
	near(t, "TPR at 0.01", m.Points[0].TPR.Value, 0.530952380952381, 1e-12)
	near(t, "TPR at 0.1", m.Points[1].TPR.Value, 0.5428571428571428, 1e-12)
}

// A secret ranked first among 2^k candidates has k bits of exposure; one ranked last has 0.
func TestExposure(t *testing.T) {
	rows := []Canary{{0, true, 100}, {1, true, -100}}
	for i := range 1023 {
		rows = append(rows, Canary{int64(i + 2), false, float64(i % 50)})
	}
	e := measureExposure(rows)
	near(t, "limit", e.Limit, 10, 1e-15)
	near(t, "max", e.Max, 10, 1e-15)
	near(t, "mean", e.Mean, 5, 1e-15)
}
