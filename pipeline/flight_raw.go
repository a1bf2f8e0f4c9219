package pipeline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// message is where an IPC message stands in a shard: its metadata, followed by its body. On the wire of Flight the two are
// the same bytes, so whole batches are sent as they lie in the file, compressed or not.
type message struct {
	at         int64
	meta, body int
}

const (
	fileMagic     = 8 // ARROW1 and two bytes of padding
	messagePrefix = 8 // continuation mark and length of the metadata
)

// indexMessages finds the schema, first, and the batches of a shard.
func indexMessages(path string, batches int, mem memory.Allocator) ([]message, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := &countingReader{in: bufio.NewReaderSize(file, 1<<20)}
	if _, err := io.CopyN(io.Discard, in, fileMagic); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var found []message
	err = guarded(func() error {
		reader := ipc.NewMessageReader(in, ipc.WithAllocator(mem))
		defer reader.Release()
		for range batches + 1 {
			start := in.read + messagePrefix
			m, err := reader.Message()
			if err != nil {
				return err
			}
			found = append(found, message{at: start, meta: int(in.read-start) - int(m.BodyLen()), body: int(m.BodyLen())})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

type countingReader struct {
	in   io.Reader
	read int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.read += int64(n)
	return n, err
}

// rawSender sends messages of shards as they are. Its buffer is free again when Send returns.
type rawSender struct {
	stream flight.FlightService_DoGetServer
	buffer []byte
}

func (s *rawSender) send(file *os.File, m message) error {
	if n := m.meta + m.body; cap(s.buffer) < n {
		s.buffer = make([]byte, n)
	}
	s.buffer = s.buffer[:m.meta+m.body]
	if _, err := file.ReadAt(s.buffer, m.at); err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	return s.stream.Send(&flight.FlightData{DataHeader: s.buffer[:m.meta], DataBody: s.buffer[m.meta:]})
}

// afterSchema drops the first message of a writer, the schema, which the stream has had.
type afterSchema struct {
	flight.FlightService_DoGetServer
	passed bool
}

func (s *afterSchema) Send(data *flight.FlightData) error {
	if !s.passed {
		s.passed = true
		return nil
	}
	return s.FlightService_DoGetServer.Send(data)
}

// served is a split with the places of its messages.
type served struct {
	*Shards
	messages [][]message // of each shard: the schema, then the batches
}

func newServed(shards *Shards) (*served, error) {
	s := &served{Shards: shards}
	for i, shard := range shards.manifest.Shards {
		file, err := shards.file(i) // all are open from the start, so that concurrent streams only read
		if err != nil {
			return nil, err
		}
		batches := (int(shard.Rows) + shards.manifest.BatchRows - 1) / shards.manifest.BatchRows
		messages, err := indexMessages(file.path, batches, shards.mem)
		if err != nil {
			return nil, err
		}
		s.messages = append(s.messages, messages)
	}
	return s, nil
}

// stream sends rows first to end (exclusive).
func (s *served) stream(to flight.FlightService_DoGetServer, first, end int64) error {
	raw := &rawSender{stream: to}
	if err := raw.send(s.files[0].file, s.messages[0][0]); err != nil {
		return err
	}
	batchRows := int64(s.manifest.BatchRows)
	perShard := int64(s.manifest.ShardRows) / batchRows
	for at := first; at < end; {
		number := at / batchRows
		from, until := number*batchRows, min((number+1)*batchRows, s.manifest.Rows)
		shard, index := number/perShard, int(number%perShard)
		var err error
		if at == from && end >= until {
			err = raw.send(s.files[shard].file, s.messages[shard][index+1])
		} else {
			err = s.sendPart(to, s.files[shard], index, at-from, min(end, until)-from)
		}
		if err != nil {
			return err
		}
		at = min(end, until)
	}
	return nil
}

// sendPart sends some rows of a batch.
func (s *served) sendPart(to flight.FlightService_DoGetServer, file *shardReader, index int, from, until int64) (err error) {
	record, err := file.reader.RecordAt(index)
	if err != nil {
		return err
	}
	defer record.Release()
	part := record.NewSlice(from, until)
	defer part.Release()
	writer := flight.NewRecordWriter(&afterSchema{FlightService_DoGetServer: to}, ipc.WithSchema(record.Schema()), ipc.WithAllocator(s.mem))
	defer func() { err = errors.Join(err, writer.Close()) }()
	return writer.Write(part)
}
