package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// Input says where a task's text comes from and how it becomes tokens.
type Input struct {
	Task      string `json:"task"`                 // short name of one of the four, or any name where Data is a folder of prepared splits
	Data      string `json:"data"`                 // GLUE folder, the task's own folder, a folder of prepared splits, or a flight:// URL of such
	Tokenizer string `json:"tokenizer,omitempty"`  // folder or file, for text
	MaxLength int    `json:"max_length,omitempty"` // tokens; 0 is DefaultMaxLength
	TokenFile string `json:"token_file,omitempty"` // file with the token of a Flight server
	RootCAs   string `json:"root_cas,omitempty"`   // PEM file of authorities to trust for flight+tls
}

const trainSplit = "train"

// open opens a prepared split, here or on another host.
func (in Input) open(ctx context.Context, location string) (Split, error) {
	token, err := ReadToken(in.TokenFile)
	if err != nil {
		return nil, err
	}
	split, err := OpenSource(ctx, location, StreamOptions{Token: token, RootCAs: in.RootCAs})
	if err != nil {
		return nil, err
	}
	_, unknown := datasets.TaskByName(split.Manifest().Task)
	if prepared := split.Manifest().Task; unknown == nil && prepared != in.Task {
		return nil, errors.Join(fmt.Errorf("%s: prepared for task %s; the task asked for is %s", location, prepared, in.Task), split.Close())
	}
	return split, nil
}

// ReadToken reads a secret from a file, where a command line would show it to everyone on the machine. An empty name is no
// token.
func ReadToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("token file %s: is empty", path)
	}
	return token, nil
}

// prepared tells whether Data needs no tokenizing.
func (in Input) prepared() bool {
	if strings.HasPrefix(in.Data, "flight://") || strings.HasPrefix(in.Data, "flight+tls://") {
		return true
	}
	_, err := os.Stat(filepath.Join(in.Data, trainSplit, ManifestFile))
	return err == nil
}

// prepare makes sure that the training split and every evaluation split are there as Arrow shards, below out where Data is
// text, and returns the location of each by name. What an interrupted run has prepared is kept.
func (in Input) prepare(ctx context.Context, out string) (map[string]string, error) {
	evaluation, err := in.evaluationSplits()
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, split := range append([]string{trainSplit}, evaluation...) {
		folder := filepath.Join(out, in.Task, split)
		if manifest, err := ReadManifest(folder); err == nil {
			if err := in.checkTokenizer(manifest); err != nil {
				return nil, fmt.Errorf("%s: %w", folder, err)
			}
			found[split] = folder
			continue
		}
		if found[split], err = in.prepareSplit(ctx, split, folder); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// checkTokenizer refuses a split that was prepared with another tokenizer than the input's.
func (in Input) checkTokenizer(m *Manifest) error {
	t, err := tokenizer.Load(in.Tokenizer)
	if err != nil {
		return err
	}
	return m.CheckTokenizer(t)
}

// evaluationSplits are the labelled splits that a task is scored on: dev, or MNLI's matched and mismatched. Of prepared splits of
// a task of the user's own they are those whose names begin with dev.
func (in Input) evaluationSplits() ([]string, error) {
	var names []string
	task, err := datasets.TaskByName(in.Task)
	if err != nil {
		folders, _ := filepath.Glob(filepath.Join(in.Data, "dev*", ManifestFile))
		for _, folder := range folders {
			names = append(names, filepath.Base(filepath.Dir(folder)))
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%w; or %s must be a folder of prepared splits, train and dev, of a task of your own", err, in.Data)
		}
		return names, nil
	}
	for _, split := range task.Splits {
		if split.Labelled && strings.HasPrefix(split.Name, "dev") {
			names = append(names, split.Name)
		}
	}
	return names, nil
}
