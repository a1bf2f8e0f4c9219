package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// Step is one line of the measurements by step. Loss, Clipped and LotSize are computed from the private rows without
// noise: the guarantee does not cover them, and a report says so unless the training data is public.
type Step struct {
	Step    int64   `json:"step"`     // 1-based, ascending
	LotSize int     `json:"lot_size"` // rows that were drawn
	Loss    float64 `json:"loss"`     // mean over the lot, in nats; 0 for an empty lot
	Clipped float64 `json:"clipped"`  // share of the lot whose gradient was scaled down
}

// Curves are the measurements by step, thinned to at most [CurvePoints]: each point is the mean over the steps since
// the point before it.
type Curves struct {
	Private bool         `json:"private"` // shown although no noise was added: the guarantee does not cover it
	Points  []CurvePoint `json:"points"`
}

// CurvePoint is the mean of some consecutive steps, the last of which is Step.
type CurvePoint struct {
	Step    int64    `json:"step"`
	LotSize float64  `json:"lot_size"`
	Loss    float64  `json:"loss"`
	Clipped float64  `json:"clipped"`
	Epsilon *float64 `json:"epsilon,omitempty"` // certified upper epsilon spent after Step, from the ledger; at some points and the last
}

// CurvePoints is the most points a curve of the report has.
const CurvePoints = 40

// ReadSteps reads the measurements by step, one JSON object a line. name is used in errors.
func ReadSteps(text []byte, name string) ([]Step, error) {
	var steps []Step
	lines := bufio.NewScanner(bytes.NewReader(text))
	for line := 1; lines.Scan(); line++ {
		var step Step
		if err := json.Unmarshal(lines.Bytes(), &step); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, notFinite(lines.Bytes(), err))
		}
		if err := step.follows(steps); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		steps = append(steps, step)
	}
	return steps, lines.Err()
}

func (s Step) follows(steps []Step) error {
	switch {
	case len(steps) > 0 && s.Step <= steps[len(steps)-1].Step || s.Step < 1:
		return fmt.Errorf("step %d: must be positive and ascending", s.Step)
	case s.LotSize < 0:
		return fmt.Errorf("lot_size %d: must not be negative", s.LotSize)
	case s.Clipped < 0 || s.Clipped > 1:
		return fmt.Errorf("clipped %v: a share is in [0, 1]", s.Clipped)
	}
	return nil
}

// thin averages steps into at most [CurvePoints] groups of nearly equal size.
func thin(steps []Step) []CurvePoint {
	groups := min(CurvePoints, len(steps))
	points := make([]CurvePoint, 0, groups)
	for g := range groups {
		from, to := g*len(steps)/groups, (g+1)*len(steps)/groups
		points = append(points, average(steps[from:to]))
	}
	return points
}

func average(steps []Step) CurvePoint {
	var p CurvePoint
	for _, s := range steps {
		p.LotSize += float64(s.LotSize)
		p.Loss += s.Loss
		p.Clipped += s.Clipped
	}
	n := float64(len(steps))
	return CurvePoint{Step: steps[len(steps)-1].Step, LotSize: p.LotSize / n, Loss: round(p.Loss / n), Clipped: round(p.Clipped / n)}
}

// round keeps ten significant digits: enough for any plot, and free of the last bits' noise.
func round(x float64) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, 9-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
