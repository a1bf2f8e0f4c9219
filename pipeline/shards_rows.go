package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// defaultCacheBytes is how much of a split stays decoded in memory. GLUE's largest task needs a tenth of it.
const defaultCacheBytes = 1 << 30

// rowReader gives rows of a split out of decoded batches, wherever those come from. It is for one reader at a time.
type rowReader struct {
	manifest *Manifest
	mem      memory.Allocator
	load     func(ctx context.Context, number int64) (*batch, error)
	cache    batchCache
	missing  []int64 // batches that a Read must load; reused
}

func newRowReader(m *Manifest, mem memory.Allocator, cacheBytes int64, load func(context.Context, int64) (*batch, error)) rowReader {
	batches := (m.Rows + int64(m.BatchRows) - 1) / int64(m.BatchRows)
	return rowReader{manifest: m, mem: mem, load: load, cache: batchCache{budget: cacheBytes, batches: make([]*batch, batches)}}
}

// Manifest describes the split.
func (r *rowReader) Manifest() *Manifest { return r.manifest }

// Len is the number of rows.
func (r *rowReader) Len() int { return int(r.manifest.Rows) }

// Hash is the manifest's hash.
func (r *rowReader) Hash() string { return r.manifest.Hash() }

// Read gathers rows in the order asked for; a row may be asked for more than once. The caller releases the record. Every
// batch that the rows lie in is in memory at the same time, even beyond the cache's budget.
func (r *rowReader) Read(ctx context.Context, rows []int64) (arrow.Record, error) {
	defer r.cache.shrink()
	if err := r.require(ctx, rows); err != nil {
		return nil, err
	}
	tokens, batchRows := int64(0), int64(r.manifest.BatchRows)
	for _, row := range rows {
		tokens += int64(r.cache.batches[row/batchRows].length(row))
	}
	if tokens > math.MaxInt32 {
		return nil, fmt.Errorf("rows: %d tokens in one record: at most %d", tokens, math.MaxInt32)
	}
	return gather(r.mem, rows, r.cache.batches, batchRows, int(tokens)), nil
}

// require loads the batches of rows that are not in memory, in ascending order.
func (r *rowReader) require(ctx context.Context, rows []int64) error {
	r.missing = r.missing[:0]
	r.cache.reads++
	for _, row := range rows {
		if row < 0 || row >= r.manifest.Rows {
			return fmt.Errorf("row %d: the split has rows 0 to %d", row, r.manifest.Rows-1)
		}
		number := row / int64(r.manifest.BatchRows)
		if b := r.cache.batches[number]; b != nil {
			b.lastRead = r.cache.reads
		} else {
			r.missing = append(r.missing, number)
		}
	}
	slices.Sort(r.missing)
	for _, number := range slices.Compact(r.missing) {
		if err := r.fetch(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

func (r *rowReader) fetch(ctx context.Context, number int64) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	b, err := r.load(ctx, number)
	if err != nil {
		return err
	}
	r.cache.put(b)
	return nil
}

// Verify reads every batch and checks every row. Opening a split has compared hashes; this finds one that was made wrong.
func (r *rowReader) Verify(ctx context.Context) error {
	for number := range r.cache.batches {
		if r.cache.batches[number] != nil {
			continue
		}
		if err := r.fetch(ctx, int64(number)); err != nil {
			return err
		}
		r.cache.shrink()
	}
	return nil
}

// batchCache keeps the batches that were read last, up to a budget in bytes.
type batchCache struct {
	budget, used int64
	batches      []*batch // by number; nil where not in memory
	reads        int64    // counts the Reads, to date the batches
}

func (c *batchCache) put(b *batch) {
	b.lastRead = c.reads
	c.batches[b.number] = b
	c.used += b.bytes
}

// shrink drops the batches that were not read for longest, down to seven eighths of the budget, when it is exceeded.
func (c *batchCache) shrink() {
	if c.used <= c.budget {
		return
	}
	var held []*batch
	for _, b := range c.batches {
		if b != nil {
			held = append(held, b)
		}
	}
	slices.SortFunc(held, func(a, b *batch) int { return int(a.lastRead - b.lastRead) })
	for _, b := range held {
		if c.used <= c.budget/8*7 {
			return
		}
		c.drop(b)
	}
}

func (c *batchCache) drop(b *batch) {
	c.batches[b.number] = nil
	c.used -= b.bytes
	b.record.Release()
}

func (c *batchCache) clear() {
	for _, b := range c.batches {
		if b != nil {
			c.drop(b)
		}
	}
}
