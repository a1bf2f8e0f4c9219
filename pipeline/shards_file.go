package pipeline

import (
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// shardReader is one open shard.
type shardReader struct {
	path   string
	file   *os.File
	reader *ipc.FileReader
}

func openShard(path string, mem memory.Allocator) (*shardReader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &shardReader{path: path, file: file}
	err = guarded(func() (err error) {
		s.reader, err = ipc.NewFileReader(file, ipc.WithAllocator(mem))
		return err
	})
	if err == nil && !s.reader.Schema().Equal(trainer.Schema) {
		err = fmt.Errorf("another schema: %v", s.reader.Schema())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: not a shard: %w", path, err), file.Close())
	}
	return s, nil
}

// decode reads one batch and checks that it is what the manifest says of it.
func (s *shardReader) decode(index int, number int64, m *Manifest) (b *batch, err error) {
	if index >= s.reader.NumRecords() {
		return nil, fmt.Errorf("%s: %d batches: batch %d is missing", s.path, s.reader.NumRecords(), index)
	}
	err = guarded(func() error {
		record, err := s.reader.RecordAt(index)
		if err != nil {
			return err
		}
		defer record.Release()
		b, err = newBatch(record, number, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: batch %d: %w", s.path, index, err)
	}
	return b, nil
}

func (s *shardReader) close() error { return errors.Join(s.reader.Close(), s.file.Close()) }

// guarded turns the Arrow library's panics on damaged files into errors.
func guarded(read func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	return read()
}
