package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ewtune/ewtune/accountant"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Options say where and how a run is done; none of them changes what is private or a bit of the result.
type Options struct {
	Dir             string           // run folder, new for Train; "" keeps nothing, and the run cannot be resumed
	CheckpointEvery int64            // steps [50]
	Engine          EngineOptions    // Precision and Dropout are the plan's
	Progress        func(Progress)   // called after every step [nothing]
	Now             func() time.Time // for Progress.Left [no clock: 0]
}

// Progress tells of a step that was just made. LotSize, Loss and Clipped depend on the data without noise: do not
// publish them.
type Progress struct {
	Step, Steps int64
	Private     bool // false: Epsilon means nothing
	LotSize     int
	Loss        float64 // mean over the lot, 0 for an empty one
	Clipped     float64 // share of the lot whose gradient was shortened
	Epsilon     float64 // certified upper bound of what was spent so far, at most a hundredth of the run ahead
	Left        time.Duration
}

// Result is a finished run.
type Result struct {
	Plan         Plan
	Model        *model.Model // trained; what the method added stands beside the base weights
	Epsilon      accountant.Result
	Ledger       *accountant.Ledger // nil for a non-private run
	ClippingNorm float64            // at the end; an adaptive clip moved it
	Released     int                // numbers in the vector that is clipped, summed and noised
	Trained      int                // numbers that the optimiser steps
	Examples     int64              // uses of examples, over all lots
	Clipped      int64              // of them shortened
	NonFinite    int64              // of them left out because their gradient was not finite
	Canaries     map[string][]byte  // files of an audited run, by kind: input, secret, gradient
	Warnings     []string
}

// Train makes a run from its first step to its last. A private run charges each step to the ledger before the model
// moves. When ctx ends, the run stops between two steps with a checkpoint, and Resume goes on to the same bits.
//
// Errors: a plan that walks into a fatal Pitfall, a folder that holds a run, a source that does not give the rows
// asked for, or a file that cannot be written.
func Train(ctx context.Context, p Plan, s Source, m *model.Model, o Options) (Result, error) {
	resolved, found, err := p.resolve(int64(s.Len()), m.Config)
	if err != nil {
		return Result{}, err
	}
	key, err := resolved.newKey()
	if err != nil {
		return Result{}, err
	}
	r, err := newRun(ctx, resolved, s, m, o)
	if err != nil {
		return Result{}, err
	}
	defer r.close()
	r.pitfalls = found
	if err := r.use(key); err != nil {
		return Result{}, err
	}
	if err := r.begin(planRecord{planSchema, resolved, s.Hash(), HashModel(m), r.engine.core.unit()}); err != nil {
		return Result{}, err
	}
	return r.finish(r.loop(ctx))
}

// Resume goes on with the run in o.Dir from its last whole checkpoint; the source and the starting model must be
// those of Train. Weights, ledger and result are to the bit what an uninterrupted run gives. A finished run gives its
// result again.
//
// Steps between the checkpoint and the crash are done again. Their lots and noise follow from the key and the step's
// number, so each gives the very release that it gave before: a function of what was released already, which costs
// nothing more. For that the sums must be the same to the bit, so a private run is refused on a processor or device
// whose arithmetic is not that of Train.
func Resume(ctx context.Context, s Source, m *model.Model, o Options) (Result, error) {
	folder := runFolder{o.Dir}
	record, err := folder.readPlan()
	if err != nil {
		return Result{}, err
	}
	if record.Data != s.Hash() {
		return Result{}, fmt.Errorf("source %s: the run was begun on %s; noise that is drawn again on other data would cancel", s.Hash(), record.Data)
	}
	if hash := HashModel(m); record.Model != hash {
		return Result{}, fmt.Errorf("model %s: the run was begun from %s", hash, record.Model)
	}
	resolved, found, err := record.Plan.resolve(int64(s.Len()), m.Config)
	if err != nil {
		return Result{}, err
	}
	r, err := newRun(ctx, resolved, s, m, o)
	if err != nil {
		return Result{}, err
	}
	defer r.close()
	r.pitfalls = found
	if err := r.reopen(record.Arithmetic); err != nil {
		return Result{}, err
	}
	return r.finish(r.loop(ctx))
}

