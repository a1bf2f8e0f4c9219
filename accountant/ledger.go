package accountant

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// LedgerSchema is the version of the ledger's lines.
const LedgerSchema = "ewtune.ledger/v1"

// LedgerHeader is the first line of a ledger: what holds for the whole run.
type LedgerHeader struct {
	Delta             float64   `json:"delta"`
	Adjacency         Adjacency `json:"adjacency,omitempty"`
	Sampler           Sampler   `json:"sampler,omitempty"`
	DatasetSize       int64     `json:"dataset_size,omitempty"`
	ExpectedBatchSize int64     `json:"expected_batch_size,omitempty"`
	MaxLot            int64     `json:"max_lot,omitempty"` // truncated Poisson: the cap
	ClippingNorm      float64   `json:"clipping_norm,omitempty"`
	SeedKnown         bool      `json:"seed_known"` // the noise's seed is disclosed: no privacy against who knows it
	PlanHash          string    `json:"plan_hash,omitempty"`
	DataHash          string    `json:"data_hash,omitempty"`
}

// Kinds of events. Others are refused: an accountant that guesses is worse than none.
const (
	GaussianEvent = "gaussian" // Count equal steps of the subsampled Gaussian
	TuningEvent   = "tuning"   // the run so far is the best of a random number of trials
)

// LedgerEvent is a later line: something that spent privacy.
type LedgerEvent struct {
	Kind            string  `json:"kind"`
	Step            int64   `json:"step,omitempty"` // last step that the event covers
	SamplingRate    float64 `json:"sampling_rate,omitempty"`
	NoiseMultiplier float64 `json:"noise_multiplier,omitempty"` // of all that the step releases together
	Count           int64   `json:"count,omitempty"`            // equal steps, ≥ 1
	ClippingNorm    float64 `json:"clipping_norm,omitempty"`    // where it moves

	// Adaptive clipping releases the gradients with multiplier z and the count of unclipped examples with standard
	// deviation σ_b: together NoiseMultiplier = (z⁻² + (2σ_b)⁻²)^(−½) (Andrew et al. 2021, theorem 1). Both or neither.
	GradientNoiseMultiplier float64 `json:"gradient_noise_multiplier,omitempty"`
	CountNoise              float64 `json:"count_noise,omitempty"`

	Tuning *Tuning `json:"tuning,omitempty"` // of a tuning event
}

// Ledger is a hash-chained record of what a run has spent. Lines are only ever added; each holds the SHA-256 of the line
// before, so that a changed, removed or reordered line is found by all that follow it, and the last line's hash (Head)
// stands for the whole. It is not safe for concurrent use.
type Ledger struct {
	header LedgerHeader
	events []LedgerEvent
	hashes []string // of each line
	first  []byte
	size   int64
}

type headerLine struct {
	Schema string `json:"schema"`
	LedgerHeader
}

type eventLine struct {
	Previous string `json:"previous"`
	LedgerEvent
}

// TornLedger says that the last line of a ledger is not whole, as a crash leaves it.
type TornLedger struct {
	Offset int64 // bytes of whole, chained lines before it
	Reason string
}

func (t *TornLedger) Error() string {
	return fmt.Sprintf("ledger line at byte %d: %s", t.Offset, t.Reason)
}

// NewLedger begins a ledger.
func NewLedger(h LedgerHeader) (*Ledger, error) {
	if err := h.validate(); err != nil {
		return nil, err
	}
	line, err := encodeLine(headerLine{LedgerSchema, h})
	if err != nil {
		return nil, err
	}
	l := &Ledger{header: h, first: line}
	l.seal(line)
	return l, nil
}

func (h LedgerHeader) validate() error {
	if err := validateDelta(h.Delta); err != nil {
		return fmt.Errorf("ledger header: %w", err)
	}
	probe := Homogeneous(1, 1, 1)
	probe.Sampler, probe.Adjacency, probe.DatasetSize, probe.MaxLot = h.Sampler, h.Adjacency, h.DatasetSize, h.MaxLot
	if err := probe.Validate(); err != nil {
		return fmt.Errorf("ledger header: %w", err)
	}
	if !(h.ClippingNorm >= 0) || h.ExpectedBatchSize < 0 {
		return fmt.Errorf("ledger header: clipping_norm %v and expected_batch_size %d: must not be negative", h.ClippingNorm, h.ExpectedBatchSize)
	}
	return nil
}

