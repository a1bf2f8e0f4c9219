package eval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
)

// Side is one of two things to compare: a report and the folder that holds the files it lists.
type Side struct {
	Report *Report
	Folder fs.FS
}

// Comparison sets NEW against OLD, run by run on the same rows and setting by setting over the same seeds.
type Comparison struct {
	Pairs []PairedRun    `json:"pairs"`
	Seeds []PairedSeries `json:"seeds"` // where a setting has at least MinSeeds common seeds
	Level float64        `json:"level"` // of verdicts, after Holm

	Unpaired []Unpaired `json:"unpaired,omitempty"` // what one report has and the other has not
}

// Unpaired is a run, or one split of a run, that stands in one of two reports alone.
type Unpaired struct {
	Run   string `json:"run"`
	Split string `json:"split,omitempty"` // "": all of it
	In    string `json:"in"`              // "old" or "new"
}

// Verdicts of a comparison. Undecided: no drop is shown, and none could have been.
const (
	Better    = "better"
	Worse     = "worse"
	Same      = "~"
	Undecided = "?"
)

// PairedRun compares the predictions of two runs on the rows of one split.
type PairedRun struct {
	Task       string    `json:"task"`
	Split      string    `json:"split"`
	Old        string    `json:"old"` // run names
	New        string    `json:"new"`
	OldValue   Estimate  `json:"old_accuracy"`
	NewValue   Estimate  `json:"new_accuracy"`
	Difference Estimate  `json:"difference"` // of accuracy, new - old
	F1         *Estimate `json:"f1_difference,omitempty"`
	McNemar
	PHolm     float64 `json:"p_holm"`      // two-sided, adjusted over all pairs
	PDropHolm float64 `json:"p_drop_holm"` // one-sided, adjusted over all pairs
	Verdict   string  `json:"verdict"`
}

// PairedSeries compares two settings over their common seeds.
type PairedSeries struct {
	Task  string `json:"task"`
	Split string `json:"split"`
	Label string `json:"label"` // method and accountant
	SeedTest
	PHolm float64 `json:"p_holm"`
}

// Compare pairs the runs of both reports: by name, and what is left by task, seed and privacy where that is unique. It
// refuses splits of other data, and files that are not the ones that the report was computed from.
func Compare(old, new Side) (*Comparison, error) {
	pairing := pairRuns(old.Report, new.Report)
	c := &Comparison{Pairs: []PairedRun{}, Seeds: []PairedSeries{}, Level: Level, Unpaired: pairing.unpaired()}
	for _, pair := range pairing.pairs {
		pairs, err := compareRuns(old, new, pair)
		if err != nil {
			return nil, err
		}
		c.Pairs = append(c.Pairs, pairs...)
	}
	if len(c.Pairs) == 0 {
		return nil, fmt.Errorf("reports: no run of the same name, or of the same task and seed, is in both")
	}
	c.Seeds = compareSeeds(old.Report, new.Report)
	c.decide()
	return c, nil
}

func compareRuns(old, new Side, pair runPair) ([]PairedRun, error) {
	var all []PairedRun
	for i := range pair.new.Splits {
		after := &pair.new.Splits[i]
		before := pair.old.Split(after.Split)
		if before == nil {
			continue
		}
		if before.Dataset != after.Dataset {
			return nil, fmt.Errorf("run %s, split %s: data %.12s in the old report and %.12s in the new one: only predictions on the same rows can be compared",
				pair.new.Run.Name, after.Split, before.Dataset, after.Dataset)
		}
		compared, err := comparePair(old, new, before, after)
		if err != nil {
			return nil, err
		}
		compared.Task, compared.Old, compared.New = pair.new.Run.Task, pair.old.Run.Name, pair.new.Run.Name
		all = append(all, *compared)
	}
	return all, nil
}

func comparePair(old, new Side, before, after *SplitReport) (*PairedRun, error) {
	x, err := old.predictions(before.File)
	if err != nil {
		return nil, fmt.Errorf("old: %w", err)
	}
	y, err := new.predictions(after.File)
	if err != nil {
		return nil, fmt.Errorf("new: %w", err)
	}
	return ComparePredictions(x, y)
}

// predictions reads a file that the report lists, if it still has the hash that the report states.
func (s Side) predictions(name string) (*Predictions, error) {
	text, err := fs.ReadFile(s.Folder, name)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	for _, file := range s.Report.Files {
		if file.Path == name && file.SHA256 != hex.EncodeToString(sum[:]) {
			return nil, fmt.Errorf("%s: SHA-256 %.12x: the report was computed from %.12s", name, sum, file.SHA256)
		}
	}
	if text, err = unpack(name, text); err != nil {
		return nil, err
	}
	return ReadPredictions(bytes.NewReader(text), name)
}

