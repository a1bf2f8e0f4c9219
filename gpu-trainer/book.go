package trainer

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/ewtune/ewtune/accountant"
)

// book keeps the ledger of a run, in memory and on disk. An event is durable before the model moves, so that what was
// spent can only be more than what a surviving model contains, never less.
type book struct {
	ledger *accountant.Ledger
	file   *appendFile // nil: memory only
}

func (p Plan) ledgerHeader(data string) accountant.LedgerHeader {
	return accountant.LedgerHeader{
		Delta: p.Delta, Adjacency: accountant.AddRemove, Sampler: accountant.Sampler(p.Sampler), MaxLot: p.MaxLot, DatasetSize: p.DatasetSize, ExpectedBatchSize: p.ExpectedBatchSize,
		ClippingNorm: p.ClippingNorm, SeedKnown: p.Seed != nil, PlanHash: p.Hash(), DataHash: data,
	}
}

// event is what a step costs: the multiplier of all that it releases together, and under an adaptive clip its two
// parts.
func (p Plan) event(step int64, clippingNorm float64) accountant.LedgerEvent {
	e := accountant.LedgerEvent{Kind: accountant.GaussianEvent, Step: step, SamplingRate: p.SamplingRate, NoiseMultiplier: p.noiseAt(step), Count: 1}
	if p.clipMoves() {
		e.ClippingNorm = clippingNorm
	}
	if p.AdaptiveClip != nil {
		e.GradientNoiseMultiplier, e.CountNoise = p.gradientNoiseAt(step), p.AdaptiveClip.CountNoise
	}
	return e
}

// newBook begins a ledger.
func newBook(f runFolder, h accountant.LedgerHeader) (*book, error) {
	ledger, err := accountant.NewLedger(h)
	if err != nil || !f.kept() {
		return &book{ledger: ledger}, err
	}
	file, err := openAppend(f.file(ledgerFile), 0, true)
	if err != nil {
		return nil, err
	}
	return &book{ledger, file}, errors.Join(file.append(ledger.HeaderLine()), syncFolder(f.path))
}

// openBook reads a ledger back, and cuts off a last line that was being written when the run died: its step had not
// moved the model.
func openBook(f runFolder, want accountant.LedgerHeader) (*book, string, error) {
	data, err := os.ReadFile(f.file(ledgerFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	if !bytes.ContainsRune(data, '\n') {
		b, err := newBook(f, want) // the run died before it had a header
		return b, "", err
	}
	ledger, err := accountant.ReadLedger(bytes.NewReader(data))
	var torn *accountant.TornLedger
	if err != nil && !errors.As(err, &torn) {
		return nil, "", fmt.Errorf("%s: %w", f.file(ledgerFile), err)
	}
	fault := ""
	if torn != nil {
		fault = fmt.Sprintf("%s: %v; continued from its last whole line", f.file(ledgerFile), torn)
	}
	file, err := openAppend(f.file(ledgerFile), ledger.Size(), true)
	return &book{ledger, file}, fault, err
}

// charge records what a step is about to spend. A step that is done again after a crash was charged already: the
// event must be the same, and nothing is added, since the same lot and the same noise give the same release.
func (b *book) charge(e accountant.LedgerEvent) error {
	events := b.ledger.Events()
	if e.Step <= int64(len(events)) {
		if recorded := events[e.Step-1]; recorded != e {
			return fmt.Errorf("ledger event %d: %+v was recorded, the plan says %+v", e.Step, recorded, e)
		}
		return nil
	}
	if e.Step != int64(len(events))+1 {
		return fmt.Errorf("ledger event %d: the ledger ends at %d", e.Step, len(events))
	}
	line, err := b.ledger.Append(e)
	if err != nil || b.file == nil {
		return err
	}
	if err := b.file.append(line); err != nil {
		return fmt.Errorf("ledger: %w; the step was not made", err)
	}
	return nil
}

func (b *book) close() error {
	if b.file == nil {
		return nil
	}
	return b.file.close()
}
