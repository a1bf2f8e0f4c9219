package eval

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
)

// PredictionsSchema names the format that [WritePredictions] writes and [ReadPredictions] reads.
const PredictionsSchema = "ewtune.predictions/v1"

// Kinds of score.
const (
	Logit       = "logit"       // any real number; the softmax over the labels is the probability
	Probability = "probability" // in [0, 1], sums to 1 over the labels
)

// PredictionsHeader is the first line of a predictions file: what was predicted, by which model, on which data.
type PredictionsHeader struct {
	Schema  string   `json:"schema"`
	Task    string   `json:"task"`             // sst2, qnli, qqp, mnli, or a task of your own
	Split   string   `json:"split"`            // dev, dev_matched, dev_mismatched, test, ...
	Dataset string   `json:"dataset"`          // SHA-256 of the split's data: predictions are compared only when it is equal
	Model   string   `json:"model"`            // SHA-256 of the weights
	Labels  []string `json:"labels"`           // label names; a label is an index into them
	Count   int      `json:"rows"`             // rows of the split: the row ids are 0..Count-1
	Scores  string   `json:"scores"`           // Logit or Probability; "" where rows carry no scores
	Layout  string   `json:"layout,omitempty"` // "": one row a line; or Columns
}

// Prediction is one row of a predictions file.
type Prediction struct {
	RowID      int64     `json:"row_id"`           // position in the split, 0..Count-1
	Label      int       `json:"label"`            // the true label, -1 where it is not known
	Prediction int       `json:"prediction"`       // the predicted label
	Scores     []float64 `json:"scores,omitempty"` // [len(Labels)], finite
}

// Predictions are the predictions of one model on one split. Rows are ordered by row id: Rows[i].RowID == i.
type Predictions struct {
	PredictionsHeader
	Rows []Prediction
}

// Labelled says whether every row has its true label.
func (p *Predictions) Labelled() bool {
	for i := range p.Rows {
		if p.Rows[i].Label < 0 {
			return false
		}
	}
	return len(p.Rows) > 0
}

