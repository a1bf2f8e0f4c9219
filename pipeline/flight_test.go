package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// prepared makes a small prepared split and returns its folder.
func prepared(t testing.TB, task string, rows int) string {
	t.Helper()
	o := preparation4(t, task, rows)
	if _, err := Prepare(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o.Out
}

// serve runs a server until the returned stop is called, which waits for its end.
func serve(t testing.TB, o ServeOptions) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	o.Ready = func(a net.Addr) { ready <- a }
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	go func() { ended <- Serve(ctx, o) }()
	select {
	case a := <-ready:
		address = a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return address, stop
}

func remoteFor(t testing.TB, location string, o StreamOptions, mem memory.Allocator, cache int64) *remote {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	r, err := openRemote(t.Context(), u, o, mem, cache)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sameRows requires that two sources give the same record for the same rows.
func sameRows(t *testing.T, a, b trainer.Source, rows []int64) {
	t.Helper()
	read := func(s trainer.Source) arrow.Record {
		record, err := s.Read(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		return record
	}
	x, y := read(a), read(b)
	defer x.Release()
	defer y.Release()
	if !array.RecordEqual(x, y) {
		t.Fatalf("rows %v differ:\n%v\n%v", rows, x, y)
	}
}

// TestFlightGivesTheLocalRows reads by Flight, in order, backwards and at random, with a cache for all and for nothing.
func TestFlightGivesTheLocalRows(t *testing.T) {
	dir := prepared(t, "qnli", 5000)
	local, err := OpenShards(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	address, _ := serve(t, ServeOptions{Dir: filepath.Dir(dir)})
	for name, cache := range map[string]int64{"cached": 1 << 30, "uncached": 0} {
		t.Run(name, func(t *testing.T) {
			r := remoteFor(t, "flight://"+address+"/out", StreamOptions{}, checkedAllocator(t), cache)
			defer r.Close()
			if r.Hash() != local.Hash() || r.Len() != local.Len() {
				t.Fatalf("hash %s, %d rows; local %s, %d", r.Hash(), r.Len(), local.Hash(), local.Len())
			}
			for _, rows := range [][]int64{{0, 1, 2}, {1023, 1024, 4999}, {4999, 0, 0, 2500}, {}, {3000}, {10, 4000, 20}} {
				sameRows(t, local, r, rows)
			}
			if err := r.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestFlightOutlivesARestart stops the server between two reads and starts another at the same address a little later.
func TestFlightOutlivesARestart(t *testing.T) {
	dir := prepared(t, "sst2", 24*1024) // more batches than a stream reads ahead
	local, err := OpenShards(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	address, stop := serve(t, ServeOptions{Dir: dir})
	r := remoteFor(t, "flight://"+address+"/train", StreamOptions{}, checkedAllocator(t), 0)
	defer r.Close()
	sameRows(t, local, r, []int64{0, 1025})
	stop()
	restarted := make(chan struct{})
	go func() {
		defer close(restarted)
		time.Sleep(200 * time.Millisecond)
		serve(t, ServeOptions{Dir: dir, Address: address})
	}()
	for row := int64(2048); row < int64(local.Len()); row += 1000 {
		sameRows(t, local, r, []int64{row})
	}
	<-restarted
}

// TestFlightRefuses lists the errors of server and client that no retry mends, each with what it must say.
func TestFlightRefuses(t *testing.T) {
	dir := prepared(t, "sst2", 1500)
	address, _ := serve(t, ServeOptions{Dir: dir, Token: "secret"})
	for _, c := range []struct {
		name, location, token, want string
	}{
		{"no token", "flight://" + address + "/train", "", "token: missing or wrong"},
		{"wrong token", "flight://" + address + "/train", "secre", "token: missing or wrong"},
		{"unknown split", "flight://" + address + "/dev", "secret", `split "dev": there is train`},
		{"no split", "flight://" + address, "secret", "must be a folder, flight://HOST:PORT/SPLIT"},
		{"no port", "flight://localhost/train", "secret", "must be a folder, flight://HOST:PORT/SPLIT"},
		{"token in the URL", "flight://u:secret@" + address + "/train", "", "must be a folder, flight://HOST:PORT/SPLIT"},
		{"token in the clear", "flight://example.com:1/train", "secret", "in the clear"},
		{"nobody there", "flight://127.0.0.1:1/train", "", "no answer for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := OpenSource(t.Context(), c.location, StreamOptions{Token: c.token, Patience: 300 * time.Millisecond})
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestFlightNoticesOtherData replaces the served split by another while a client reads.
func TestFlightNoticesOtherData(t *testing.T) {
	address, stop := serve(t, ServeOptions{Dir: prepared(t, "sst2", 24*1024)})
	r := remoteFor(t, "flight://"+address+"/train", StreamOptions{}, checkedAllocator(t), 0)
	defer r.Close()
	stop()
	serve(t, ServeOptions{Dir: prepared(t, "sst2", 23*1024), Address: address})
	_, err := r.Read(t.Context(), []int64{23000})
	if err == nil || !strings.Contains(err.Error(), "the data is another now") {
		t.Errorf("got %v, want an error that says that the data changed", err)
	}
}

// TestServeGuardsTheAddress lists the ways to serve that are refused.
func TestServeGuardsTheAddress(t *testing.T) {
	dir := prepared(t, "sst2", 1100)
	for _, c := range []struct {
		name string
		o    ServeOptions
		want string
	}{
		{"everybody without token", ServeOptions{Dir: dir, Address: ":0"}, "a token is needed"},
		{"any address without token", ServeOptions{Dir: dir, Address: "0.0.0.0:0"}, "a token is needed"},
		{"no port", ServeOptions{Dir: dir, Address: "localhost"}, "must be host:port"},
		{"key alone", ServeOptions{Dir: dir, Key: "k.pem"}, "TLS needs both"},
		{"nothing prepared", ServeOptions{Dir: t.TempDir(), Address: "127.0.0.1:0"}, "holds no prepared split"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Serve(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestFlightCancel requires that a read ends with its context.
func TestFlightCancel(t *testing.T) {
	address, stop := serve(t, ServeOptions{Dir: prepared(t, "sst2", 24*1024)})
	r := remoteFor(t, "flight://"+address+"/train", StreamOptions{}, checkedAllocator(t), 0)
	defer r.Close()
	stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := r.Read(ctx, []int64{5}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
}

// TestFlightRowRanges asks the server for ranges that begin and end inside batches and shards, of plain and compressed
// shards, by the library's own client.
func TestFlightRowRanges(t *testing.T) {
	for _, compression := range []string{"none", "zstd"} {
		o := preparation4(t, "sst2", 3500)
		o.Compression = compression
		if _, err := Prepare(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		local, err := OpenShards(o.Out)
		if err != nil {
			t.Fatal(err)
		}
		defer local.Close()
		address, _ := serve(t, ServeOptions{Dir: o.Out})
		client, err := flight.NewClientWithMiddleware(address, nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for _, c := range [][2]int64{{0, 3500}, {0, 1024}, {5, 3}, {1000, 100}, {1023, 2000}, {3499, 1}, {100, 0}} {
			ticket, err := json.Marshal(Ticket{Split: "train", Manifest: local.Hash(), First: c[0], Rows: c[1]})
			if err != nil {
				t.Fatal(err)
			}
			if got := rowIDs(t, client, ticket); !slices.Equal(got, consecutive(c[0], c[1])) {
				t.Errorf("%s, %d rows from %d: got %d rows", compression, c[1], c[0], len(got))
			}
		}
	}
}

func consecutive(first, n int64) []int64 {
	var rows []int64
	for row := first; row < first+n; row++ {
		rows = append(rows, row)
	}
	return rows
}

func rowIDs(t *testing.T, client flight.Client, ticket []byte) (rows []int64) {
	t.Helper()
	stream, err := client.DoGet(t.Context(), &flight.Ticket{Ticket: ticket})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := flight.NewRecordReader(stream, ipc.WithAllocator(checkedAllocator(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	for reader.Next() {
		rows = append(rows, reader.Record().Column(trainer.ColumnRowID).(*array.Int64).Int64Values()...)
	}
	if err := reader.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestFlightLists asks what is served, and for tickets and names that are not.
func TestFlightLists(t *testing.T) {
	dir := prepared(t, "sst2", 2100)
	server, err := newFlightServer(filepath.Dir(dir), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer server.close()
	info, err := server.GetFlightInfo(t.Context(), &flight.FlightDescriptor{Path: []string{"out"}})
	if err != nil || info.TotalRecords != 2100 || len(info.Endpoint) != 3 {
		t.Errorf("info %v, %v; want 2100 rows at 3 endpoints", info, err)
	}
	var last Ticket
	if err := json.Unmarshal(info.Endpoint[2].Ticket.Ticket, &last); err != nil || last.First != 2048 || last.Rows != 52 {
		t.Errorf("last ticket %+v, %v; want 52 rows from 2048", last, err)
	}
	if _, err := server.GetSchema(t.Context(), &flight.FlightDescriptor{Path: []string{"none"}}); status.Code(err) != codes.NotFound {
		t.Errorf("unknown split: got %v", err)
	}
	for _, ticket := range []string{"no JSON", `{"split":"none"}`, `{"split":"out","manifest":"old"}`,
		`{"split":"out","manifest":"` + last.Manifest + `","first":2000,"rows":101}`,
		`{"split":"out","manifest":"` + last.Manifest + `","first":-1,"rows":1}`} {
		if err := server.DoGet(&flight.Ticket{Ticket: []byte(ticket)}, nil); !final(err) {
			t.Errorf("ticket %s: got %v, want a final refusal", ticket, err)
		}
	}
}
