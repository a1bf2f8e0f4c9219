package trainer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Audit plants canaries in a run (Steinke, Nasr, Jagielski 2023): each is put in or left out by a fair coin, and
// whoever sees the result guesses which. How many guesses are right bounds epsilon from below, so a trainer that adds
// less noise than it says is found out. Every canary, in or out, holds a row number of its own behind the data, so
// that the sampling rate does not depend on the coins.
type Audit struct {
	Inputs    int `json:"inputs,omitempty"`    // examples of random tokens with a random label; score: how much their loss fell
	Secrets   int `json:"secrets,omitempty"`   // one sentence for all with its own random last tokens and label: the paper's motive
	Gradients int `json:"gradients,omitempty"` // gradients of norm C on one number each; score: the sum of all releases there. Private runs only; each disturbs its number
	Length    int `json:"length,omitempty"`    // tokens of an input or secret [16]
}

// Kinds of canary, as eval names them.
const (
	inputCanaries    = "input"
	secretCanaries   = "secret"
	gradientCanaries = "gradient"
)

// secretTokens is the length of the random part of a secret.
const secretTokens = 6

// Slots is the number of canaries: the rows that they add to those of the data.
func (a *Audit) Slots() int64 {
	if a == nil {
		return 0
	}
	return int64(a.Inputs + a.Secrets + a.Gradients)
}

// length is the number of tokens of a planted example, 0 without an audit.
func (a *Audit) length() int {
	if a == nil {
		return 0
	}
	return a.Length
}

func (a *Audit) withDefaults() *Audit {
	if a == nil {
		return nil
	}
	b := *a
	if b.Length == 0 {
		b.Length = 16
	}
	return &b
}

func (a *Audit) validate(c model.Config, private bool) error {
	switch {
	case a == nil:
		return nil
	case a.Inputs < 0 || a.Secrets < 0 || a.Gradients < 0:
		return fmt.Errorf("audit %+v: numbers of canaries must not be negative", *a)
	case a.Length < secretTokens || a.Length > c.MaxTokens():
		return fmt.Errorf("audit length %d: must be in [%d, %d]", a.Length, secretTokens, c.MaxTokens())
	case a.Gradients > 0 && !private:
		return fmt.Errorf("audit gradients %d: a run without privacy releases no sums; must be 0", a.Gradients)
	}
	return nil
}

// canaries are those of one run. Their contents and coins follow from the run's key.
type canaries struct {
	first     int64 // row number of the first one
	examples  []plantedExample
	gradients []plantedGradient
}

type plantedExample struct {
	kind     string
	included bool
	ids      []int32
	label    int32
}

type plantedGradient struct {
	included   bool
	coordinate int
}

// plant draws the canaries of a run. Gradient canaries get distinct coordinates.
func plant(a *Audit, c model.Config, dim int, first int64, key dp.Key) (*canaries, error) {
	p := &canaries{first: first}
	if a == nil {
		return p, nil
	}
	if a.Gradients > dim {
		return nil, fmt.Errorf("audit gradients %d: must be at most the %d released numbers", a.Gradients, dim)
	}
	s := key.Stream(dp.DomainCanaries, 0, 0)
	sentence := randomTokens(s, c, a.Length)
	for i := range a.Inputs + a.Secrets {
		e := plantedExample{kind: inputCanaries, included: s.Below(2) == 1, ids: randomTokens(s, c, a.Length), label: int32(s.Below(uint64(c.NumLabels)))}
		if i >= a.Inputs {
			e.kind = secretCanaries
			copy(e.ids[:a.Length-secretTokens], sentence)
		}
		p.examples = append(p.examples, e)
	}
	taken := map[int]bool{}
	for len(p.gradients) < a.Gradients {
		coordinate := int(s.Below(uint64(dim)))
		if !taken[coordinate] {
			taken[coordinate] = true
			p.gradients = append(p.gradients, plantedGradient{s.Below(2) == 1, coordinate})
		}
	}
	return p, nil
}

func randomTokens(s *dp.Stream, c model.Config, n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		for ids[i] = int32(s.Below(uint64(c.VocabSize))); int(ids[i]) == c.PadTokenID; {
			ids[i] = int32(s.Below(uint64(c.VocabSize)))
		}
	}
	return ids
}

// split takes the canaries' row numbers off a lot: the rows of the data, the included examples, the included gradients.
func (p *canaries) split(rows []int64) (data []int64, examples []int, gradients []plantedGradient) {
	for _, row := range rows {
		at := int(row - p.first)
		switch {
		case at < 0:
			data = append(data, row)
		case at < len(p.examples):
			if p.examples[at].included {
				examples = append(examples, at)
			}
		default:
			if g := p.gradients[at-len(p.examples)]; g.included {
				gradients = append(gradients, g)
			}
		}
	}
	return data, examples, gradients
}

