package pipeline

import (
	"fmt"
	"math"
	"time"

	"github.com/ewtune/ewtune/accountant"
	"github.com/ewtune/ewtune/datasets"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// PlannedRun is what a run of the matrix would be: its plan, and the noise that each accountant would give it.
type PlannedRun struct {
	Task         string              `json:"task"`
	DatasetSize  int64               `json:"dataset_size"`
	BatchSize    int64               `json:"batch_size"`
	SamplingRate float64             `json:"sampling_rate"`
	Steps        int64               `json:"steps"`
	Epsilon      float64             `json:"epsilon"`
	Delta        float64             `json:"delta"`
	Certified    float64             `json:"noise_certified"`   // the least that provably meets the budget
	Edgeworth    float64             `json:"noise_edgeworth"`   // by the order-1 estimate, on the authors' search grid
	TrueEpsilon  accountant.Interval `json:"epsilon_edgeworth"` // what that noise spends
	RDP          float64             `json:"noise_rdp"`         // by today's Rényi accounting
	AuthorsPRV   float64             `json:"noise_prv_authors"` // as their logs have it; 0: no such run
	AuthorsRDP   float64             `json:"noise_rdp_authors"` // likewise
	Time         time.Duration       `json:"time_ns"`           // of one private run on this machine, estimated
}

// DryRun plans the matrix for the original sizes of the tasks, or of the generated corpus, and trains nothing. speed estimates
// examples a second for a method; nil leaves the time out.
func DryRun(o ReproduceOptions, speed func(model.Method) (float64, error)) ([]PlannedRun, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	logged, err := accountant.PaperTable()
	if err != nil {
		return nil, err
	}
	var all []PlannedRun
	for _, name := range o.Tasks {
		task, err := datasets.TaskByName(name)
		if err != nil {
			return nil, err
		}
		for _, epsilon := range o.Epsilons {
			for _, delta := range o.Deltas {
				run, err := o.plannedRun(task, epsilon, delta)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", task.Name, err)
				}
				run.fillLogged(task, logged)
				if speed != nil {
					if run.Time, err = o.time(task.Name, run, speed); err != nil {
						return nil, err
					}
				}
				all = append(all, run)
			}
		}
	}
	return all, nil
}

func (o ReproduceOptions) plannedRun(task datasets.Task, epsilon, delta float64) (PlannedRun, error) {
	rows := trainingRows(task)
	if o.Data == "" && o.Preset == "" {
		rows = datasets.DefaultTrainRows
		if o.Rows > 0 {
			rows = int64(o.Rows)
		}
	}
	recipe := o.recipe(task.Name)
	steps, err := recipe.steps(rows)
	if err != nil {
		return PlannedRun{}, err
	}
	q := float64(recipe.BatchSize) / float64(rows)
	run := PlannedRun{Task: task.Folder, DatasetSize: rows, BatchSize: recipe.BatchSize, SamplingRate: q, Steps: steps, Epsilon: epsilon, Delta: delta}
	for name, noise := range map[string]*float64{Certified: &run.Certified, Edgeworth: &run.Edgeworth, RDP: &run.RDP} {
		if *noise, err = NoiseMultiplier(name, q, steps, epsilon, delta); err != nil {
			return run, err
		}
	}
	spent, err := accountant.Epsilon(accountant.Homogeneous(q, run.Edgeworth, steps), delta)
	run.TrueEpsilon = spent.Epsilon
	return run, err
}

// fillLogged adds the noise that the authors' logs have for this plan. (They count three rows more in QQP than the hub does.)
func (r *PlannedRun) fillLogged(task datasets.Task, logged []accountant.PaperRow) {
	for _, row := range logged {
		if row.Task == task.Folder && row.Delta == r.Delta && row.Steps == r.Steps && r.BatchSize == 2000 && r.Epsilon == 8 {
			r.AuthorsPRV, r.AuthorsRDP = row.PRV, row.RDP
		}
	}
}

func (o ReproduceOptions) time(task string, run PlannedRun, speed func(model.Method) (float64, error)) (time.Duration, error) {
	rate, err := speed(o.recipe(task).Method)
	if err != nil {
		return 0, err
	}
	examples := float64(run.Steps) * float64(run.BatchSize)
	return time.Duration(examples / rate * float64(time.Second)), nil
}

// MeasureSpeed trains on random tokens for a few seconds and returns examples a second, by the fastest of several passes: others who
// use the machine make a pass slower and none faster. The model is that of the folder,
// RoBERTa-base in shape where a preset has no folder, or the tiny preset; an example has the given number of tokens.
func MeasureSpeed(o ReproduceOptions, method model.Method, tokens int, now func() time.Time) (float64, error) {
	encoder, err := o.shape()
	if err != nil {
		return 0, err
	}
	engine, err := trainer.NewEngine(encoder, method, trainer.EngineOptions{Precision: o.Precision, Device: o.Device})
	if err != nil {
		return 0, err
	}
	defer engine.Close()
	var batch model.Batch
	ids := make([]int32, tokens)
	for row := range int64(8) {
		for i := range ids {
			ids[i] = int32(5 + (int(row)*tokens+i)%(encoder.Config.VocabSize-5))
		}
		batch.AppendExample(encoder.Config, row, 0, ids, nil)
	}
	if err := engine.BeginLot(0); err != nil {
		return 0, err
	}
	best, total := math.Inf(1), 0.0
	for pass := 0; pass < 4 || total < 1; pass++ {
		began := now()
		if _, err := engine.Accumulate(&batch, dp.Clip{Norm: 1, Quantum: 0x1p-40}); err != nil {
			return 0, err
		}
		if seconds := now().Sub(began).Seconds(); pass > 0 { // the first pass compiles the graph
			best, total = min(best, seconds), total+seconds
		}
	}
	return float64(batch.Examples()) / best, nil
}

// shape is a model of the size that the matrix trains.
func (o ReproduceOptions) shape() (*model.Model, error) {
	switch {
	case o.Model != "":
		return model.Load(o.Model)
	case o.Preset != "":
		return model.New(RobertaBase(), 0), nil
	}
	return model.New(TinyConfig(generatedVocabulary, 2), 0), nil
}

// RobertaBase is the shape of RoBERTa-base (Liu et al. 2019).
func RobertaBase() model.Config {
	config := model.DefaultConfig(model.RoBERTa)
	config.VocabSize, config.HiddenSize, config.Layers, config.Heads, config.IntermediateSize = 50265, 768, 12, 12, 3072
	config.MaxPositions, config.TypeVocabSize, config.LayerNormEps, config.PadTokenID = 514, 1, 1e-5, 1
	return config
}
