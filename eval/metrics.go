package eval

import (
	"errors"
	"fmt"
	"strings"
)

// Metrics are the figures of one split, all computed from [Predictions].
type Metrics struct {
	Rows        int            `json:"rows"`
	Accuracy    Estimate       `json:"accuracy"`     // Wilson interval
	F1          *Estimate      `json:"f1,omitempty"` // of label 1, where the task is scored so (QQP); bootstrap interval
	MacroF1     float64        `json:"macro_f1"`     // mean of the classes' F1
	Majority    Majority       `json:"majority"`     // what answering the most frequent label would score
	Confusion   [][]int        `json:"confusion"`    // [label][prediction] rows
	Classes     []ClassMetrics `json:"classes"`      // one for each label
	Calibration *Calibration   `json:"calibration,omitempty"`
}

// Majority is the most frequent label of a split and its share: the accuracy of a model that has learned nothing else.
type Majority struct {
	Label    string  `json:"label"`
	Accuracy float64 `json:"accuracy"`
}

// ClassMetrics are the figures of one label. A ratio with denominator 0 is 0, as scikit-learn has it.
type ClassMetrics struct {
	Label     string  `json:"label"`
	Rows      int     `json:"rows"`      // rows that have this label
	Predicted int     `json:"predicted"` // rows predicted to have it
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// ScoredByF1 says whether GLUE scores the task by the F1 of label 1 beside the accuracy.
func ScoredByF1(task string) bool { return normalTask(task) == "qqp" }

// normalTask spells a task the one way: "SST-2" is sst2.
func normalTask(task string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(task))
}

// Measure computes the figures of one split as GLUE scores the task: accuracy for all, and F1 of label 1 for QQP.
// Every row must have its true label.
func Measure(p *Predictions) (*Metrics, error) {
	if len(p.Rows) == 0 {
		return nil, errors.New("predictions: no rows")
	}
	confusion := make([][]int, len(p.Labels))
	for i := range confusion {
		confusion[i] = make([]int, len(p.Labels))
	}
	for i := range p.Rows {
		row := &p.Rows[i]
		if row.Label < 0 {
			return nil, fmt.Errorf("row_id %d: label -1: metrics need the true label of every row", row.RowID)
		}
		confusion[row.Label][row.Prediction]++
	}
	m := fromConfusion(p.Labels, confusion)
	if ScoredByF1(p.Task) && len(p.Labels) == 2 {
		f1 := bootstrap(flatten(confusion), binaryF1)
		m.F1 = &f1
	}
	m.Calibration = calibrate(p)
	return m, nil
}

func fromConfusion(labels []string, confusion [][]int) *Metrics {
	m := &Metrics{Confusion: confusion}
	correct, majority := 0, 0
	for label, row := range confusion {
		correct += row[label]
		m.Classes = append(m.Classes, classMetrics(labels, confusion, label))
		m.Rows += m.Classes[label].Rows
		m.MacroF1 += m.Classes[label].F1 / float64(len(labels))
		if m.Classes[label].Rows > m.Classes[majority].Rows {
			majority = label
		}
	}
	m.Accuracy = Wilson(correct, m.Rows)
	m.Majority = Majority{labels[majority], ratio(m.Classes[majority].Rows, m.Rows)}
	return m
}

func classMetrics(labels []string, confusion [][]int, label int) ClassMetrics {
	c := ClassMetrics{Label: labels[label]}
	hits := confusion[label][label]
	for other := range confusion {
		c.Rows += confusion[label][other]
		c.Predicted += confusion[other][label]
	}
	c.Precision, c.Recall = ratio(hits, c.Predicted), ratio(hits, c.Rows)
	c.F1 = ratio(2*hits, c.Rows+c.Predicted)
	return c
}

// binaryF1 is 2 TP / (2 TP + FP + FN) of the flattened table [TN FP FN TP].
func binaryF1(counts []int) float64 {
	return ratio(2*counts[3], 2*counts[3]+counts[1]+counts[2])
}

func ratio(numerator, denominator int) float64 {
	if denominator == 0 {
		return 0
	}
	return float64(numerator) / float64(denominator)
}

func flatten(table [][]int) []int {
	var flat []int
	for _, row := range table {
		flat = append(flat, row...)
	}
	return flat
}
