package trainer

import (
	"fmt"
	"slices"
	"strings"
)

// tally counts what a run must be able to say of itself. It is part of every checkpoint.
type tally struct {
	Examples  int64    `json:"examples"`
	Clipped   int64    `json:"clipped"`
	NonFinite int64    `json:"non_finite"`
	Idle      []string `json:"idle,omitempty"`  // released tensors that no example has given a gradient yet
	Still     []string `json:"still,omitempty"` // trained tensors that have not moved yet
}

func newTally(e *Engine, private bool) tally {
	var t tally
	for _, p := range e.Trained() {
		t.Still = append(t.Still, p.Name)
	}
	if !private {
		return t
	}
	for _, p := range e.Released() {
		t.Idle = append(t.Idle, p.Name)
	}
	return t
}

func (t *tally) count(l lot) {
	t.Examples += int64(l.size)
	t.Clipped += int64(l.clipped)
}

// sawGradients strikes off the released tensors whose sum is not zero in this lot.
func (t *tally) sawGradients(e *Engine) {
	if len(t.Idle) == 0 {
		return
	}
	touched := e.Touched()
	for i, p := range e.Released() {
		if touched[i] {
			t.Idle = without(t.Idle, p.Name)
		}
	}
}

// snapshot copies the tensors that have not moved yet: all before the first step, hardly any after.
func (t *tally) snapshot(e *Engine) map[string]StateTensor {
	if len(t.Still) == 0 {
		return nil
	}
	still := map[string]StateTensor{}
	for _, s := range e.State() {
		if name, ok := strings.CutPrefix(s.Name, stateWeight); ok && slices.Contains(t.Still, name) {
			still[name] = StateTensor{Float32: slices.Clone(s.Float32), Float64: slices.Clone(s.Float64)}
		}
	}
	return still
}

// sawMoves strikes off the tensors that differ from their snapshot.
func (t *tally) sawMoves(e *Engine, before map[string]StateTensor) {
	if len(before) == 0 {
		return
	}
	for _, s := range e.State() {
		name, _ := strings.CutPrefix(s.Name, stateWeight)
		old, ok := before[name]
		if ok && !(slices.Equal(old.Float32, s.Float32) && slices.Equal(old.Float64, s.Float64)) {
			t.Still = without(t.Still, name)
		}
	}
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return n == name })
}

// mostlyClipped is the share of clipped examples above which the direction of the sum is hardly the loss's any more:
// with unbalanced labels the model then drifts to the majority class even without noise.
const mostlyClipped = 0.95

// warnings are the caveats of a finished run.
func (r *run) warnings() []string {
	warnings := append(slices.Clone(r.faults), r.engine.Notes()...)
	for _, f := range r.pitfalls {
		warnings = append(warnings, f.Error())
	}
	t := r.Tally
	if len(t.Idle) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: received no gradient from any example", strings.Join(t.Idle, ", ")))
	}
	if len(t.Still) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: did not move", strings.Join(t.Still, ", ")))
	}
	if t.NonFinite > 0 {
		warnings = append(warnings, fmt.Sprintf("%d uses of examples had a gradient that was not finite and counted as zero", t.NonFinite))
	}
	if share := float64(t.Clipped) / float64(max(t.Examples, 1)); share > mostlyClipped {
		warnings = append(warnings, fmt.Sprintf("clipping norm %v: %.1f %% of the examples were clipped; raise it", r.plan.ClippingNorm, 100*share))
	}
	return warnings
}
