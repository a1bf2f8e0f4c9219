package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ewtune/ewtune/datasets"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// A Preset is a published setting: what its authors trained, and for which budgets.
type Preset struct {
	Name      string
	Source    string // where the setting is published
	Model     string // what it fine-tunes; to be had from the Hugging Face hub
	Epsilons  []float64
	Deltas    []float64
	MaxLength int
	recipe    func(task string) Recipe
}

// Presets are the published settings that reproduce knows by name.
func Presets() []Preset {
	return []Preset{
		{
			Name: "paper", Source: "Behnia et al. 2022 and the authors' training logs", Model: "roberta-base",
			Epsilons: []float64{8}, Deltas: []float64{1e-5, 1e-6}, MaxLength: 256,
			recipe: func(string) Recipe {
				return Recipe{
					Method:    model.Method{Kind: model.RGP, Rank: 1, LinearHead: true},
					BatchSize: 2000, Epochs: 20, LearningRate: 3e-4, ClippingNorm: 10, Schedule: trainer.Polynomial, Horizon: 4000,
					Optimizer: dp.Optimizer{Kind: dp.Adam, Epsilon: 1e-6, EpsilonBeforeCorrection: true}, Dropout: true,
				}
			},
		},
		{
			Name: "yu2022", Source: "Yu et al. 2022 (ICLR), LoRA", Model: "roberta-base",
			Epsilons: []float64{6.7}, Deltas: []float64{1e-5}, MaxLength: 256,
			recipe: func(string) Recipe {
				return Recipe{
					Method:    model.Method{Kind: model.LoRA, Rank: 16},
					BatchSize: 2000, Epochs: 50, LearningRate: 1e-3, Warmup: 0.06, ClippingNorm: 10, Schedule: trainer.Polynomial,
					Optimizer: dp.Optimizer{Kind: dp.AdamW, Epsilon: 1e-6, WeightDecay: 0.01}, Dropout: true,
				}
			},
		},
		{
			Name: "li2022", Source: "Li et al. 2022 (ICLR), all weights", Model: "roberta-base",
			Epsilons: []float64{8, 3}, Deltas: []float64{1e-5}, MaxLength: 256,
			recipe: func(task string) Recipe {
				factor := map[string]int64{"sst2": 1, "qnli": 2, "qqp": 6, "mnli": 6}[task]
				return Recipe{
					Method:    model.Method{Kind: model.Full},
					BatchSize: 1000 * factor, Epochs: float64(3 * factor), LearningRate: 5e-4, ClippingNorm: 0.1, Schedule: trainer.Polynomial,
				}
			},
		},
	}
}

// PresetByName finds a preset.
func PresetByName(name string) (Preset, error) {
	presets := Presets()
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		var names []string
		for _, p := range presets {
			names = append(names, p.Name)
		}
		return Preset{}, fmt.Errorf("preset %q: must be one of %s", name, strings.Join(names, ", "))
	}
	return presets[i], nil
}

// trainingRows is the size of a task's original training split.
func trainingRows(task datasets.Task) int64 {
	split, err := task.Split(trainSplit)
	if err != nil {
		return 0
	}
	return int64(split.Rows)
}