// ComparePredictions compares two sets of predictions on the same rows: McNemar's test, the difference of accuracy
// and, where the task is scored so, of F1.
func ComparePredictions(old, new *Predictions) (*PairedRun, error) {
	if old.Dataset != new.Dataset {
		return nil, fmt.Errorf("split %s: data %.12s and %.12s: only predictions on the same rows can be compared", new.Split, old.Dataset, new.Dataset)
	}
	if len(old.Rows) != len(new.Rows) || len(old.Labels) != len(new.Labels) {
		return nil, fmt.Errorf("split %s: %d rows of %d labels and %d of %d: must be equal", new.Split, len(old.Rows), len(old.Labels), len(new.Rows), len(new.Labels))
	}
	lost, gained := 0, 0
	joint := make([]int, 8) // [label][old][new] of two labels
	for i := range old.Rows {
		x, y := &old.Rows[i], &new.Rows[i]
		if x.Label != y.Label || x.Label < 0 {
			return nil, fmt.Errorf("split %s: row_id %d: label %d and %d: must be equal and known", new.Split, x.RowID, x.Label, y.Label)
		}
		was, is := x.Prediction == x.Label, y.Prediction == y.Label
		if was && !is {
			lost++
		}
		if is && !was {
			gained++
		}
		if len(old.Labels) == 2 {
			joint[4*x.Label+2*x.Prediction+y.Prediction]++
		}
	}
	n := len(old.Rows)
	pair := &PairedRun{Task: new.Task, Split: new.Split, OldValue: accuracyOf(old), NewValue: accuracyOf(new),
		Difference: PairedDifference(lost, gained, n), McNemar: TestMcNemar(lost, gained, n)}
	if ScoredByF1(new.Task) && len(new.Labels) == 2 {
		f1 := bootstrap(joint, f1Difference)
		pair.F1 = &f1
	}
	return pair, nil
}

func accuracyOf(p *Predictions) Estimate {
	correct := 0
	for i := range p.Rows {
		if p.Rows[i].Label == p.Rows[i].Prediction {
			correct++
		}
	}
	return Wilson(correct, len(p.Rows))
}

// f1Difference is F1(new) - F1(old) of label 1 from counts [label][old][new].
func f1Difference(c []int) float64 {
	old := binaryF1([]int{c[0] + c[1], c[2] + c[3], c[4] + c[5], c[6] + c[7]})
	new := binaryF1([]int{c[0] + c[2], c[1] + c[3], c[4] + c[6], c[5] + c[7]})
	return new - old
}

// compareSeeds tests settings that are the same in both reports.
func compareSeeds(old, new *Report) []PairedSeries {
	all := []PairedSeries{}
	for i := range new.Settings {
		for j := range old.Settings {
			a, b := &old.Settings[j], &new.Settings[i]
			if a.Task == b.Task && a.Method == b.Method && a.Accountant == b.Accountant && a.Target == b.Target {
				all = append(all, seriesOf(a, b, old, new)...)
			}
		}
	}
	return all
}

func seriesOf(a, b *Setting, old, new *Report) []PairedSeries {
	var all []PairedSeries
	for _, split := range b.Splits {
		var before, after []float64
		for _, name := range b.Runs {
			y := new.Run(name)
			for _, other := range a.Runs {
				x := old.Run(other)
				if x.Run.Seed == y.Run.Seed && x.Split(split.Split) != nil && y.Split(split.Split) != nil {
					before = append(before, x.Split(split.Split).Metrics.Accuracy.Value)
					after = append(after, y.Split(split.Split).Metrics.Accuracy.Value)
				}
			}
		}
		if test, err := TestSeeds(before, after); err == nil {
			all = append(all, PairedSeries{Task: b.Task, Split: split.Split, Label: label(b), SeedTest: test})
		}
	}
	return all
}

// label names a setting inside its task.
func label(s *Setting) string {
	if s.Privacy == nil {
		return s.Method + ", without privacy"
	}
	return fmt.Sprintf("%s, %s, epsilon %g", s.Method, s.Accountant, s.Target)
}

// decide adjusts the p-values over all pairs and states the verdicts.
func (c *Comparison) decide() {
	two, drop := make([]float64, len(c.Pairs)), make([]float64, len(c.Pairs))
	for i := range c.Pairs {
		two[i], drop[i] = c.Pairs[i].P, c.Pairs[i].PDrop
	}
	two, drop = Holm(two), Holm(drop)
	for i := range c.Pairs {
		p := &c.Pairs[i]
		p.PHolm, p.PDropHolm = two[i], drop[i]
		p.Verdict = verdict(p)
	}
	series := make([]float64, len(c.Seeds))
	for i := range c.Seeds {
		series[i] = c.Seeds[i].P
	}
	for i, adjusted := range Holm(series) {
		c.Seeds[i].PHolm = adjusted
	}
}

func verdict(p *PairedRun) string {
	switch {
	case p.PHolm <= Level && p.Difference.Value < 0:
		return Worse
	case p.PHolm <= Level:
		return Better
	case p.Difference.Value < 0:
		return Undecided
	default:
		return Same
	}
}
