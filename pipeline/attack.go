package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ewtune/ewtune/eval"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// attack plays membership inference against a trained model: are the first rows of its training split told from as many rows of a split that it has
// not seen? It gives two canaries files, of the likelihood ratio to the starting weights and of the loss alone, by kind.
func (s RunSpec) attack(ctx context.Context, heldOut string, rows int, trained trainer.Result) (map[string][]byte, error) {
	members, err := s.Input.open(ctx, s.Splits[trainSplit])
	if err != nil {
		return nil, err
	}
	defer members.Close()
	others, err := s.openHeldOut(ctx, heldOut)
	if err != nil {
		return nil, err
	}
	defer others.Close()
	start, err := s.loadModel(members.Manifest())
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for kind, before := range map[string]*model.Model{eval.MembershipKind: start, eval.MembershipLossKind: nil} {
		if files[kind], err = trainer.Membership(ctx, members, others, rows, before, trained, s.Engine); err != nil {
			return nil, fmt.Errorf("membership inference: %w", err)
		}
	}
	return files, nil
}

// openHeldOut opens a split that is not trained on; "" is the first one that the run is scored on.
func (s RunSpec) openHeldOut(ctx context.Context, name string) (Split, error) {
	var names []string
	for split := range s.Splits {
		if split != trainSplit {
			names = append(names, split)
		}
	}
	slices.Sort(names)
	if name == "" && len(names) > 0 {
		name = names[0]
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("held-out split %q: must be one of %v", name, names)
	}
	return s.Input.open(ctx, s.Splits[name])
}

// writeAttack attacks a run that is about to be reported and names the files beside those of its canaries.
func (s RunSpec) writeAttack(ctx context.Context, dir string, trained trainer.Result) ([]string, error) {
	if s.Membership == 0 {
		return nil, nil
	}
	files, err := s.attack(ctx, "", s.Membership, trained)
	var names []string
	for _, kind := range []string{eval.MembershipKind, eval.MembershipLossKind} {
		if err == nil {
			names = append(names, fmt.Sprintf(canariesOf, kind))
			err = writeFile(filepath.Join(dir, names[len(names)-1]), files[kind])
		}
	}
	return names, err
}

// AuditRun audits a finished run: its canaries of each kind that was planted, and with rows above 0 membership inference on so many
// rows of its training data and of a held-out split ("": the first that it was scored on).
func AuditRun(ctx context.Context, dir, heldOut string, rows int) ([]*eval.AuditResult, error) {
	names, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf(canariesOf, "*")))
	if err != nil {
		return nil, err
	}
	var results []*eval.AuditResult
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if results, err = addAudit(results, text, name); err != nil {
			return nil, err
		}
	}
	if rows > 0 {
		files, err := attackRun(ctx, dir, heldOut, rows)
		if err != nil {
			return nil, err
		}
		for _, kind := range []string{eval.MembershipKind, eval.MembershipLossKind} {
			if results, err = addAudit(results, files[kind], kind); err != nil {
				return nil, err
			}
		}
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("run folder %s: has no canaries; ask for --membership ROWS, or train with --canaries-gradient, --canaries-input or --canaries-secret", dir)
	}
	return results, nil
}

func addAudit(results []*eval.AuditResult, text []byte, name string) ([]*eval.AuditResult, error) {
	canaries, err := eval.ReadCanaries(text, name)
	if err != nil {
		return results, err
	}
	result, err := eval.Audit(canaries)
	if err != nil {
		return results, fmt.Errorf("%s: %w", name, err)
	}
	return append(results, result), nil
}

// attackRun attacks a finished run from what its folder holds.
func attackRun(ctx context.Context, dir, heldOut string, rows int) (map[string][]byte, error) {
	s, err := readSpec(dir)
	if err != nil {
		return nil, err
	}
	trained, err := model.Load(filepath.Join(dir, modelFolder))
	if err != nil {
		return nil, fmt.Errorf("run folder %s: has no trained model: %w", dir, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, planFile))
	var record struct{ Plan trainer.Plan }
	err = errors.Join(err, json.NewDecoder(bytes.NewReader(text)).Decode(&record))
	if err != nil {
		return nil, fmt.Errorf("run folder %s: %w", dir, err)
	}
	return s.attack(ctx, heldOut, rows, trainer.Result{Plan: record.Plan, Model: trained})
}
