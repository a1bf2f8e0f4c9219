package main

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline"
)

func init() {
	register.DoFn4x1[context.Context, []byte, func(int64, []byte), func([]byte), error](&readFn{})
	register.DoFn3x2[context.Context, int64, func(*[]byte) bool, []byte, error](&shardFn{})
	register.DoFn3x1[context.Context, int, func(*[]byte) bool, error](&publishFn{})
	register.Emitter2[int64, []byte]()
	register.Emitter1[[]byte]()
	register.Iter1[[]byte]()
}

// prepare is the pipeline: one worker reads the rows, in order, which gives them their ids; the rows of a shard come
// together on some worker, which tokenizes and writes them; when all shards are there, the manifest is written.
//
//	impulse -> read -(shard, rows)-> group -> tokenize and write -(parts)-> group -> publish
//	              \------------(rows left out)-----------------------/
//
// Elements are plain bytes and integers, so that no runner takes a text for anything but bytes.
func prepare(s beam.Scope, o options) {
	s = s.Scope("ewtune.prepare")
	rows, skipped := beam.ParDo2(s, &readFn{Options: o}, beam.Impulse(s))
	parts := beam.ParDo(s, &shardFn{Options: o}, beam.GroupByKey(s, rows))
	all := beam.AddFixedKey(s, beam.Flatten(s, parts, skipped))
	beam.ParDo0(s, &publishFn{Options: o}, beam.GroupByKey(s, all))
}

// chunkRows is the number of rows that travel in one element.
const chunkRows = 1024

// readFn reads the split.
type readFn struct{ Options options }

// ProcessElement emits the rows in chunks, each with the number of its shard, and one part that counts what was left out.
func (f *readFn) ProcessElement(ctx context.Context, _ []byte, rows func(int64, []byte), skipped func([]byte)) (err error) {
	input, err := datasets.Open(f.Options.prepare().Source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, input.Close()) }()
	var left pipeline.Part
	for err == nil && ctx.Err() == nil {
		var chunk []datasets.Row
		chunk, err = f.next(input, &left)
		if len(chunk) > 0 {
			data, failed := encodeRows(chunk)
			if failed != nil {
				return failed
			}
			rows(chunk[0].ID/int64(f.Options.ShardRows), data)
		}
	}
	if err != nil && err != io.EOF {
		return err
	}
	data, err := json.Marshal(left)
	skipped(data)
	return errors.Join(err, ctx.Err())
}

// next reads a chunk; io.EOF comes with the last rows.
func (f *readFn) next(input datasets.Reader, left *pipeline.Part) (chunk []datasets.Row, err error) {
	for len(chunk) < chunkRows {
		row, err := input.Next()
		var malformed *datasets.RowError
		if errors.As(err, &malformed) && f.Options.SkipMalformed {
			left.Skipped++
			continue
		}
		if err != nil {
			return chunk, err
		}
		chunk = append(chunk, row)
	}
	return chunk, nil
}

func encodeRows(rows []datasets.Row) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(rows)
	return b.Bytes(), err
}

// shardFn tokenizes and writes shards.
type shardFn struct {
	Options options
	writer  *pipeline.PartWriter
}

// Setup loads the tokenizer.
func (f *shardFn) Setup() (err error) {
	f.writer, err = pipeline.NewPartWriter(f.Options.prepare())
	return err
}

// ProcessElement makes one shard of its chunks, which come in any order.
func (f *shardFn) ProcessElement(_ context.Context, shard int64, chunks func(*[]byte) bool) ([]byte, error) {
	var rows []datasets.Row
	var data []byte
	for chunks(&data) {
		var chunk []datasets.Row
		if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&chunk); err != nil {
			return nil, err
		}
		rows = append(rows, chunk...)
	}
	part, err := f.writer.Write(int(shard), rows)
	if err != nil {
		return nil, err
	}
	return json.Marshal(part)
}

// publishFn writes the manifest.
type publishFn struct{ Options options }

// ProcessElement is called once, with all parts.
func (f *publishFn) ProcessElement(_ context.Context, _ int, all func(*[]byte) bool) error {
	writer, err := pipeline.NewPartWriter(f.Options.prepare())
	if err != nil {
		return err
	}
	var parts []pipeline.Part
	var data []byte
	for all(&data) {
		var part pipeline.Part
		if err := json.Unmarshal(data, &part); err != nil {
			return err
		}
		parts = append(parts, part)
	}
	_, err = writer.Publish(parts)
	return err
}
