package eval

import "math"

// CalibrationBins is the number of equal bins of confidence in a reliability diagram.
const CalibrationBins = 15

// Calibration says how well the scores, read as probabilities, agree with what happened.
type Calibration struct {
	ECE      float64          `json:"ece"`      // expected calibration error: Σ rows/n |accuracy - confidence| (Guo et al. 2017)
	Brier    float64          `json:"brier"`    // mean over rows of Σ over labels (p - 1[label])², in [0, 2]
	LogLoss  float64          `json:"log_loss"` // mean of -ln p(true label), in nats
	Bins     []CalibrationBin `json:"bins"`     // the bins that hold rows, by confidence
	Overrule int              `json:"overrule"` // rows whose prediction is not a label of highest score
}

// CalibrationBin holds the rows whose confidence, the highest probability, lies in (Lower, Upper].
type CalibrationBin struct {
	Lower      float64 `json:"lower"`
	Upper      float64 `json:"upper"`
	Rows       int     `json:"rows"`
	Confidence float64 `json:"confidence"` // mean over the bin's rows
	Accuracy   float64 `json:"accuracy"`   // share of the bin's rows predicted right
}

// calibrate gives nil where the predictions carry no scores.
func calibrate(p *Predictions) *Calibration {
	if p.Scores == "" {
		return nil
	}
	c := &Calibration{}
	var bins [CalibrationBins]CalibrationBin
	probability := make([]float64, len(p.Labels))
	for i := range p.Rows {
		row := &p.Rows[i]
		probabilities(probability, row.Scores, p.Scores)
		best := highest(probability)
		if row.Scores[row.Prediction] < row.Scores[highest(row.Scores)] {
			c.Overrule++
		}
		c.Brier += brier(probability, row.Label)
		c.LogLoss += logLoss(row.Scores, probability, row.Label, p.Scores)
		bin := &bins[min(CalibrationBins-1, max(0, int(math.Ceil(probability[best]*CalibrationBins))-1))]
		bin.Rows++
		bin.Confidence += probability[best]
		if row.Prediction == row.Label {
			bin.Accuracy++
		}
	}
	c.summarise(bins[:], float64(len(p.Rows)))
	return c
}

func (c *Calibration) summarise(bins []CalibrationBin, rows float64) {
	c.Brier /= rows
	c.LogLoss /= rows
	for i, bin := range bins {
		if bin.Rows == 0 {
			continue
		}
		n := float64(bin.Rows)
		bin.Lower, bin.Upper = float64(i)/CalibrationBins, float64(i+1)/CalibrationBins
		bin.Confidence, bin.Accuracy = bin.Confidence/n, bin.Accuracy/n
		c.ECE += n / rows * math.Abs(bin.Accuracy-bin.Confidence)
		c.Bins = append(c.Bins, bin)
	}
}

// probabilities writes the probabilities that the scores stand for: the softmax of logits.
func probabilities(into, scores []float64, kind string) {
	if kind == Probability {
		copy(into, scores)
		return
	}
	top, sum := scores[highest(scores)], 0.0
	for i, score := range scores {
		into[i] = math.Exp(score - top)
		sum += into[i]
	}
	for i := range into {
		into[i] /= sum
	}
}

// logLossFloor keeps the loss of a stated probability of 0 finite, as scikit-learn's float64 epsilon does.
const logLossFloor = 0x1p-52

// logLoss is -ln p(label); from logits it is log-sum-exp minus the score, exact where the probability underflows.
func logLoss(scores, probability []float64, label int, kind string) float64 {
	if kind == Probability {
		return -math.Log(max(probability[label], logLossFloor))
	}
	top, sum := scores[highest(scores)], 0.0
	for _, score := range scores {
		sum += math.Exp(score - top)
	}
	return top + math.Log(sum) - scores[label]
}

func brier(probability []float64, label int) float64 {
	sum := 0.0
	for i, p := range probability {
		if i == label {
			p = 1 - p
		}
		sum += p * p
	}
	return sum
}

// highest gives the first index of the highest value.
func highest(values []float64) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}
