package pipeline

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"google.golang.org/grpc"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// TestFlightOverTLS serves with a certificate of its own and a token; a client that does not know the authority is
// refused.
func TestFlightOverTLS(t *testing.T) {
	certificate, key := selfSigned(t)
	dir := prepared(t, "sst2", 1100)
	address, _ := serve(t, ServeOptions{Dir: dir, Token: "secret", Certificate: certificate, Key: key})
	location := "flight+tls://" + address + "/train"
	s, err := OpenSource(t.Context(), location, StreamOptions{Token: "secret", RootCAs: certificate})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := OpenSource(t.Context(), location, StreamOptions{Token: "secret", Patience: 200 * time.Millisecond}); err == nil {
		t.Error("an unknown authority was trusted")
	}
}

// selfSigned writes a certificate for 127.0.0.1 and its key.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeText(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeText(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})))
	return certificate, key
}

// wrongServer answers like the true one, except that DoGet does what misbehave says.
type wrongServer struct {
	*flightServer
	misbehave func(stream flight.FlightService_DoGetServer) error
}

func (s *wrongServer) DoGet(_ *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	return s.misbehave(stream)
}

// sends makes a server that sends some batches and ends the stream.
func sends(schema *arrow.Schema, batches func() []arrow.Record) func(flight.FlightService_DoGetServer) error {
	return func(stream flight.FlightService_DoGetServer) error {
		w := flight.NewRecordWriter(stream, ipc.WithSchema(schema))
		defer w.Close()
		for _, b := range batches() {
			defer b.Release()
			if err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestFlightRefusesAWrongServer reads from servers that lie, stall or stop.
func TestFlightRefusesAWrongServer(t *testing.T) {
	dir := prepared(t, "sst2", 1100)
	unchanged := func(int, *int64, *[]int32, *[]int8, *int32) {}
	foreign := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int32}}, nil)
	for _, c := range []struct {
		name, want string
		misbehave  func(stream flight.FlightService_DoGetServer) error
	}{
		{"fewer rows", "row 0: 100 rows: the manifest has 1024", sends(trainer.Schema, func() []arrow.Record {
			return []arrow.Record{examples(100, unchanged)}
		})},
		{"the same batch twice", "row 1024: 1024 rows: the manifest has 76", sends(trainer.Schema, func() []arrow.Record {
			return []arrow.Record{examples(1024, unchanged), examples(1024, unchanged)}
		})},
		{"foreign tokens", "the vocabulary has", sends(trainer.Schema, func() []arrow.Record {
			return []arrow.Record{examples(1024, func(_ int, _ *int64, ids *[]int32, _ *[]int8, _ *int32) { (*ids)[0] = 1 << 30 })}
		})},
		{"another schema", "another schema", sends(foreign, func() []arrow.Record {
			b := array.NewRecordBuilder(memory.DefaultAllocator, foreign)
			defer b.Release()
			b.Field(0).(*array.Int32Builder).Append(1)
			return []arrow.Record{b.NewRecord()}
		})},
		{"always ends early", "no answer for 400ms: the server ended the stream", sends(trainer.Schema, func() []arrow.Record { return nil })},
		{"stalls", "no answer for 400ms", func(stream flight.FlightService_DoGetServer) error {
			<-stream.Context().Done()
			return nil
		}},
		{"garbage", "row 0: ", func(stream flight.FlightService_DoGetServer) error {
			return stream.Send(&flight.FlightData{DataHeader: []byte("garbage, garbage"), DataBody: []byte("more")})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			honest, err := newFlightServer(dir, memory.DefaultAllocator)
			if err != nil {
				t.Fatal(err)
			}
			defer honest.close()
			address := serveWrong(t, &wrongServer{honest, c.misbehave})
			r := remoteFor(t, "flight://"+address+"/train", StreamOptions{Patience: 400 * time.Millisecond}, checkedAllocator(t), 1<<20)
			defer r.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := r.Verify(ctx); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func serveWrong(t *testing.T, s *wrongServer) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	flight.RegisterFlightServiceServer(g, s)
	go g.Serve(listener)
	t.Cleanup(g.Stop)
	return listener.Addr().String()
}

// TestPersistCountsFromProgress requires that patience begins anew whenever a try got further, and ends otherwise.
func TestPersistCountsFromProgress(t *testing.T) {
	const patience = 120 * time.Millisecond // two pauses of 50 ms, not three
	for _, progress := range []bool{true, false} {
		tries := 0
		err := persist(t.Context(), patience, func(context.Context) (bool, error) {
			if tries++; tries > 6 {
				return false, nil
			}
			return progress, io.ErrUnexpectedEOF
		})
		if (err == nil) != progress {
			t.Errorf("progress %v: %d tries, %v", progress, tries, err)
		}
	}
}
