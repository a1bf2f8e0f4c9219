package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ewtune/ewtune/eval"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Budget is the privacy that a run may spend, and who sets its noise.
type Budget struct {
	Epsilon    float64
	Delta      float64
	Accountant string  // certified, rdp, edgeworth; see NoiseMultiplier
	Noise      float64 // noise multiplier where the accountant is not asked
}

// RunSpec is one training run, from prepared splits to scored predictions.
type RunSpec struct {
	Name       string                `json:"name"` // unique in a report
	Input      Input                 `json:"input"`
	Splits     map[string]string     `json:"splits"`            // location of each prepared split
	Model      string                `json:"model"`             // folder in the Hugging Face layout; "" is the tiny preset
	Pooling    string                `json:"pooling,omitempty"` // model.PoolCLS or PoolMean [the model's]
	Recipe     Recipe                `json:"recipe"`
	Budget     *Budget               `json:"budget,omitempty"`     // nil trains without privacy
	Seed       uint64                `json:"seed"`                 // draws what is fresh in the model; with SeedAll lots and noise too
	SeedAll    bool                  `json:"seed_all"`             // repeatable, and no privacy
	Public     bool                  `json:"public"`               // nobody's privacy depends on the data
	Baseline   string                `json:"baseline,omitempty"`   // name of the run without privacy to stand beside this one
	Audit      *trainer.Audit        `json:"audit,omitempty"`      // canaries to plant
	Membership int                   `json:"membership,omitempty"` // rows of either side that membership inference is tried on when the run has ended
	Engine     trainer.EngineOptions `json:"engine"`
}

// Files of a run folder beside those that the trainer keeps there.
const (
	specFile       = "spec.json" // written first: what to do, so that the run can be gone on with
	runFile        = "run.json"  // written last: a folder that has it is a finished run
	planFile       = "plan.json" // the trainer's: a folder that has it holds a run that was begun
	warningsFile   = "warnings.json"
	modelFolder    = "model"
	predictionsFor = "predictions.%s.jsonl"
	canariesOf     = "canaries.%s.jsonl" // written by the trainer
)

// Run trains, predicts every evaluation split, and writes all of it to dir. A folder with a finished run is left as it is; one
// with an unfinished run is gone on with.
func (s RunSpec) Run(ctx context.Context, dir string, progress func(trainer.Progress)) error {
	if _, err := os.Stat(filepath.Join(dir, runFile)); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	release, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer release()
	if err := writeJSON(filepath.Join(dir, specFile), s); err != nil {
		return err
	}
	source, err := s.Input.open(ctx, s.Splits[trainSplit])
	if err != nil {
		return err
	}
	defer source.Close()
	encoder, err := s.loadModel(source.Manifest())
	if err != nil {
		return err
	}
	started := trainer.HashModel(encoder)
	options := trainer.Options{Dir: dir, Engine: s.engine(), Progress: progress, Now: time.Now}
	began := time.Now()
	result, err := s.train(ctx, dir, source, encoder, options)
	if err != nil {
		return err
	}
	seconds := time.Since(began).Seconds()
	if err := s.clearPredictions(dir); err != nil {
		return err
	}
	if err := result.Model.Save(filepath.Join(dir, modelFolder)); err != nil {
		return err
	}
	files, err := s.predict(ctx, dir, result)
	if err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, warningsFile), append([]string{}, result.Warnings...)); err != nil {
		return err
	}
	attacks, err := s.writeAttack(ctx, dir, result)
	if err != nil {
		return err
	}
	run := s.describe(source.Manifest(), started, result, files, seconds)
	for _, kind := range slices.Sorted(maps.Keys(result.Canaries)) {
		run.Files.Audits = append(run.Files.Audits, fmt.Sprintf(canariesOf, kind))
	}
	run.Files.Audits = append(run.Files.Audits, attacks...)
	return writeJSON(filepath.Join(dir, runFile), run)
}

