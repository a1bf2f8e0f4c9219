package eval

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// Build reads every run.json below the folder and computes the report of those runs from the files that they name.
// Nothing else enters: no clock, no flag, no network. The same folder gives the same report to the byte.
func Build(folder fs.FS) (*Report, error) {
	b := newBuilder(folder)
	names, err := b.find()
	if err != nil {
		return nil, err
	}
	var runs []RunReport
	for _, name := range names {
		run, err := b.run(name)
		if err != nil {
			return nil, err
		}
		runs = append(runs, *run)
	}
	return b.report(runs)
}

type builder struct {
	folder fs.FS
	files  []FileHash
	prices prices
	spends map[string]float64 // certified upper epsilon by plan
}

func newBuilder(folder fs.FS) *builder {
	return &builder{folder: folder, prices: prices{}, spends: map[string]float64{}}
}

// report puts the runs together and adds what needs all of them: baselines, settings, tests.
func (b *builder) report(runs []RunReport) (*Report, error) {
	report := &Report{Schema: ReportSchema, Runs: runs}
	slices.SortFunc(runs, func(x, y RunReport) int { return cmp.Compare(x.Run.Name, y.Run.Name) })
	for i := 1; i < len(runs); i++ {
		if runs[i].Run.Name == runs[i-1].Run.Name {
			return nil, fmt.Errorf("run name %q: used in both %s and %s, must be unique", runs[i].Run.Name, runs[i-1].Folder, runs[i].Folder)
		}
	}
	for i := range runs {
		if err := report.attachBaseline(&runs[i]); err != nil {
			return nil, err
		}
	}
	report.Settings = settings(runs)
	report.Tests = contrasts(report)
	report.Files = b.sortedFiles()
	return report, nil
}

// find lists the run.json files below the folder.
func (b *builder) find() ([]string, error) {
	var names []string
	err := fs.WalkDir(b.folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && path.Base(name) == "run.json" {
			names = append(names, name)
		}
		return err
	})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("run folder: no run.json in it or below it")
	}
	return names, err
}

// read reads a file, remembers the hash of its bytes, and gives its content.
func (b *builder) read(name string) ([]byte, error) {
	text, err := fs.ReadFile(b.folder, name)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	b.files = append(b.files, FileHash{name, len(text), hex.EncodeToString(sum[:])})
	return unpack(name, text)
}

func (b *builder) sortedFiles() []FileHash {
	slices.SortFunc(b.files, func(x, y FileHash) int { return cmp.Compare(x.Path, y.Path) })
	return b.files
}

// run computes the figures of one run.
func (b *builder) run(name string) (*RunReport, error) {
	text, err := b.read(name)
	if err != nil {
		return nil, err
	}
	run, err := ReadRun(text, name)
	if err != nil {
		return nil, err
	}
	return b.figures(run, path.Dir(name))
}