// HeaderLine returns the first line, newline included.
func (l *Ledger) HeaderLine() []byte { return bytes.Clone(l.first) }

// Header returns what holds for the whole run.
func (l *Ledger) Header() LedgerHeader { return l.header }

// Events returns the events in order; the caller must not change them.
func (l *Ledger) Events() []LedgerEvent { return l.events }

// Size returns the bytes of all lines.
func (l *Ledger) Size() int64 { return l.size }

// Head returns the hash of the last line, which stands for the whole ledger.
func (l *Ledger) Head() string { return l.hashes[len(l.hashes)-1] }

// HeadAt returns the hash after the first events, 0 for the header alone, "" beyond the end.
func (l *Ledger) HeadAt(events int64) string {
	if events < 0 || events >= int64(len(l.hashes)) {
		return ""
	}
	return l.hashes[events]
}

// Append adds an event and returns its line, newline included, to be written to the end of the file. An unknown kind, or a
// value out of its range, is refused and changes nothing.
func (l *Ledger) Append(e LedgerEvent) ([]byte, error) {
	if err := l.admit(e); err != nil {
		return nil, err
	}
	line, err := encodeLine(eventLine{l.Head(), e})
	if err != nil {
		return nil, err
	}
	l.events = append(l.events, e)
	l.seal(line)
	return line, nil
}

func (l *Ledger) seal(line []byte) {
	sum := sha256.Sum256(line)
	l.hashes = append(l.hashes, hex.EncodeToString(sum[:]))
	l.size += int64(len(line))
}

func (l *Ledger) admit(e LedgerEvent) error {
	if n := len(l.events); n > 0 && l.events[n-1].Kind == TuningEvent {
		return fmt.Errorf("ledger event %d: nothing may follow a tuning event", n+1)
	}
	if err := e.validate(); err != nil {
		return fmt.Errorf("ledger event %d: %w", len(l.events)+1, err)
	}
	return nil
}

func (e LedgerEvent) validate() error {
	switch e.Kind {
	case GaussianEvent:
		if e.Tuning != nil {
			return errors.New("tuning: belongs to a tuning event")
		}
		if e.Step < 0 || !(e.ClippingNorm >= 0) {
			return fmt.Errorf("step %d, clipping_norm %v: must not be negative", e.Step, e.ClippingNorm)
		}
		if err := (Phase{e.SamplingRate, e.NoiseMultiplier, e.Count}).validate(); err != nil {
			return err
		}
		return e.validateAdaptive()
	case TuningEvent:
		if e.Tuning == nil || e.SamplingRate != 0 || e.NoiseMultiplier != 0 || e.Count != 0 {
			return errors.New("tuning: a tuning event holds its distribution of trials and nothing else")
		}
		return e.Tuning.validate()
	}
	return fmt.Errorf("kind %q: must be %s or %s; an unknown event is not priced", e.Kind, GaussianEvent, TuningEvent)
}

// validateAdaptive refuses a step whose multiplier claims more noise than its two releases have together.
func (e LedgerEvent) validateAdaptive() error {
	z, b := e.GradientNoiseMultiplier, e.CountNoise
	if z == 0 && b == 0 {
		return nil
	}
	if !(z > 0) || !(b > 0) {
		return fmt.Errorf("gradient_noise_multiplier %v, count_noise %v: adaptive clipping needs both, greater than 0", z, b)
	}
	if all := AdaptiveNoiseMultiplier(z, b); e.NoiseMultiplier > all*(1+1e-12) {
		return fmt.Errorf("noise_multiplier %v: must be at most %v, that of gradients (%v) and count (%v) together", e.NoiseMultiplier, all, z, b)
	}
	return nil
}

func encodeLine(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	return append(line, '\n'), err
}

