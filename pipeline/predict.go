package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/eval"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// PredictSummary counts what was predicted.
type PredictSummary struct {
	Rows     int `json:"rows"`
	Labelled int `json:"labelled"`
	Correct  int `json:"correct"`
}

// predict scores every row of the prepared split at location with a trained model and writes the predictions to the new
// file out.
func (in Input) predict(ctx context.Context, m *model.Model, method model.Method, location, out string, o trainer.EngineOptions) (PredictSummary, error) {
	if err := refuseExisting(out); err != nil {
		return PredictSummary{}, err
	}
	source, err := in.open(ctx, location)
	if err != nil {
		return PredictSummary{}, err
	}
	defer source.Close()
	scored, err := trainer.Evaluate(ctx, source, m, method, o)
	if err != nil {
		return PredictSummary{}, err
	}
	manifest := source.Manifest()
	predictions := eval.Predictions{PredictionsHeader: eval.PredictionsHeader{
		Task: in.Task, Split: manifest.Split, Dataset: source.Hash(), Model: trainer.HashModel(m),
		Labels: manifest.Labels, Count: len(scored.RowIDs), Scores: eval.Logit,
	}}
	var summary PredictSummary
	for i, row := range scored.RowIDs {
		p := eval.Prediction{RowID: row, Label: int(scored.Labels[i]), Prediction: scored.Predicted(i),
			Scores: scored.Logits[i*scored.Classes : (i+1)*scored.Classes]}
		summary.count(p)
		predictions.Rows = append(predictions.Rows, p)
	}
	var text bytes.Buffer
	if err := eval.WritePredictions(&text, &predictions); err != nil {
		return summary, err
	}
	return summary, writeFile(out, text.Bytes())
}

func (s *PredictSummary) count(p eval.Prediction) {
	s.Rows++
	if p.Label >= 0 {
		s.Labelled++
	}
	if p.Label == p.Prediction {
		s.Correct++
	}
}

// PredictRun scores a split with the model of a finished run. data is what the run was trained on where it is empty.
func PredictRun(ctx context.Context, dir, data, split, out string) (PredictSummary, error) {
	if err := refuseExisting(out); err != nil {
		return PredictSummary{}, err
	}
	s, err := readSpec(dir)
	if err != nil {
		return PredictSummary{}, err
	}
	trained, err := model.Load(filepath.Join(dir, modelFolder))
	if err != nil {
		return PredictSummary{}, fmt.Errorf("run folder %s: has no trained model: %w", dir, err)
	}
	if data != "" {
		s.Input.Data, s.Splits = data, nil
	}
	location, ok := s.Splits[split]
	if !ok {
		shards, err := os.MkdirTemp("", "ewtune-predict-")
		if err != nil {
			return PredictSummary{}, err
		}
		defer os.RemoveAll(shards)
		if location, err = s.Input.prepareSplit(ctx, split, filepath.Join(shards, split)); err != nil {
			return PredictSummary{}, err
		}
	}
	return s.Input.predict(ctx, trained, s.Recipe.Method, location, out, s.engine())
}

// prepareSplit makes sure that one split is there as Arrow shards, in the folder out where Data is text, and returns its location.
func (in Input) prepareSplit(ctx context.Context, split, out string) (string, error) {
	if in.prepared() {
		return strings.TrimSuffix(in.Data, "/") + "/" + split, nil
	}
	if in.Tokenizer == "" {
		return "", fmt.Errorf("tokenizer: must be named for the text in %s; a vocabulary learned from it would not be private", in.Data)
	}
	_, err := Prepare(ctx, PrepareOptions{
		Source:    datasets.OpenOptions{Path: in.Data, Task: in.Task, Split: split},
		Tokenizer: in.Tokenizer, Out: out, MaxLength: in.MaxLength,
	})
	return out, err
}