// WritePredictions writes p as JSON lines: the header, then one row a line by row id, or all rows in the layout [Columns]. It refuses what [ReadPredictions] would
// refuse, so a file that was written can be read.
func WritePredictions(w io.Writer, p *Predictions) error {
	header := p.PredictionsHeader
	header.Schema, header.Count = PredictionsSchema, len(p.Rows)
	if err := header.validate(); err != nil {
		return err
	}
	ordered := &Predictions{header, slices.Clone(p.Rows)}
	for i := range ordered.Rows {
		if err := ordered.checkRow(&ordered.Rows[i]); err != nil {
			return err
		}
	}
	if err := orderRows(ordered); err != nil {
		return err
	}
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	if err := encoder.Encode(header); err != nil {
		return err
	}
	if header.Layout == Columns {
		if err := encoder.Encode(ordered.columns()); err != nil {
			return err
		}
		return buffered.Flush()
	}
	for i := range ordered.Rows {
		if err := encoder.Encode(&ordered.Rows[i]); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// ReadPredictions reads JSON lines in any row order. name is used in errors, which say name:line, the value and the
// rule that it breaks: each row id of 0..rows-1 exactly once, labels and predictions among the label names, one
// finite score for each label name.
func ReadPredictions(r io.Reader, name string) (*Predictions, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 16<<20)
	p := &Predictions{}
	line := 0
	for lines.Scan() {
		line++
		if err := p.readLine(lines.Bytes(), line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, line+1, err)
	}
	if line == 0 {
		return nil, fmt.Errorf("%s: empty: the first line must be the header of schema %s", name, PredictionsSchema)
	}
	if err := orderRows(p); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

func (p *Predictions) readLine(text []byte, line int) error {
	if line == 1 {
		return p.readHeader(text)
	}
	if p.Layout == Columns {
		return p.readColumns(text)
	}
	// An absent field must not read as row 0 of label 0.
	row := Prediction{RowID: absentID, Label: absent, Prediction: absent}
	if err := decodeStrict(text, &row); err != nil {
		return notFinite(text, err)
	}
	if err := row.complete(); err != nil {
		return err
	}
	if err := p.checkRow(&row); err != nil {
		return err
	}
	p.Rows = append(p.Rows, row)
	return nil
}

// What a field holds that a line did not give.
const (
	absentID = math.MinInt64
	absent   = math.MinInt
)

// complete refuses a line without one of its fields.
func (row *Prediction) complete() error {
	switch {
	case row.RowID == absentID:
		return errors.New("no row_id: each line must have one")
	case row.Label == absent:
		return fmt.Errorf("row_id %d: no label: must be given, -1 where it is not known", row.RowID)
	case row.Prediction == absent:
		return fmt.Errorf("row_id %d: no prediction: must be given", row.RowID)
	}
	return nil
}

func (p *Predictions) readHeader(text []byte) error {
	var named struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(text, &named); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if err := checkSchema(named.Schema, PredictionsSchema); err != nil {
		return err
	}
	if err := decodeStrict(text, &p.PredictionsHeader); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if err := p.validate(); err != nil {
		return err
	}
	p.Rows = make([]Prediction, 0, min(p.Count, 1<<20))
	return nil
}

func (h *PredictionsHeader) validate() error {
	switch {
	case h.Task == "":
		return errors.New(`task "": must not be empty`)
	case h.Split == "":
		return errors.New(`split "": must not be empty`)
	case h.Dataset == "":
		return errors.New(`dataset "": must be the hash of the data`)
	case len(h.Labels) < 2:
		return fmt.Errorf("labels %q: at least two names", h.Labels)
	case h.Count < 1:
		return fmt.Errorf("rows %d: at least one", h.Count)
	case h.Scores != "" && h.Scores != Logit && h.Scores != Probability:
		return fmt.Errorf("scores %q: must be %q, %q or empty", h.Scores, Logit, Probability)
	}
	return h.validateLayout()
}

// checkRow checks what can be said of one row alone.
func (p *Predictions) checkRow(row *Prediction) error {
	rows, labels := p.Count, len(p.Labels)
	switch {
	case row.RowID < 0 || row.RowID >= int64(rows):
		return fmt.Errorf("row_id %d: unknown, the split has rows 0..%d", row.RowID, rows-1)
	case row.Label < -1 || row.Label >= labels:
		return fmt.Errorf("row_id %d: label %d: must be 0..%d, or -1 where it is not known", row.RowID, row.Label, labels-1)
	case row.Prediction < 0 || row.Prediction >= labels:
		return fmt.Errorf("row_id %d: prediction %d: must be 0..%d", row.RowID, row.Prediction, labels-1)
	case p.Scores == "" && len(row.Scores) > 0:
		return fmt.Errorf("row_id %d: scores: the header must say whether they are %q or %q", row.RowID, Logit, Probability)
	case p.Scores != "" && len(row.Scores) != labels:
		return fmt.Errorf("row_id %d: %d scores: must be one for each of the %d labels", row.RowID, len(row.Scores), labels)
	}
	return p.checkScores(row)
}

func (p *Predictions) checkScores(row *Prediction) error {
	sum := 0.0
	for _, score := range row.Scores {
		if math.IsNaN(score) || math.IsInf(score, 0) {
			return fmt.Errorf("row_id %d: score %v: must be a finite number", row.RowID, score)
		}
		if p.Scores == Probability && (score < 0 || score > 1) {
			return fmt.Errorf("row_id %d: score %v: a probability is in [0, 1]", row.RowID, score)
		}
		sum += score
	}
	// Probabilities printed with four digits still sum to one within this.
	if p.Scores == Probability && math.Abs(sum-1) > 1e-3 {
		return fmt.Errorf("row_id %d: scores sum to %.6g: probabilities must sum to 1", row.RowID, sum)
	}
	return nil
}

// orderRows sorts the rows by their ids, each of which must be there exactly once.
func orderRows(p *Predictions) error {
	slices.SortStableFunc(p.Rows, func(a, b Prediction) int { return cmp.Compare(a.RowID, b.RowID) })
	for i := 1; i < len(p.Rows); i++ {
		if id := p.Rows[i].RowID; id == p.Rows[i-1].RowID {
			return fmt.Errorf("row_id %d: duplicate, each row is predicted once", id)
		}
	}
	for id := range p.Count {
		if id >= len(p.Rows) || p.Rows[id].RowID != int64(id) {
			return fmt.Errorf("row_id %d: missing, each of the %d rows must be predicted", id, p.Count)
		}
	}
	return nil
}

// decodeStrict decodes exactly one JSON value without unknown fields.
func decodeStrict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.InputOffset() < int64(len(bytes.TrimRight(text, " \t\r\n"))) {
		return errors.New("more than one JSON value: one a line")
	}
	return nil
}

// notFinite explains the commonest reason why a row is no JSON, or none that a float64 holds.
func notFinite(text []byte, err error) error {
	var tooLarge *json.UnmarshalTypeError
	score := "NaN or Infinity"
	switch {
	case bytes.Contains(text, []byte("NaN")) || bytes.Contains(text, []byte("Infinity")):
	case errors.As(err, &tooLarge) && strings.HasPrefix(tooLarge.Value, "number ") && strings.HasSuffix(tooLarge.Field, "scores"):
		score = strings.TrimPrefix(tooLarge.Value, "number ")
	default:
		return err
	}
	row := ""
	if id := rowID.FindSubmatch(text); id != nil {
		row = fmt.Sprintf("row_id %s: ", id[1])
	}
	return fmt.Errorf("%sscore %s: must be a finite number", row, score)
}

// rowID finds the id in a row that is no JSON.
var rowID = regexp.MustCompile(`"row_id"\s*:\s*(-?\d+)`)

// checkSchema compares "name/vN" with what this version reads, and tells a newer file from a foreign one.
func checkSchema(got, want string) error {
	if got == want {
		return nil
	}
	name, _, _ := bytes.Cut([]byte(want), []byte("/v"))
	if bytes.HasPrefix([]byte(got), append(name, "/v"...)) {
		return fmt.Errorf("schema %q: this version reads %q; a newer ewtune wrote it", got, want)
	}
	return fmt.Errorf("schema %q: must be %q", got, want)
}
