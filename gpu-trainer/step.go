package trainer

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// lot is what one pass over a lot saw.
type lot struct {
	size, clipped, below, above int // below, above: finite norms at most C, and above it or not finite
	loss                        float64
}

// lotRows are the members of a lot: rows of the source, and canaries that are in.
type lotRows struct {
	data      []int64
	planted   []int
	gradients []plantedGradient
}

func (l lotRows) size() int { return len(l.data) + len(l.planted) }

// step makes one step of the plan.
func (r *run) step(ctx context.Context) error {
	step := r.Step + 1
	if step > r.plan.Steps {
		return fmt.Errorf("steps %d: the plan and its budget end there", r.plan.Steps)
	}
	rows := r.sampler.Lot(r.key, step)
	if err := r.engine.BeginLot(r.key.Seed(dp.DomainLot, uint64(step))); err != nil {
		return err
	}
	advance := r.privateStep
	if r.plan.NonPrivate {
		advance = r.plainStep
	}
	drawn := lotRows{}
	drawn.data, drawn.planted, drawn.gradients = r.planted.split(rows)
	seen, err := advance(ctx, step, drawn)
	if err != nil {
		return err
	}
	r.Step = step
	r.Tally.count(seen)
	if err := r.record(seen); err != nil {
		return err
	}
	return r.report(seen)
}

// privateStep clips, sums, adds noise and divides: the mechanism. Nothing that it computes from the rows leaves it
// except the noisy sum (and count), of which the ledger was told before.
//
//	grid      the clip C of this step, its sensitivity and the noise's scale σ·sensitivity, all public
//	sum       Σ round(f g/quantum) over the lot, in integers
//	update    (sum + noise)·quantum/B with the public B
func (r *run) privateStep(ctx context.Context, step int64, rows lotRows) (lot, error) {
	norm := r.ClippingNorm * r.plan.phase(step).ClipFactor
	grid, err := dp.NewGrid(norm, r.plan.DatasetSize, r.engine.Dim(), r.plan.gradientNoiseAt(step), dp.Slack(r.plan.Precision))
	if err != nil {
		return lot{}, err
	}
	gaussian, err := dp.NewGaussian(grid.Scale)
	if err != nil {
		return lot{}, err
	}
	clip := dp.Clip{Norm: norm, Quantum: grid.Quantum, Mode: r.plan.ClippingMode}
	seen, err := r.pass(ctx, rows, norm, func(b *model.Batch) (BatchStats, error) { return r.engine.Accumulate(b, clip) })
	if err != nil {
		return seen, err
	}
	r.Tally.sawGradients(r.engine)
	if len(rows.gradients) > 0 {
		if err := r.engine.Add(func(sums []int64) { addGradients(sums, rows.gradients, clip) }); err != nil {
			return seen, err
		}
	}
	if err := r.book.charge(r.plan.event(step, norm)); err != nil {
		return seen, err
	}
	if err := r.adapt(step, seen); err != nil {
		return seen, err
	}
	watched := len(r.Scores) > 0
	noise := gaussian.Noise(r.key, uint64(step))
	err = r.update(step, Update{Noise: noise.From, KeepSums: watched, Quantum: grid.Quantum, Optimizer: r.plan.optimizerAt(grid)})
	if err == nil && watched {
		r.planted.watch(r.Scores, r.engine.Sum(), grid.Quantum)
	}
	return seen, err
}

// plainStep is a step without privacy: the gradient's sum over the same public divisor.
func (r *run) plainStep(ctx context.Context, step int64, rows lotRows) (lot, error) {
	seen, err := r.pass(ctx, rows, 0, r.engine.AccumulateGradient)
	if err != nil || rows.size() == 0 {
		return seen, err
	}
	return seen, r.update(step, Update{Optimizer: r.plan.Optimizer})
}

// update completes an update with what both kinds of step share.
func (r *run) update(step int64, u Update) error {
	u.Divisor = float64(r.plan.ExpectedBatchSize)
	u.LearningRate = r.plan.LearningRate * r.plan.Schedule.Factor(step)
	u.K = int(step)
	still := r.Tally.snapshot(r.engine)
	if err := r.engine.Step(u); err != nil {
		return err
	}
	r.Tally.sawMoves(r.engine, still)
	return nil
}

// adapt moves the clip of the next step by the noisy count of this one.
func (r *run) adapt(step int64, seen lot) error {
	a := r.plan.AdaptiveClip
	if a == nil {
		return nil
	}
	count, err := a.NoisyCount(r.key, step, seen.below, seen.above)
	if err == nil {
		r.ClippingNorm = a.Next(r.ClippingNorm, count, r.plan.ExpectedBatchSize)
	}
	return err
}