// ReadLedger reads a ledger back. Where only the last line is damaged it returns the ledger before it together with a
// *[TornLedger]; damage elsewhere, a broken chain, an unknown event or an unknown field is an error without a ledger.
func ReadLedger(r io.Reader) (*Ledger, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	line, rest, whole := bytes.Cut(data, []byte("\n"))
	if !whole {
		return nil, errors.New("ledger line 1: is not whole")
	}
	l, err := readHeader(line)
	if err != nil {
		return nil, fmt.Errorf("ledger line 1: %w", err)
	}
	for n := 2; len(rest) > 0; n++ {
		line, rest, whole = bytes.Cut(rest, []byte("\n"))
		damage, err := l.read(line, whole)
		if err != nil {
			return nil, fmt.Errorf("ledger line %d: %w", n, err)
		}
		if damage == "" {
			continue
		}
		if len(rest) == 0 {
			return l, &TornLedger{l.size, damage}
		}
		return nil, fmt.Errorf("ledger line %d: %s", n, damage)
	}
	return l, nil
}

func readHeader(line []byte) (*Ledger, error) {
	var h headerLine
	if err := decodeStrict(line, &h); err != nil {
		return nil, err
	}
	if h.Schema != LedgerSchema {
		return nil, fmt.Errorf("schema %q: must be %s", h.Schema, LedgerSchema)
	}
	l, err := NewLedger(h.LedgerHeader)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(l.first[:len(l.first)-1], line) {
		return nil, errNotOurs
	}
	return l, nil
}

// read adds a line; damage says why it cannot be part of the chain.
func (l *Ledger) read(line []byte, whole bool) (damage string, err error) {
	var e eventLine
	if !whole {
		return "is not whole", nil
	}
	if err := decodeStrict(line, &e); err != nil {
		return "", err
	}
	if same, err := encodeLine(e); err != nil || !bytes.Equal(same[:len(same)-1], line) {
		return "", errNotOurs
	}
	if e.Previous != l.Head() {
		return "", errors.New("does not continue the line before: one of the two was changed, removed or moved")
	}
	if err := l.admit(e.LedgerEvent); err != nil {
		return "", err
	}
	l.events = append(l.events, e.LedgerEvent)
	l.seal(append(bytes.Clone(line), '\n'))
	return "", nil
}

var errNotOurs = errors.New("is not as this version writes it")

func decodeStrict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// Plan returns what the ledger says was executed: equal neighbouring events as one phase.
func (l *Ledger) Plan() (Plan, error) {
	p := Plan{Sampler: l.header.Sampler, Adjacency: l.header.Adjacency, DatasetSize: l.header.DatasetSize, MaxLot: l.header.MaxLot}
	p.Sampler, p.Adjacency = p.sampler(), p.adjacency()
	for _, e := range l.events {
		if e.Kind == TuningEvent {
			p.Tuning = e.Tuning
			continue
		}
		if n := len(p.Phases); n > 0 && p.Phases[n-1].SamplingRate == e.SamplingRate && p.Phases[n-1].NoiseMultiplier == e.NoiseMultiplier {
			p.Phases[n-1].Steps = min(p.Phases[n-1].Steps+e.Count, MaxSteps64+1) // no overflow: Validate refuses it
			continue
		}
		p.Phases = append(p.Phases, Phase{e.SamplingRate, e.NoiseMultiplier, e.Count})
	}
	if len(p.Phases) == 0 {
		return p, errors.New("ledger: holds no event that spends privacy")
	}
	return p, p.Validate()
}

// Epsilon prices what the ledger says was executed, at its own delta. An empty ledger costs nothing.
func (l *Ledger) Epsilon() (Result, error) {
	if len(l.events) == 0 {
		r := Plan{Sampler: l.header.Sampler, Adjacency: l.header.Adjacency}.result("certified", true)
		r.Delta = point(l.header.Delta)
		return r, nil
	}
	p, err := l.Plan()
	if err != nil {
		return Result{}, err
	}
	r, err := Epsilon(p, l.header.Delta)
	if err == nil && l.header.SeedKnown {
		r.warn("the seed of the noise is known: there is no privacy against who knows it")
	}
	return r, err
}

// MergeLedgers returns the plan of all ledgers together: what a person in every one of their data sets is exposed to.
// Their samplers and adjacencies must agree; delta is the caller's to choose.
func MergeLedgers(ledgers ...*Ledger) (Plan, error) {
	var plans []Plan
	for _, l := range ledgers {
		p, err := l.Plan()
		if err != nil {
			return Plan{}, err
		}
		plans = append(plans, p)
	}
	return Compose(plans...)
}
