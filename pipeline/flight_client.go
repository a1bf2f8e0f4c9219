package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

const (
	defaultPatience = time.Minute
	// readAhead is how many batches are fetched before they are asked for.
	readAhead = 16
	// maxFlightMessage bounds one batch on the wire, in bytes.
	maxFlightMessage = 256 << 20
)

// remote is a prepared split behind a Flight server. Batches come by a stream that reads ahead; what was read stays in
// memory as for local shards.
type remote struct {
	rowReader
	location string
	name     string
	client   flight.Client
	patience time.Duration
	stream   *batchStream // nil before the first batch
}

func openFlight(ctx context.Context, u *url.URL, o StreamOptions) (*remote, error) {
	return openRemote(ctx, u, o, memory.DefaultAllocator, defaultCacheBytes)
}

func openRemote(ctx context.Context, u *url.URL, o StreamOptions, mem memory.Allocator, cacheBytes int64) (*remote, error) {
	options, err := o.dialing(u)
	if err != nil {
		return nil, err
	}
	client, err := flight.NewClientWithMiddlewareCtx(ctx, u.Host, nil, nil, options...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u, err)
	}
	r := &remote{location: u.String(), name: strings.Trim(u.Path, "/"), client: client, patience: o.Patience}
	if r.patience == 0 {
		r.patience = defaultPatience
	}
	m, err := r.describe(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", u, err), client.Close())
	}
	r.rowReader = newRowReader(m, mem, cacheBytes, r.load)
	return r, nil
}

// dialing gives the connection's options.
func (o StreamOptions) dialing(u *url.URL) ([]grpc.DialOption, error) {
	transport := insecure.NewCredentials()
	if u.Scheme == "flight+tls" {
		transport = credentials.NewTLS(nil)
		if o.RootCAs != "" {
			var err error
			if transport, err = credentials.NewClientTLSFromFile(o.RootCAs, ""); err != nil {
				return nil, fmt.Errorf("authorities %s: %w", o.RootCAs, err)
			}
		}
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxFlightMessage)),
		grpc.WithInitialWindowSize(16 << 20), grpc.WithInitialConnWindowSize(16 << 20), grpc.WithReadBufferSize(1 << 20),
	}
	if o.Token == "" {
		return options, nil
	}
	if u.Scheme != "flight+tls" && !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("token: %s would carry it in the clear; use flight+tls", u)
	}
	return append(options, grpc.WithPerRPCCredentials(bearer(o.Token))), nil
}

// describe asks for the manifest, until the server answers or patience ends.
func (r *remote) describe(ctx context.Context) (*Manifest, error) {
	descriptor := &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: strings.Split(r.name, "/")}
	var info *flight.FlightInfo
	err := persist(ctx, r.patience, func(ctx context.Context) (progress bool, err error) {
		ctx, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		info, err = r.client.GetFlightInfo(ctx, descriptor)
		return false, err
	})
	if err != nil {
		return nil, err
	}
	schema, err := flight.DeserializeSchema(info.GetSchema(), memory.DefaultAllocator)
	if err != nil || !schema.Equal(trainer.Schema) {
		return nil, fmt.Errorf("another schema: %v", schema)
	}
	return ParseManifest(info.GetAppMetadata())
}

// load takes the batch from the stream. It passes over a few batches, which are kept, and otherwise begins a new stream.
func (r *remote) load(ctx context.Context, number int64) (*batch, error) {
	if r.stream == nil || number < r.stream.next || number > r.stream.next+readAhead {
		r.endStream()
		r.stream = r.newStream(number)
	}
	for {
		b, err := r.stream.receive(ctx)
		if err != nil {
			r.endStream()
			return nil, fmt.Errorf("%s: %w", r.location, err)
		}
		if b.number == number {
			return b, nil
		}
		if r.cache.batches[b.number] == nil {
			r.cache.put(b)
		} else {
			b.record.Release()
		}
	}
}

func (r *remote) endStream() {
	if r.stream != nil {
		r.stream.close()
		r.stream = nil
	}
}

// Close ends the stream, releases what is in memory and closes the connection.
func (r *remote) Close() error {
	r.endStream()
	r.cache.clear()
	return r.client.Close()
}

// ticket asks for all rows from a batch on.
func (r *remote) ticket(number int64) (*flight.Ticket, error) {
	first := number * int64(r.manifest.BatchRows)
	data, err := json.Marshal(Ticket{Split: r.name, Manifest: r.manifest.Hash(), First: first, Rows: r.manifest.Rows - first})
	return &flight.Ticket{Ticket: data}, err
}