func (p Plan) newKey() (dp.Key, error) {
	if p.Seed != nil {
		return dp.KeyFromSeed(*p.Seed), nil
	}
	return dp.NewKey()
}

// run is a run in progress.
type run struct {
	progress
	plan     Plan
	options  Options
	source   Source
	config   model.Config
	engine   *Engine
	prefix   *storedPrefix // in place of the source, where there is a cache
	sampler  *dp.Sampler
	key      dp.Key
	folder   runFolder
	book     *book       // nil: non-private
	log      *appendFile // nil: nothing kept
	pitfalls []Pitfall
	faults   []string // damage that a resumed run got over
	base     *model.Model
	planted  *canaries
	finished bool    // before it was resumed: the key is gone
	saved    int64   // step of the newest checkpoint
	pricedAt int64   // steps whose price is held
	price    float64 // largest that was told: no step costs less than none
	began    time.Time
	from     int64
}

func newRun(ctx context.Context, p Plan, s Source, m *model.Model, o Options) (*run, error) {
	if err := p.checkProducts(o.Engine); err != nil {
		return nil, err
	}
	o.Engine.Precision, o.Engine.Dropout = p.Precision, p.Dropout
	o.Engine.MaxTokens = capacity(o.Engine.MaxTokens, m.Config)
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = 50
	}
	engine, err := NewEngine(m, p.Method, o.Engine)
	if err != nil {
		return nil, err
	}
	r := &run{plan: p, options: o, source: s, config: m.Config, base: m, engine: engine, sampler: p.sampler(),
		folder: runFolder{o.Dir}, saved: -1}
	r.PlanHash, r.ClippingNorm = p.Hash(), p.ClippingNorm
	r.Tally = newTally(engine, !p.NonPrivate)
	if o.Engine.Cache != "" {
		if r.prefix, err = openPrefix(ctx, s, m, p.Method, engine, o.Engine); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	return r, nil
}

// use gives the run its key and what follows from it.
func (r *run) use(key dp.Key) (err error) {
	r.key = key
	if err := dp.CheckNoise(key); err != nil {
		return err
	}
	r.planted, err = plant(r.plan.Audit, r.config, r.engine.Dim(), r.plan.DatasetSize-r.plan.Audit.Slots(), key)
	if err == nil && r.Scores == nil {
		r.Scores = make([]float64, len(r.planted.gradients))
	}
	return err
}

// begin makes the folder and the ledger of a new run.
func (r *run) begin(record planRecord) (err error) {
	if r.folder.kept() {
		if err := r.folder.create(record, r.key); err != nil {
			return err
		}
		if r.log, err = openAppend(r.folder.file(stepsFile), 0, false); err != nil {
			return err
		}
	}
	if !r.plan.NonPrivate {
		r.book, err = newBook(r.folder, r.plan.ledgerHeader(record.Data))
	}
	return err
}

// reopen puts a run that was begun with some arithmetic back to its newest whole checkpoint, or to its beginning.
func (r *run) reopen(arithmetic string) error {
	saved, found, faults, err := r.folder.newest()
	if err != nil {
		return err
	}
	r.faults = faults
	if found {
		if saved.PlanHash != r.PlanHash {
			return fmt.Errorf("run folder %s: plan.json was changed after the run began", r.folder.path)
		}
		r.progress, r.saved = saved.progress, saved.Step
		if err := r.engine.Restore(saved.State); err != nil {
			return fmt.Errorf("checkpoint of step %d: %w", saved.Step, err)
		}
	}
	if unit := r.engine.core.unit(); unit != arithmetic && !r.plan.NonPrivate && r.Step < r.plan.Steps {
		return fmt.Errorf("arithmetic %s: the run was begun with %s; steps done again under the same noise must have the same sums", unit, arithmetic)
	}
	key, err := r.folder.readKey()
	r.finished = err != nil && r.Step == r.plan.Steps
	if err != nil && !r.finished {
		return err
	}
	if err := r.use(key); err != nil {
		return err
	}
	if r.log, err = openAppend(r.folder.file(stepsFile), r.StepsBytes, false); err != nil {
		return err
	}
	if at, err := r.log.file.Seek(0, io.SeekCurrent); err != nil || at < r.StepsBytes {
		r.faults = append(r.faults, fmt.Sprintf("%s: %d bytes of the log of the steps done are missing", stepsFile, r.StepsBytes-at))
	}
	return r.reopenBook()
}

