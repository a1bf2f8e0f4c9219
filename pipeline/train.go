package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// NewRunSpec is a single run on one task with the recipe that fits its data, changed by the fields of recipe that are not zero.
func NewRunSpec(in Input, model string, private bool, recipe Recipe) (RunSpec, error) {
	if in.Data == "" {
		return RunSpec{}, fmt.Errorf("data: must be named; `datasets generate` writes a corpus to try")
	}
	if in.Tokenizer == "" {
		in.Tokenizer = model
	}
	fallback := privateRecipe
	if !private {
		fallback = publicRecipe
	}
	return RunSpec{Input: in, Model: model, Recipe: recipe.orElse(fallback)}, nil
}

// TrainInto runs s in the new folder dir, where it also keeps the shards of data that was given as text. A run that is refused
// leaves no folder behind.
func TrainInto(ctx context.Context, dir string, s RunSpec, progress func(trainer.Progress)) error {
	if err := refuseExisting(dir); err != nil {
		return err
	}
	err := s.prepareAndRun(ctx, dir, progress)
	if _, begun := os.Stat(filepath.Join(dir, planFile)); err != nil && begun != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

func (s RunSpec) prepareAndRun(ctx context.Context, dir string, progress func(trainer.Progress)) (err error) {
	if s.Splits, err = s.Input.prepare(ctx, filepath.Join(dir, "shards")); err != nil {
		return err
	}
	return s.Run(ctx, dir, progress)
}

// ResumeRun goes on with the run that dir holds. A finished run is left as it is.
func ResumeRun(ctx context.Context, dir string, progress func(trainer.Progress)) error {
	s, err := readSpec(dir)
	if err != nil {
		return err
	}
	return s.Run(ctx, dir, progress)
}

func readSpec(dir string) (RunSpec, error) {
	path := filepath.Join(dir, specFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return RunSpec{}, fmt.Errorf("run folder %s: holds no run: %w", dir, err)
	}
	var s RunSpec
	if err := json.Unmarshal(text, &s); err != nil {
		return RunSpec{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
