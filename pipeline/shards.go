package pipeline

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"golang.org/x/sync/errgroup"
)

// Shards is a prepared split on the local disk. It implements trainer.Source.
type Shards struct {
	rowReader
	dir   string
	files []*shardReader // opened when first needed
}

// OpenShards opens a prepared folder and verifies every shard against the manifest's hashes.
func OpenShards(dir string) (*Shards, error) {
	return openShards(dir, memory.DefaultAllocator, defaultCacheBytes)
}

func openShards(dir string, mem memory.Allocator, cacheBytes int64) (*Shards, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if err := verifyShards(dir, m); err != nil {
		return nil, err
	}
	s := &Shards{dir: dir, files: make([]*shardReader, len(m.Shards))}
	s.rowReader = newRowReader(m, mem, cacheBytes, s.load)
	return s, nil
}

// verifyShards compares the size and hash of each shard with the manifest.
func verifyShards(dir string, m *Manifest) error {
	var checks errgroup.Group
	checks.SetLimit(4)
	for _, shard := range m.Shards {
		checks.Go(func() error {
			path := filepath.Join(dir, shard.File)
			found, err := identify(path)
			switch {
			case err != nil:
				return err
			case found.Bytes != shard.Bytes:
				return fmt.Errorf("%s: %d bytes: the manifest has %d", path, found.Bytes, shard.Bytes)
			case found.SHA256 != shard.SHA256:
				return fmt.Errorf("%s: sha256 %s: the manifest has %s", path, found.SHA256, shard.SHA256)
			}
			return nil
		})
	}
	return checks.Wait()
}

// load decodes a batch of the split.
func (s *Shards) load(_ context.Context, number int64) (*batch, error) {
	perShard := int64(s.manifest.ShardRows / s.manifest.BatchRows)
	file, err := s.file(int(number / perShard))
	if err != nil {
		return nil, err
	}
	return file.decode(int(number%perShard), number, s.manifest)
}

func (s *Shards) file(i int) (*shardReader, error) {
	if s.files[i] == nil {
		opened, err := openShard(filepath.Join(s.dir, s.manifest.Shards[i].File), s.mem)
		if err != nil {
			return nil, err
		}
		s.files[i] = opened
	}
	return s.files[i], nil
}

// Close releases what is in memory and closes the files.
func (s *Shards) Close() error {
	s.cache.clear()
	var closing errgroup.Group
	for _, f := range s.files {
		if f != nil {
			closing.Go(f.close)
		}
	}
	s.files = nil
	return closing.Wait()
}