// figures computes the figures of a run from the files in its folder.
func (b *builder) figures(run *Run, folder string) (*RunReport, error) {
	r := &RunReport{Run: *run, Folder: folder, Warnings: []string{}}
	for _, part := range []func(*RunReport) error{b.splits, b.privacy, b.curves, b.audit} {
		if err := part(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (b *builder) splits(r *RunReport) error {
	for _, file := range r.Run.Files.Predictions {
		split, err := b.split(r, path.Join(r.Folder, file))
		if err != nil {
			return err
		}
		if r.Split(split.Split) != nil {
			return fmt.Errorf("%s: split %q: predicted twice in run %s", split.File, split.Split, r.Run.Name)
		}
		r.Splits = append(r.Splits, *split)
	}
	return nil
}

func (b *builder) split(r *RunReport, name string) (*SplitReport, error) {
	p, err := b.predictions(name)
	if err != nil {
		return nil, err
	}
	if p.Task != r.Run.Task {
		return nil, fmt.Errorf("%s: task %q: run %s is of task %q", name, p.Task, r.Run.Name, r.Run.Task)
	}
	metrics, err := Measure(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.warnOfMetrics(p.Split, metrics)
	return &SplitReport{p.Split, name, p.Dataset, p.PredictionsHeader.Model, metrics}, nil
}

func (b *builder) predictions(name string) (*Predictions, error) {
	text, err := b.read(name)
	if err != nil {
		return nil, err
	}
	return ReadPredictions(bytes.NewReader(text), name)
}

// nearMajority is how close to the majority class an accuracy may come, in shares of rows, before a run counts as
// collapsed.
const nearMajority = 0.005

func (r *RunReport) warnOfMetrics(split string, m *Metrics) {
	if m.Accuracy.Value <= m.Majority.Accuracy+nearMajority {
		r.warn("%s: accuracy %.4f is no better than answering %q to every row (%.4f)", split, m.Accuracy.Value, m.Majority.Label, m.Majority.Accuracy)
	}
	if m.Calibration != nil && m.Calibration.Overrule > 0 {
		r.warn("%s: %d predictions are not the label of highest score", split, m.Calibration.Overrule)
	}
}

func (r *RunReport) warn(format string, values ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, values...))
}

func (b *builder) curves(r *RunReport) error {
	if r.Run.Files.Steps == "" {
		return nil
	}
	name := path.Join(r.Folder, r.Run.Files.Steps)
	text, err := b.read(name)
	if err != nil {
		return err
	}
	steps, err := ReadSteps(text, name)
	if err != nil {
		return err
	}
	if r.Privacy != nil && int64(len(steps)) != r.Privacy.Steps {
		r.warn("%s: %d steps measured, %d in the ledger", r.Run.Files.Steps, len(steps), r.Privacy.Steps)
	}
	r.Curves = &Curves{Private: r.Privacy != nil && !r.Run.Data.Public, Points: thin(steps)}
	r.warnOfSteps(steps)
	return b.spend(r)
}

// warnOfSteps tells of a clip so small that it decides the direction: then the majority label wins.
func (r *RunReport) warnOfSteps(steps []Step) {
	clipped, rows := 0.0, 0
	for _, s := range steps {
		clipped += s.Clipped * float64(s.LotSize)
		rows += s.LotSize
	}
	if r.Privacy != nil && rows > 0 && clipped/float64(rows) > 0.95 {
		r.warn("%.0f%% of the gradients were scaled down: a clipping norm below the typical gradient biases training towards the frequent label", 100*clipped/float64(rows))
	}
}

func (r *Report) attachBaseline(run *RunReport) error {
	if run.Run.Baseline == "" {
		return nil
	}
	plain := r.Run(run.Run.Baseline)
	if plain == nil {
		return fmt.Errorf("run %s: baseline %q: no run of that name in the folder", run.Run.Name, run.Run.Baseline)
	}
	if plain.Privacy != nil {
		return fmt.Errorf("run %s: baseline %q: must be a run without privacy", run.Run.Name, run.Run.Baseline)
	}
	run.Baseline = &Baseline{Run: plain.Run.Name, Splits: []BaselineSplit{}}
	for _, split := range plain.Splits {
		mine := run.Split(split.Split)
		if mine == nil {
			continue
		}
		if mine.Dataset != split.Dataset {
			return fmt.Errorf("run %s: baseline %q: split %s is of other data (%.12s, not %.12s)", run.Run.Name, run.Run.Baseline, split.Split, split.Dataset, mine.Dataset)
		}
		run.Baseline.Splits = append(run.Baseline.Splits, BaselineSplit{split.Split, split.Metrics.Accuracy})
	}
	return nil
}

func (b *builder) audit(r *RunReport) error {
	for _, file := range r.Run.Files.Audits {
		name := path.Join(r.Folder, file)
		text, err := b.read(name)
		if err != nil {
			return err
		}
		canaries, err := ReadCanaries(text, name)
		if err != nil {
			return err
		}
		result, err := Audit(canaries)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Audits = append(r.Audits, *result)
		if r.Privacy != nil && result.refutes(r.Privacy) {
			r.warn("the audit with %s canaries refutes the certified epsilon: at least %.3f, certified at most %s; the training does not do what its ledger says",
				result.Kind, result.Lower, FormatUpper(r.Privacy.Epsilon.Upper))
		}
	}
	return nil
}