// train starts the run, or goes on with the one that the folder holds.
func (s RunSpec) train(ctx context.Context, dir string, source trainer.Source, encoder *model.Model, o trainer.Options) (trainer.Result, error) {
	if _, err := os.Stat(filepath.Join(dir, planFile)); err == nil {
		return trainer.Resume(ctx, source, encoder, o)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return trainer.Result{}, err
	}
	plan, err := s.plan(int64(source.Len()))
	if err != nil {
		return trainer.Result{}, err
	}
	return trainer.Train(ctx, plan, source, encoder, o)
}

// plan is the recipe with the budget. Noise that an estimate has set is given as a number and no budget is claimed for it:
// the price of the run is what the certified accountant says afterwards.
func (s RunSpec) plan(rows int64) (trainer.Plan, error) {
	plan, err := s.Recipe.plan(rows)
	if err != nil {
		return plan, err
	}
	plan.Method.Seed, plan.Audit, plan.Precision = s.Seed, s.Audit, s.Engine.Precision
	plan.DatasetSize += s.Audit.Slots()
	if s.SeedAll || s.Budget == nil {
		plan.Seed = &s.Seed
	}
	if s.Budget == nil {
		plan.NonPrivate, plan.ClippingNorm = true, 0
		return plan, nil
	}
	plan.Delta, plan.NoiseMultiplier = s.Budget.Delta, s.Budget.Noise
	if s.Recipe.MaxLot > 0 {
		plan.Sampler, plan.MaxLot = dp.TruncatedPoisson, s.Recipe.MaxLot
	}
	if s.Budget.Accountant == Certified || s.Budget.Accountant == "" {
		plan.Epsilon = s.Budget.Epsilon
		return plan, nil
	}
	if plan.NoiseMultiplier == 0 && len(plan.Phases) > 0 {
		return plan, fmt.Errorf("accountant %s: prices runs of one noise only; phases want the certified one, or a noise multiplier", s.Budget.Accountant)
	}
	if plan.NoiseMultiplier == 0 {
		plan.NoiseMultiplier, err = NoiseMultiplier(s.Budget.Accountant, float64(plan.ExpectedBatchSize)/float64(rows+s.Audit.Slots()), plan.Steps, s.Budget.Epsilon, s.Budget.Delta)
	}
	return plan, err
}

// check refuses what Run would refuse of the model's shape and of the plan, before anything is loaded or trained.
func (s RunSpec) check(m *Manifest) error {
	config, err := s.config(m)
	if err != nil {
		return err
	}
	plan, err := s.plan(m.Rows)
	if err != nil {
		return err
	}
	_, err = plan.Validate(m.Rows, config)
	return err
}

// config is the shape of the model, or of the tiny preset, with a head for the task's labels.
func (s RunSpec) config(m *Manifest) (model.Config, error) {
	config, err := TinyConfig(m.Tokenizer.VocabSize, len(m.Labels)), error(nil)
	if s.Model != "" {
		if config, err = model.ReadConfig(s.Model); err != nil {
			return config, err
		}
		config.NumLabels, config.LabelNames = len(m.Labels), nil
	}
	config.Pooling = cmp.Or(s.Pooling, config.Pooling)
	if err := config.Validate(); err != nil {
		return config, fmt.Errorf("model %s: %w", cmp.Or(s.Model, "tiny"), err)
	}
	if have, want := config.VocabSize, m.Tokenizer.VocabSize; have < want {
		return config, fmt.Errorf("model %s: vocabulary of %d tokens; the text was tokenized with %d", s.Model, have, want)
	}
	if longest := len(m.Lengths) - 1; longest > config.MaxTokens() {
		return config, fmt.Errorf("model %s: holds at most %d tokens; the prepared text has rows of %d: prepare it with --max-length %d",
			cmp.Or(s.Model, "tiny"), config.MaxTokens(), longest, config.MaxTokens())
	}
	return config, nil
}

