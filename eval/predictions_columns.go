package eval

import (
	"errors"
	"fmt"
)

// Columns is the layout of predictions without scores whose second and last line holds all rows: one character a row
// in each column, by row id. It takes a tenth of the space once compressed.
const Columns = "columns"

// maxColumnLabels is how many labels one character tells apart.
const maxColumnLabels = 10

// PredictionColumns is the second line of predictions in the layout [Columns].
type PredictionColumns struct {
	Labels      string `json:"labels"`      // digit of the true label of each row, or - where it is not known
	Predictions string `json:"predictions"` // digit of the predicted label of each row
}

func (h *PredictionsHeader) validateLayout() error {
	switch {
	case h.Layout != "" && h.Layout != Columns:
		return fmt.Errorf("layout %q: must be %q or empty", h.Layout, Columns)
	case h.Layout == Columns && h.Scores != "":
		return fmt.Errorf("scores %q: the layout %s has none", h.Scores, Columns)
	case h.Layout == Columns && len(h.Labels) > maxColumnLabels:
		return fmt.Errorf("%d labels: the layout %s has at most %d", len(h.Labels), Columns, maxColumnLabels)
	}
	return nil
}

// columns are the ordered rows of p, which has at most ten labels.
func (p *Predictions) columns() PredictionColumns {
	labels, predictions := make([]byte, len(p.Rows)), make([]byte, len(p.Rows))
	for i := range p.Rows {
		labels[i], predictions[i] = '-', digit(p.Rows[i].Prediction)
		if p.Rows[i].Label >= 0 {
			labels[i] = digit(p.Rows[i].Label)
		}
	}
	return PredictionColumns{string(labels), string(predictions)}
}

func digit(label int) byte { return byte('0' + label) }

// readColumns reads the second line.
func (p *Predictions) readColumns(text []byte) error {
	if len(p.Rows) > 0 {
		return errors.New("a third line: the second one holds all rows")
	}
	var c PredictionColumns
	if err := decodeStrict(text, &c); err != nil {
		return err
	}
	if len(c.Labels) != p.Count || len(c.Predictions) != p.Count {
		return fmt.Errorf("%d labels and %d predictions: must be one for each of the %d rows", len(c.Labels), len(c.Predictions), p.Count)
	}
	for i := range p.Count {
		if label := c.Labels[i]; label != '-' && (label < '0' || label > '9') {
			return fmt.Errorf("row_id %d: label %q: must be a digit, or - where it is not known", i, label)
		}
		row := Prediction{RowID: int64(i), Label: int(c.Labels[i]) - '0', Prediction: int(c.Predictions[i]) - '0'}
		if c.Labels[i] == '-' {
			row.Label = -1
		}
		if err := p.checkRow(&row); err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	return nil
}
