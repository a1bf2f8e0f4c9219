package pipeline

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"golang.org/x/sync/errgroup"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// preparation is one run of read -> tokenize -> write. Rows are read in order by one goroutine, tokenized in batches by
// many, and written in order by one; at most a few batches a worker are in flight.
type preparation struct {
	options   PrepareOptions
	mem       memory.Allocator
	tokenizer *tokenizer.Tokenizer
	input     *datasets.Input
	manifest  *Manifest
	journal   *journal
}

// pending is a batch of rows on its way. When done is closed, record is set, unless the run was cut off.
type pending struct {
	rows   []datasets.Row
	record arrow.Record
	done   chan struct{}
}

// run makes the shards that the journal does not have.
func (p *preparation) run(ctx context.Context) error {
	work := make(chan *pending, p.options.Workers)
	ordered := make(chan *pending, 2*p.options.Workers)
	stages, ctx := errgroup.WithContext(ctx)
	stages.Go(func() error {
		defer close(work)
		defer close(ordered)
		return p.read(ctx, work, ordered)
	})
	for range p.options.Workers {
		stages.Go(func() error { p.tokenize(work); return nil })
	}
	stages.Go(func() error { return p.write(ctx, ordered) })
	err := stages.Wait()
	for batch := range ordered { // what a run that was cut off left
		if batch.record != nil {
			batch.record.Release()
		}
	}
	return err
}

// read cuts the input into batches and passes over the rows of finished shards.
func (p *preparation) read(ctx context.Context, work, ordered chan<- *pending) error {
	finished := p.manifest.Rows
	for {
		batch := &pending{done: make(chan struct{})}
		err := p.fill(batch)
		if err != nil && err != io.EOF {
			return err
		}
		if len(batch.rows) > 0 && batch.rows[0].ID >= finished {
			if err := batch.send(ctx, work, ordered); err != nil {
				return err
			}
		}
		if err == io.EOF || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// send hands a batch to both next stages. A batch that the writer sees will be done, even when the run is cut off.
func (b *pending) send(ctx context.Context, work, ordered chan<- *pending) error {
	select {
	case ordered <- b:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case work <- b:
		return nil
	case <-ctx.Done():
		close(b.done)
		return ctx.Err()
	}
}

// fill reads up to batchRows rows.
func (p *preparation) fill(batch *pending) error {
	batch.rows = make([]datasets.Row, 0, batchRows)
	for len(batch.rows) < batchRows {
		row, err := p.input.Next()
		var malformed *datasets.RowError
		if errors.As(err, &malformed) && p.options.SkipMalformed {
			p.manifest.Source.Skipped++
			continue
		}
		if err != nil {
			return err
		}
		batch.rows = append(batch.rows, row)
	}
	return nil
}

// tokenize turns rows into records.
func (p *preparation) tokenize(work <-chan *pending) {
	encode := newRowEncoder(p.tokenizer, p.input.Task, p.options.MaxLength, p.mem)
	defer encode.builder.Release()
	for batch := range work {
		batch.record, batch.rows = encode.record(batch.rows), nil
		close(batch.done)
	}
}

// write puts the batches into shards, in order.
func (p *preparation) write(ctx context.Context, ordered <-chan *pending) (err error) {
	shards := &shardSequence{dir: p.options.Out, options: p.options, mem: p.mem, manifest: p.manifest, journal: p.journal}
	defer func() { err = errors.Join(err, shards.abort()) }()
	for batch := range ordered {
		<-batch.done
		if batch.record == nil {
			return ctx.Err()
		}
		err := shards.add(batch.record)
		batch.record.Release()
		if err != nil {
			return err
		}
		if p.options.Progress != nil {
			p.options.Progress(p.manifest.Rows + shards.open.rows())
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return shards.finish()
}