// pass runs the examples of a lot through the engine in packed batches. An empty lot is a lot.
func (r *run) pass(ctx context.Context, rows lotRows, norm float64, accumulate func(*model.Batch) (BatchStats, error)) (lot, error) {
	seen := lot{size: rows.size()}
	for batch, err := range r.batches(ctx, rows) {
		if err != nil {
			return seen, err
		}
		stats, err := accumulate(batch)
		if err != nil {
			return seen, err
		}
		seen.add(stats, norm)
		r.Tally.NonFinite += int64(stats.NonFinite)
	}
	return seen, nil
}

// batches reads a lot and packs it.
func (r *run) batches(ctx context.Context, rows lotRows) iter.Seq2[*model.Batch, error] {
	return func(yield func(*model.Batch, error) bool) {
		for part := range slices.Chunk(rows.planted, max(r.options.Engine.MaxTokens/max(r.plan.Audit.length(), 1), 1)) {
			if !yield(r.planted.batch(r.config, part), nil) {
				return
			}
		}
		if len(rows.data) == 0 {
			return
		}
		for batch, err := range r.packed(ctx, rows.data) {
			if !yield(batch, err) {
				return
			}
		}
	}
}

// packed reads rows of the data and packs them: their ids, or what the frozen prefix made of them.
func (r *run) packed(ctx context.Context, rows []int64) iter.Seq2[*model.Batch, error] {
	if r.prefix != nil {
		return r.prefix.batches(rows, r.options.Engine.MaxTokens)
	}
	return packRows(ctx, r.source, r.config, rows, r.options.Engine.MaxTokens)
}

// add counts one batch.
func (l *lot) add(s BatchStats, norm float64) {
	for _, v := range s.Loss {
		if finite(v) {
			l.loss += v
		}
	}
	for i, n := range s.Norm {
		if n <= norm {
			l.below++
		} else {
			l.above++
		}
		if n > norm || s.Factor[i] < 1 {
			l.clipped++
		}
	}
}

// mean is the lot's mean loss, 0 for an empty lot.
func (l lot) mean() float64 { return l.loss / float64(max(l.size, 1)) }

// share is the share of the lot that was clipped.
func (l lot) share() float64 { return float64(l.clipped) / float64(max(l.size, 1)) }

// StepLog is one line of steps.jsonl. It comes from the data without noise: it is for the one who holds the data, and
// it is no part of what the ledger prices.
type StepLog struct {
	Step    int64   `json:"step"`
	LotSize int     `json:"lot_size"`
	Loss    float64 `json:"loss"`
	Clipped float64 `json:"clipped"`
	NoNoise bool    `json:"without_noise"` // always: no guarantee covers the three numbers before
}

func (r *run) record(seen lot) error {
	if r.log == nil {
		return nil
	}
	line, err := json.Marshal(StepLog{Step: r.Step, LotSize: seen.size, Loss: seen.mean(), Clipped: seen.share(), NoNoise: true})
	if err != nil {
		return err
	}
	line = append(line, '\n')
	r.StepsBytes += int64(len(line))
	return r.log.append(line)
}

func (r *run) report(seen lot) error {
	if r.options.Progress == nil {
		return nil
	}
	spent, err := r.spent()
	if err != nil {
		return err
	}
	r.options.Progress(Progress{Step: r.Step, Steps: r.plan.Steps, Private: !r.plan.NonPrivate, LotSize: seen.size, Loss: seen.mean(), Clipped: seen.share(), Epsilon: spent, Left: r.left()})
	return nil
}

// fewestPriced is the shortest run that Progress prices: the accountant takes longest over the shortest.
const fewestPriced = 20

// spent prices the run up to the next hundredth of its steps: never less than what was spent.
func (r *run) spent() (float64, error) {
	if r.plan.NonPrivate {
		return 0, nil
	}
	stride := (r.plan.Steps + 99) / 100
	at := min(max((r.Step+stride-1)/stride*stride, fewestPriced), r.plan.Steps)
	if r.pricedAt == at {
		return r.price, nil
	}
	price, err := r.plan.epsilonAfter(at)
	r.pricedAt, r.price = at, max(r.price, price.Epsilon.Upper)
	return r.price, err
}

// left guesses the time left from the pace so far.
func (r *run) left() time.Duration {
	if r.options.Now == nil {
		return 0
	}
	pace := r.options.Now().Sub(r.began) / time.Duration(max(r.Step-r.from, 1))
	return pace * time.Duration(r.plan.Steps-r.Step)
}
