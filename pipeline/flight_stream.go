package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// batchStream fetches consecutive batches ahead of their use, and reconnects at the right row when the server goes away.
type batchStream struct {
	next    int64 // batch that receive gives next
	batches chan fetched
	stop    context.CancelFunc
}

type fetched struct {
	batch *batch
	err   error
}

// newStream begins to fetch from a batch on.
func (r *remote) newStream(number int64) *batchStream {
	ctx, stop := context.WithCancel(context.Background())
	s := &batchStream{next: number, batches: make(chan fetched, readAhead), stop: stop}
	go func() {
		defer close(s.batches)
		at := number
		err := persist(ctx, r.patience, func(ctx context.Context) (bool, error) {
			before := at
			err := r.pump(ctx, &at, s.batches)
			return at > before, err
		})
		if err != nil {
			s.batches <- fetched{err: fmt.Errorf("row %d: %w", at*int64(r.manifest.BatchRows), err)}
		}
	}()
	return s
}

// receive gives the next batch.
func (s *batchStream) receive(ctx context.Context) (*batch, error) {
	select {
	case f, ok := <-s.batches:
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		s.next++
		return f.batch, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close stops fetching and releases what was fetched.
func (s *batchStream) close() {
	s.stop()
	for f := range s.batches {
		if f.batch != nil {
			f.batch.record.Release()
		}
	}
}

// pump makes one call for the batches from *at on and advances *at with each. Only a stall of the server, not of the
// reader, ends it.
func (r *remote) pump(ctx context.Context, at *int64, out chan<- fetched) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ticket, err := r.ticket(*at)
	if err != nil {
		return err
	}
	stalled := time.AfterFunc(r.patience, cancel)
	defer stalled.Stop()
	call, err := r.client.DoGet(ctx, ticket)
	if err != nil {
		return err
	}
	reader, err := flight.NewRecordReader(call, ipc.WithAllocator(r.mem))
	if err != nil {
		return err
	}
	defer reader.Release()
	if !reader.Schema().Equal(trainer.Schema) {
		return &refusal{fmt.Errorf("another schema: %v", reader.Schema())}
	}
	for int(*at) < len(r.cache.batches) {
		stalled.Reset(r.patience)
		b, err := r.nextBatch(reader, *at)
		if err != nil {
			return err
		}
		stalled.Stop()
		select {
		case out <- fetched{batch: b}:
			*at++
		case <-ctx.Done():
			b.record.Release()
			return ctx.Err()
		}
	}
	return nil
}

// nextBatch decodes and verifies one batch of a stream.
func (r *remote) nextBatch(reader *flight.Reader, number int64) (b *batch, err error) {
	err = guarded(func() error {
		if !reader.Next() {
			if reader.Err() != nil {
				return reader.Err()
			}
			return fmt.Errorf("the server ended the stream: %w", io.ErrUnexpectedEOF)
		}
		var wrong error
		if b, wrong = newBatch(reader.Record(), number, r.manifest); wrong != nil {
			return &refusal{wrong}
		}
		return nil
	})
	return b, err
}

// refusal is an error that another try cannot mend.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

// persist repeats try until it succeeds, is refused, or has made no progress for the time of patience. The pause between
// two tries doubles from 50 ms to 5 s.
func persist(ctx context.Context, patience time.Duration, try func(context.Context) (progress bool, err error)) error {
	const shortest, longest = 50 * time.Millisecond, 5 * time.Second
	last, pause := time.Now(), shortest
	for {
		progress, err := try(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case final(err):
			return err
		case progress:
			last, pause = time.Now(), shortest
		case time.Since(last)+pause > patience:
			return fmt.Errorf("no answer for %v: %w", patience, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, longest)
	}
}

// final tells the errors that a server means, from those of a connection.
func final(err error) bool {
	var refused *refusal
	if errors.As(err, &refused) {
		return true
	}
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.NotFound, codes.FailedPrecondition, codes.InvalidArgument,
		codes.Unimplemented, codes.ResourceExhausted:
		return true
	}
	return false
}