// reopenBook reads the ledger back. It must contain all that the checkpoint contains: spent budget cannot fall.
func (r *run) reopenBook() error {
	if r.plan.NonPrivate {
		return nil
	}
	header := r.plan.ledgerHeader(r.source.Hash())
	b, fault, err := openBook(r.folder, header)
	if err != nil {
		return err
	}
	r.book = b
	if fault != "" {
		r.faults = append(r.faults, fault)
	}
	if got := b.ledger.Header(); got != header {
		return fmt.Errorf("ledger header %+v: the plan's is %+v", got, header)
	}
	if events := int64(len(b.ledger.Events())); events < r.Step {
		return fmt.Errorf("ledger of %d events: the checkpoint contains %d steps; a spent step is missing", events, r.Step)
	}
	if r.Step > 0 && b.ledger.HeadAt(r.Step) != r.LedgerHash {
		return fmt.Errorf("ledger event %d: not the one that the checkpoint was made after", r.Step)
	}
	return nil
}

// loop makes the steps that are left.
func (r *run) loop(ctx context.Context) error {
	r.from = r.Step
	if r.options.Now != nil {
		r.began = r.options.Now()
	}
	for r.Step < r.plan.Steps {
		if err := ctx.Err(); err != nil {
			return errors.Join(fmt.Errorf("stopped after step %d of %d: %w", r.Step, r.plan.Steps, err), r.save())
		}
		if err := r.step(ctx); err != nil {
			return fmt.Errorf("step %d: %w", r.Step+1, err)
		}
		if r.Step%r.options.CheckpointEvery == 0 {
			if err := r.save(); err != nil {
				return err
			}
		}
	}
	return r.save()
}

// save writes a checkpoint, unless nothing is kept or the step has one.
func (r *run) save() error {
	if !r.folder.kept() || r.saved == r.Step {
		return nil
	}
	if r.book != nil && r.Step > 0 {
		r.LedgerHash = r.book.ledger.HeadAt(r.Step)
	}
	if err := r.log.sync(); err != nil {
		return err
	}
	r.saved = r.Step
	return r.folder.save(checkpoint{r.progress, r.engine.State()})
}

// finish ends a run: the result is made, and the key is destroyed.
func (r *run) finish(err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	trained, err := r.engine.Export()
	if err != nil {
		return Result{}, err
	}
	result := Result{Plan: r.plan, Model: trained, ClippingNorm: r.ClippingNorm,
		Released: r.engine.Dim(), Trained: size(r.engine.Trained()), Examples: r.Tally.Examples, Clipped: r.Tally.Clipped, NonFinite: r.Tally.NonFinite, Warnings: r.warnings()}
	if r.book != nil {
		result.Ledger = r.book.ledger
		if result.Epsilon, err = r.book.ledger.Epsilon(); err != nil {
			return result, err
		}
	}
	if result.Canaries, err = r.audit(); err != nil {
		return result, err
	}
	if r.folder.kept() {
		return result, r.folder.forgetKey()
	}
	return result, nil
}

func (r *run) close() error {
	err := errors.Join(r.engine.Close(), r.prefix.close())
	if r.log != nil {
		err = errors.Join(err, r.log.close())
	}
	if r.book != nil {
		err = errors.Join(err, r.book.close())
	}
	return err
}
