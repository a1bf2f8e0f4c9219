package pipeline

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/ewtune/ewtune/datasets"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// benchmarkSplit prepares the real SST-2 where EWTUNE_DATA and EWTUNE_TOKENIZERS are set, and a generated corpus
// otherwise.
func benchmarkSplit(b *testing.B) string {
	b.Helper()
	o := PrepareOptions{
		Source:    datasets.OpenOptions{Path: os.Getenv("EWTUNE_DATA"), Task: "sst2", Split: "train"},
		Tokenizer: filepath.Join(os.Getenv("EWTUNE_TOKENIZERS"), "bert-base-uncased"), Out: filepath.Join(b.TempDir(), "out"),
	}
	if o.Source.Path == "" || os.Getenv("EWTUNE_TOKENIZERS") == "" {
		o.Source.Path, o.Tokenizer = corpus(b, "sst2", 67349), letterVocabulary(b)
	}
	if _, err := Prepare(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	return o.Out
}

// BenchmarkLots gathers Poisson lots of 2000 expected rows from local shards; the reading of the shards is outside.
func BenchmarkLots(b *testing.B) {
	shards, err := OpenShards(benchmarkSplit(b))
	if err != nil {
		b.Fatal(err)
	}
	defer shards.Close()
	if err := shards.Verify(b.Context()); err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	rate := 2000 / float64(shards.Len())
	lots := make([][]int64, 16)
	for i := range lots {
		for row := range int64(shards.Len()) {
			if random.Float64() < rate {
				lots[i] = append(lots[i], row)
			}
		}
	}
	tokens := 0
	b.ResetTimer()
	for i := range b.N {
		record, err := shards.Read(b.Context(), lots[i%len(lots)])
		if err != nil {
			b.Fatal(err)
		}
		tokens += countTokens(record)
		record.Release()
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
}

// BenchmarkOpenShards reads every row of local shards once: open, verify hashes, decode, check.
func BenchmarkOpenShards(b *testing.B) {
	dir := benchmarkSplit(b)
	tokens := int64(0)
	b.ResetTimer()
	for range b.N {
		shards, err := OpenShards(dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := shards.Verify(b.Context()); err != nil {
			b.Fatal(err)
		}
		tokens += shards.Manifest().Tokens
		shards.Close()
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
}

// BenchmarkFlight streams a whole split over loopback, decoded and checked; bytes are those of the shards.
func BenchmarkFlight(b *testing.B) {
	dir := benchmarkSplit(b)
	address, _ := serve(b, ServeOptions{Dir: dir})
	u, err := url.Parse(fmt.Sprintf("flight://%s/train", address))
	if err != nil {
		b.Fatal(err)
	}
	r, err := openRemote(b.Context(), u, StreamOptions{}, memory.DefaultAllocator, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	bytes := int64(0)
	for _, shard := range r.manifest.Shards {
		bytes += shard.Bytes
	}
	b.SetBytes(bytes)
	b.ResetTimer()
	for range b.N {
		if err := r.Verify(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPrepare tokenizes SST-2's training split into shards.
func BenchmarkPrepare(b *testing.B) {
	for range b.N {
		benchmarkSplit(b)
	}
}

func countTokens(record arrow.Record) int {
	return record.Column(trainer.ColumnInputIDs).(*array.List).ListValues().Len()
}