// loadModel reads the model, or draws the tiny preset, and gives it the head that config asks for.
func (s RunSpec) loadModel(m *Manifest) (*model.Model, error) {
	config, err := s.config(m)
	if err != nil {
		return nil, err
	}
	if s.Model == "" {
		return model.New(config, s.Seed), nil
	}
	encoder, err := model.Load(s.Model)
	if err != nil {
		return nil, err
	}
	encoder.Config.Pooling = config.Pooling
	encoder.Reseed(s.Seed)
	encoder.SetLabels(config.NumLabels, s.Seed)
	return encoder, nil
}

// TinyConfig is the tiny preset: BERT-style, 2 layers, hidden 128, 2 heads, mean pooling, drawn so wide that an untrained
// encoder passes on what it reads.
func TinyConfig(vocabulary, labels int) model.Config {
	config := model.DefaultConfig(model.BERT)
	config.VocabSize, config.NumLabels = vocabulary, labels
	config.Layers, config.HiddenSize, config.Heads, config.IntermediateSize = 2, 128, 2, 512
	config.MaxPositions, config.TypeVocabSize = 128, 2
	config.LayerNormEps, config.InitializerRange = 1e-12, 0.088 // 1/√128
	config.HiddenDropout, config.AttentionDropout = 0, 0
	config.Pooling = model.PoolMean
	return config
}

// predict scores every evaluation split with the trained model and returns the files' names.
func (s RunSpec) predict(ctx context.Context, dir string, result trainer.Result) ([]string, error) {
	var names []string
	for _, split := range slices.Sorted(maps.Keys(s.Splits)) {
		if split == trainSplit {
			continue
		}
		name := fmt.Sprintf(predictionsFor, split)
		if _, err := s.Input.predict(ctx, result.Model, result.Plan.Method, s.Splits[split], filepath.Join(dir, name), s.engine()); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// clearPredictions removes what an interrupted call has predicted, so that no file is ever written over.
func (s RunSpec) clearPredictions(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf(predictionsFor, "*")))
	for _, name := range old {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// describe is run.json: settings and hashes, no result.
func (s RunSpec) describe(m *Manifest, started string, result trainer.Result, predictions []string, seconds float64) eval.Run {
	plan := result.Plan
	name := s.Model
	if name == "" {
		name = "tiny"
	}
	run := eval.Run{
		Schema: eval.RunSchema, Name: s.Name, Task: s.Input.Task, Seed: s.Seed, Baseline: s.Baseline,
		Model: eval.Artifact{Name: filepath.Base(name), Hash: started},
		Data:  eval.TrainData{Name: m.Task, Hash: m.Hash(), Rows: m.Rows, Public: s.Public},
		Method: eval.Method{Kind: plan.Method.Kind, Rank: plan.Method.Rank, Alpha: plan.Method.Alpha, TrainLayers: plan.Method.TrainLayers,
			Released: result.Released, Trained: result.Trained},
		Optimizer: eval.Optimizer{Kind: plan.Optimizer.Kind, LearningRate: plan.LearningRate, Schedule: plan.Schedule.Kind, WeightDecay: plan.Optimizer.WeightDecay},
		Training: eval.Training{ExpectedBatchSize: float64(plan.ExpectedBatchSize), Epochs: s.Recipe.Epochs, MaxLength: m.MaxLength,
			Precision: plan.Precision, Device: s.Engine.Device, Seconds: seconds},
		Files: eval.RunFiles{Predictions: predictions, Steps: "steps.jsonl"},
	}
	if s.Budget != nil {
		run.Files.Ledger = "ledger.jsonl"
		run.Privacy = &eval.Claim{
			Accountant: s.Budget.Accountant, Epsilon: s.Budget.Epsilon, Delta: plan.Delta,
			Plan:         plan.Accounting(plan.Steps),
			ClippingNorm: plan.ClippingNorm, ClippingMode: plan.ClippingMode, Trials: 1,
		}
	}
	return run
}

// Warnings are what training had to say against each finished run below dir, by the run's name.
func Warnings(dir string) ([]string, error) {
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != warningsFile {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var warnings []string
		if err := json.Unmarshal(text, &warnings); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, warning := range warnings {
			all = append(all, filepath.Base(filepath.Dir(path))+": "+warning)
		}
		return nil
	})
	return all, err
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(text, '\n'))
}
