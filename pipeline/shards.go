package pipeline

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"golang.org/x/sync/errgroup"
)

// shardCacheBytes is how much decoded text an open split keeps in memory. GLUE's largest task needs a tenth of it.
const shardCacheBytes = 1 << 30

// Shards is a prepared split on the local disk. It implements trainer.Source.
type Shards struct {
	dir      string
	manifest *Manifest
	mem      memory.Allocator
	files    []*shardReader
	cache    batchCache
	found    []*batch // of the rows of one Read; reused
}

// OpenShards opens a prepared folder and verifies every shard against the manifest's hashes.
func OpenShards(dir string) (*Shards, error) {
	return openShards(dir, memory.DefaultAllocator, shardCacheBytes)
}

func openShards(dir string, mem memory.Allocator, cacheBytes int64) (*Shards, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if err := verifyShards(dir, m); err != nil {
		return nil, err
	}
	return &Shards{
		dir: dir, manifest: m, mem: mem, files: make([]*shardReader, len(m.Shards)), cache: batchCache{budget: cacheBytes},
	}, nil
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

// Manifest describes the split.
func (s *Shards) Manifest() *Manifest { return s.manifest }

// Len is the number of rows.
func (s *Shards) Len() int { return int(s.manifest.Rows) }

// Hash is the manifest's hash.
func (s *Shards) Hash() string { return s.manifest.Hash() }

// Read gathers rows in the order asked for; a row may be asked for more than once. The caller releases the record.
func (s *Shards) Read(ctx context.Context, rows []int64) (arrow.Record, error) {
	s.found = s.found[:0]
	defer s.cache.shrink() // not before the end: the batches of this Read stay until it is done
	var tokens int64
	var b *batch
	for _, row := range rows {
		if row < 0 || row >= s.manifest.Rows {
			return nil, fmt.Errorf("row %d: %s has rows 0 to %d", row, s.dir, s.manifest.Rows-1)
		}
		if number := row / int64(s.manifest.BatchRows); b == nil || b.number != number {
			var err error
			if b, err = s.batch(ctx, number); err != nil {
				return nil, err
			}
		}
		s.found = append(s.found, b)
		tokens += int64(b.length(row))
	}
	if tokens > math.MaxInt32 {
		return nil, fmt.Errorf("rows: %d tokens in one record: at most %d", tokens, math.MaxInt32)
	}
	return gather(s.mem, rows, s.found, int(tokens)), nil
}

// batch gives a decoded batch, which stays in memory until the cache shrinks.
func (s *Shards) batch(ctx context.Context, number int64) (*batch, error) {
	if b := s.cache.get(number); b != nil {
		return b, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	perShard := int64(s.manifest.ShardRows / s.manifest.BatchRows)
	file, err := s.file(int(number / perShard))
	if err != nil {
		return nil, err
	}
	b, err := file.decode(int(number%perShard), number, s.manifest)
	if err != nil {
		return nil, err
	}
	s.cache.put(b)
	return b, nil
}

// Verify decodes every batch and checks every row. OpenShards has compared the hashes; this finds a file that was
// made wrong.
func (s *Shards) Verify(ctx context.Context) error {
	for number := int64(0); number*int64(s.manifest.BatchRows) < s.manifest.Rows; number++ {
		if _, err := s.batch(ctx, number); err != nil {
			return err
		}
		s.cache.shrink()
	}
	return nil
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
	return closing.Wait()
}
