package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"

	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// DefaultFlightAddress is where splits are served: only to the same machine.
const DefaultFlightAddress = "127.0.0.1:8815"

// ServeOptions say what to serve, where and to whom.
type ServeOptions struct {
	Dir         string         // a prepared folder, or a folder that holds some at any depth
	Address     string         // host:port, DefaultFlightAddress if empty; port 0 takes a free one
	Token       string         // clients must send it; needed beyond loopback
	Certificate string         // PEM file; with Key it turns TLS on
	Key         string         // PEM file
	Ready       func(net.Addr) // called when clients can connect
}

// Serve offers prepared splits by Arrow Flight until ctx ends. A flight is named by its folder's path below Dir; its
// FlightInfo carries the manifest as app metadata and one endpoint a shard. See [Ticket] for DoGet.
func Serve(ctx context.Context, o ServeOptions) error {
	if o.Address == "" {
		o.Address = DefaultFlightAddress
	}
	security, err := o.security()
	if err != nil {
		return err
	}
	server, err := newFlightServer(o.Dir, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	defer server.close()
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return fmt.Errorf("address %s: %w", o.Address, err)
	}
	g := grpc.NewServer(append(security, grpc.WriteBufferSize(1<<20), grpc.MaxRecvMsgSize(1<<20))...)
	flight.RegisterFlightServiceServer(g, server)
	stop := context.AfterFunc(ctx, g.Stop)
	defer stop()
	if o.Ready != nil {
		o.Ready(listener.Addr())
	}
	if err := g.Serve(listener); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// security checks who may connect and gives the server's options for it.
func (o ServeOptions) security() ([]grpc.ServerOption, error) {
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("address %q: must be host:port", o.Address)
	}
	if !isLoopback(host) && o.Token == "" {
		return nil, fmt.Errorf("address %s: other machines can reach it, so a token is needed", o.Address)
	}
	if (o.Certificate == "") != (o.Key == "") {
		return nil, fmt.Errorf("certificate %q and key %q: TLS needs both", o.Certificate, o.Key)
	}
	options := tokenCheck(o.Token)
	if o.Certificate != "" {
		tls, err := credentials.NewServerTLSFromFile(o.Certificate, o.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s: %w", o.Certificate, err)
		}
		options = append(options, grpc.Creds(tls))
	}
	return options, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Ticket is what DoGet takes, as JSON: some rows of a flight. The hash keeps a client from mixing two versions of a
// split: a server that has another one refuses.
type Ticket struct {
	Split    string `json:"split"`
	Manifest string `json:"manifest"` // the manifest's hash
	First    int64  `json:"first"`    // row
	Rows     int64  `json:"rows"`
}

// flightServer answers the calls of Arrow Flight.
type flightServer struct {
	flight.BaseFlightServer
	names  []string
	splits map[string]*served
	mem    memory.Allocator
}

// newFlightServer opens every prepared folder at or below dir.
func newFlightServer(dir string, mem memory.Allocator) (*flightServer, error) {
	s := &flightServer{splits: map[string]*served{}, mem: mem}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != ManifestFile {
			return err
		}
		return s.offer(dir, filepath.Dir(path))
	})
	if err == nil && len(s.names) == 0 {
		err = errors.New("holds no prepared split")
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("data %s: %w", dir, err)
	}
	return s, nil
}

func (s *flightServer) offer(root, dir string) error {
	shards, err := openShards(dir, s.mem, 0)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(root, dir)
	if err != nil {
		return errors.Join(err, shards.Close())
	}
	if name == "." {
		name = shards.manifest.Split
	}
	split, err := newServed(shards)
	if err != nil {
		return errors.Join(err, shards.Close())
	}
	name = filepath.ToSlash(name)
	s.names, s.splits[name] = append(s.names, name), split
	return nil
}

func (s *flightServer) close() {
	for _, shards := range s.splits {
		shards.Close()
	}
}

// split finds the flight that a descriptor's path names.
func (s *flightServer) split(d *flight.FlightDescriptor) (string, *served, error) {
	name := strings.Join(d.GetPath(), "/")
	shards, ok := s.splits[name]
	if !ok {
		return "", nil, status.Errorf(codes.NotFound, "split %q: there is %s", name, strings.Join(s.names, ", "))
	}
	return name, shards, nil
}

// ListFlights names every split.
func (s *flightServer) ListFlights(_ *flight.Criteria, stream flight.FlightService_ListFlightsServer) error {
	for _, name := range s.names {
		info, err := s.info(name, s.splits[name])
		if err != nil {
			return err
		}
		if err := stream.Send(info); err != nil {
			return err
		}
	}
	return nil
}

// GetFlightInfo describes one split.
func (s *flightServer) GetFlightInfo(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	name, shards, err := s.split(d)
	if err != nil {
		return nil, err
	}
	return s.info(name, shards)
}

// GetSchema gives trainer.Schema.
func (s *flightServer) GetSchema(_ context.Context, d *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	if _, _, err := s.split(d); err != nil {
		return nil, err
	}
	return &flight.SchemaResult{Schema: flight.SerializeSchema(trainer.Schema, s.mem)}, nil
}

func (s *flightServer) info(name string, shards *served) (*flight.FlightInfo, error) {
	m := shards.manifest
	info := &flight.FlightInfo{
		Schema:           flight.SerializeSchema(trainer.Schema, s.mem),
		FlightDescriptor: &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: strings.Split(name, "/")},
		TotalRecords:     m.Rows, TotalBytes: -1, Ordered: true, AppMetadata: m.encoded,
	}
	first := int64(0)
	for _, shard := range m.Shards {
		ticket, err := json.Marshal(Ticket{Split: name, Manifest: m.Hash(), First: first, Rows: shard.Rows})
		if err != nil {
			return nil, err
		}
		info.Endpoint = append(info.Endpoint, &flight.FlightEndpoint{Ticket: &flight.Ticket{Ticket: ticket}})
		first += shard.Rows
	}
	return info, nil
}

// DoGet streams the rows of a ticket.
func (s *flightServer) DoGet(t *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	var ticket Ticket
	if err := json.Unmarshal(t.GetTicket(), &ticket); err != nil {
		return status.Errorf(codes.InvalidArgument, "ticket: %v", err)
	}
	shards, ok := s.splits[ticket.Split]
	switch {
	case !ok:
		return status.Errorf(codes.NotFound, "split %q: there is %s", ticket.Split, strings.Join(s.names, ", "))
	case ticket.Manifest != shards.Hash():
		return status.Errorf(codes.FailedPrecondition, "manifest %s: the data is another now, %s", ticket.Manifest, shards.Hash())
	case ticket.First < 0 || ticket.Rows < 0 || ticket.First > shards.manifest.Rows-ticket.Rows:
		return status.Errorf(codes.InvalidArgument, "rows %d from %d: the split has %d", ticket.Rows, ticket.First, shards.manifest.Rows)
	}
	return shards.stream(stream, ticket.First, ticket.First+ticket.Rows)
}