// batch packs planted examples.
func (p *canaries) batch(c model.Config, examples []int) *model.Batch {
	var b model.Batch
	for _, i := range examples {
		e := p.examples[i]
		b.AppendExample(c, p.first+int64(i), e.label, e.ids, nil)
	}
	return &b
}

// addGradients puts planted gradients, each ⌊C/quantum⌋ on its number, into a lot's sums.
func addGradients(sum []int64, planted []plantedGradient, clip dp.Clip) {
	for _, g := range planted {
		sum[g.coordinate] += int64(clip.Norm / clip.Quantum)
	}
}

// watch adds what a step releases on the canaries' numbers to their scores.
func (p *canaries) watch(scores []float64, released []int64, quantum float64) {
	for i, g := range p.gradients {
		scores[i] += float64(released[g.coordinate]) * quantum
	}
}

// canaryHeader and canaryLine are the lines of a canaries file.
type canaryHeader struct {
	Schema   string  `json:"schema"` // ewtune.audit/v1
	Kind     string  `json:"kind"`
	Canaries int     `json:"canaries"`
	Guesses  int     `json:"guesses"` // half of the canaries: those with extreme scores
	Delta    float64 `json:"delta"`
}

type canaryLine struct {
	ID       int64   `json:"id"`
	Included bool    `json:"included"`
	Score    float64 `json:"score"`
}

// canaryFile encodes the canaries of one kind.
func canaryFile(kind string, delta float64, lines []canaryLine) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	if err := e.Encode(canaryHeader{"ewtune.audit/v1", kind, len(lines), max(len(lines)/2, 1), delta}); err != nil {
		return nil, err
	}
	for _, line := range lines {
		if err := e.Encode(line); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// score ends an audit: one file a kind. before is the model that the run began with.
func (p *canaries) score(e *Engine, before *model.Model, plan Plan, o EngineOptions, gradients []float64) (map[string][]byte, error) {
	lines := map[string][]canaryLine{}
	for i, g := range p.gradients {
		lines[gradientCanaries] = append(lines[gradientCanaries], canaryLine{int64(i), g.included, gradients[i]})
	}
	if len(p.examples) > 0 {
		start, err := NewEngine(before, plan.Method, o)
		if err != nil {
			return nil, err
		}
		defer start.Close()
		for i, x := range p.examples {
			was, err := p.loss(start, before.Config, i)
			if err != nil {
				return nil, err
			}
			is, err := p.loss(e, before.Config, i)
			if err != nil {
				return nil, err
			}
			lines[x.kind] = append(lines[x.kind], canaryLine{int64(len(lines[x.kind])), x.included, was - is})
		}
	}
	files := map[string][]byte{}
	for kind, l := range lines {
		data, err := canaryFile(kind, plan.Delta, l)
		if err != nil {
			return nil, fmt.Errorf("canaries: %w", err)
		}
		files[kind] = data
	}
	return files, nil
}

// loss is the cross entropy of one planted example.
func (p *canaries) loss(e *Engine, c model.Config, i int) (float64, error) {
	logits := make([]float64, c.NumLabels)
	if err := e.Logits(p.batch(c, []int{i}), logits); err != nil {
		return 0, err
	}
	return CrossEntropy(logits, p.examples[i].label), nil
}

// CrossEntropy is -log softmax(logits)[label].
func CrossEntropy(logits []float64, label int32) float64 {
	largest := math.Inf(-1)
	for _, v := range logits {
		largest = max(largest, v)
	}
	var sum float64
	for _, v := range logits {
		sum += math.Exp(v - largest)
	}
	return math.Log(sum) + (largest - logits[label])
}

// canaryPath names a canaries file in a run folder.
func (f runFolder) canaryPath(kind string) string { return f.file("canaries." + kind + ".jsonl") }

// audit scores the canaries of a run that has its key, or reads back what was scored.
func (r *run) audit() (map[string][]byte, error) {
	if r.plan.Audit == nil {
		return nil, nil
	}
	if r.finished {
		return r.folder.readCanaries()
	}
	files, err := r.planted.score(r.engine, r.base, r.plan, r.options.Engine, r.Scores)
	if err != nil || !r.folder.kept() {
		return files, err
	}
	for kind, data := range files {
		if err := writeFile(r.folder.canaryPath(kind), 0o666, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (f runFolder) readCanaries() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, kind := range []string{inputCanaries, secretCanaries, gradientCanaries} {
		data, err := os.ReadFile(f.canaryPath(kind))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[kind] = data
	}
	return files, nil
}
