package pipeline

import (
	"cmp"
	"fmt"
	"math"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Recipe is how one kind of run learns: everything of a trainer.Plan but the data's size and the privacy budget.
type Recipe struct {
	Method       model.Method
	BatchSize    int64   // expected batch size B
	MaxLot       int64   // most rows of a private lot, 0: no cap
	Epochs       float64 // E; the plan has E·⌊N/B⌋ steps
	LearningRate float64
	Warmup       float64 // share of the steps
	ClippingNorm float64 // private runs
	ClippingMode string
	ClipQuantile float64         // of the gradients' norms, which the clip follows; 0: the clip is fixed
	Phases       []trainer.Phase // of noise and clip; their steps sum to the plan's
	Optimizer    dp.Optimizer
	Schedule     string // a kind of trainer.Schedule
	Horizon      int64  // of the schedule, 0: the plan's steps
	Dropout      bool
}

// Recipes of the two ways that reproduce runs without flags. They were chosen on seeds and, for the generated corpus, on
// samples that no reported run uses; the data that they were chosen on is public.
var (
	// generatedPrivate trains the tiny preset on the generated corpus.
	generatedPrivate = Recipe{
		Method:    model.Method{Kind: model.LoRA, TrainPooler: true},
		BatchSize: 750, Epochs: 4, LearningRate: 3e-3, Warmup: 0.05, ClippingNorm: 5, Schedule: trainer.Polynomial,
	}
	generatedPublic = Recipe{
		Method:    model.Method{Kind: model.Full},
		BatchSize: 64, Epochs: 2, LearningRate: 1e-3, Warmup: 0.05, Schedule: trainer.Polynomial,
	}
	// privateRecipe and publicRecipe adapt a given model to given data.
	privateRecipe = Recipe{
		Method:    model.Method{Kind: model.LoRA, TrainPooler: true},
		BatchSize: 2000, Epochs: 3, LearningRate: 5e-3, Warmup: 0.05, ClippingNorm: 5, Schedule: trainer.Polynomial,
	}
	publicRecipe = Recipe{
		Method:    model.Method{Kind: model.Full},
		BatchSize: 256, Epochs: 1, LearningRate: 1e-3, Warmup: 0.05, Schedule: trainer.Polynomial,
	}
)

// orElse fills the recipe's zero fields from another one.
func (r Recipe) orElse(other Recipe) Recipe {
	r.Method = methodOrElse(r.Method, other.Method)
	r.BatchSize, r.Epochs = cmp.Or(r.BatchSize, other.BatchSize), cmp.Or(r.Epochs, other.Epochs)
	r.MaxLot = cmp.Or(r.MaxLot, other.MaxLot)
	r.LearningRate, r.Warmup = cmp.Or(r.LearningRate, other.LearningRate), cmp.Or(r.Warmup, other.Warmup)
	r.ClippingNorm, r.ClippingMode = cmp.Or(r.ClippingNorm, other.ClippingNorm), cmp.Or(r.ClippingMode, other.ClippingMode)
	r.ClipQuantile = cmp.Or(r.ClipQuantile, other.ClipQuantile)
	if len(r.Phases) == 0 {
		r.Phases = other.Phases
	}
	r.Optimizer, r.Horizon = cmp.Or(r.Optimizer, other.Optimizer), cmp.Or(r.Horizon, other.Horizon)
	r.Schedule, r.Dropout = cmp.Or(r.Schedule, other.Schedule), r.Dropout || other.Dropout
	return r
}

// methodOrElse fills the zero fields of a method from another of the same kind.
func methodOrElse(m, other model.Method) model.Method {
	if m.Kind != "" && m.Kind != other.Kind {
		return m
	}
	m.Kind, m.Rank, m.Alpha = other.Kind, cmp.Or(m.Rank, other.Rank), cmp.Or(m.Alpha, other.Alpha)
	if len(m.Targets) == 0 {
		m.Targets = other.Targets
	}
	m.TrainLayers, m.TrainPooler = cmp.Or(m.TrainLayers, other.TrainLayers), m.TrainPooler || other.TrainPooler
	m.LinearHead, m.CoreMinus = m.LinearHead || other.LinearHead, m.CoreMinus || other.CoreMinus
	return m
}

// asKind is a method of the given kind with those fields of m that the kind has.
func asKind(m model.Method, kind string) model.Method {
	m.Kind = kind
	switch kind {
	case model.Head, model.Prompt:
		m.TrainLayers = 0
	}
	switch kind {
	case model.Head, model.BitFit, model.Full:
		m.Rank = 0
	}
	m.CoreMinus = m.CoreMinus && kind == model.RGP
	if kind != model.LoRA {
		m.Alpha, m.Targets = 0, nil
	}
	return m
}

// steps is T = E·⌊N/B⌋, at least 1.
func (r Recipe) steps(rows int64) (int64, error) {
	if r.BatchSize < 1 || r.BatchSize > rows {
		return 0, fmt.Errorf("batch size %d: must be in 1..%d, the rows of the training data", r.BatchSize, rows)
	}
	if !(r.Epochs > 0) || math.IsInf(r.Epochs, 0) {
		return 0, fmt.Errorf("epochs %v: must be positive and finite", r.Epochs)
	}
	return max(1, int64(math.Round(r.Epochs*float64(rows/r.BatchSize)))), nil
}

// plan is the recipe applied to a split of the given number of rows. The privacy budget is left open.
func (r Recipe) plan(rows int64) (trainer.Plan, error) {
	steps, err := r.steps(rows)
	if err != nil {
		return trainer.Plan{}, err
	}
	var adaptive *dp.Adaptive
	if r.ClipQuantile != 0 {
		adaptive = &dp.Adaptive{Quantile: r.ClipQuantile}
	}
	return trainer.Plan{
		AdaptiveClip: adaptive,
		DatasetSize:  rows, ExpectedBatchSize: r.BatchSize, Steps: steps,
		ClippingNorm: r.ClippingNorm, ClippingMode: r.ClippingMode, Phases: r.Phases,
		Method: r.Method, Optimizer: r.Optimizer, LearningRate: r.LearningRate, Dropout: r.Dropout,
		Schedule: trainer.Schedule{Kind: r.Schedule, Horizon: r.Horizon, Warmup: int64(math.Round(r.Warmup * float64(steps)))},
	}, nil
}
