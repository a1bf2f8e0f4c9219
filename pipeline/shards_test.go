package pipeline

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// TestShardsReadInAnyOrder asks for rows at random, with a cache for all and for almost nothing, and compares each with
// the row read alone.
func TestShardsReadInAnyOrder(t *testing.T) {
	dir := prepared(t, "qqp", 6000)
	alone, err := OpenShards(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	for name, budget := range map[string]int64{"cached": 1 << 30, "one batch": 1 << 16} {
		t.Run(name, func(t *testing.T) {
			shards, err := openShards(dir, checkedAllocator(t), budget)
			if err != nil {
				t.Fatal(err)
			}
			defer shards.Close()
			random := rand.New(rand.NewPCG(1, 2))
			rows := make([]int64, 200)
			for i := range rows {
				rows[i] = random.Int64N(6000)
			}
			for range 3 {
				sameAsAlone(t, alone, shards, rows)
				random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			}
			if shards.cache.used > budget {
				t.Errorf("the cache holds %d bytes of %d", shards.cache.used, budget)
			}
		})
	}
}

func sameAsAlone(t *testing.T, alone, together trainer.Source, rows []int64) {
	t.Helper()
	record, err := together.Read(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	defer record.Release()
	for i, row := range rows {
		one, err := alone.Read(t.Context(), []int64{row})
		if err != nil {
			t.Fatal(err)
		}
		slice := record.NewSlice(int64(i), int64(i)+1)
		if !array.RecordEqual(one, slice) {
			t.Errorf("place %d, row %d: %v, alone %v", i, row, slice, one)
		}
		slice.Release()
		one.Release()
	}
}

// TestShardsRefuseRows asks for rows that are not there.
func TestShardsRefuseRows(t *testing.T) {
	shards, err := openShards(prepared(t, "sst2", 1100), checkedAllocator(t), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer shards.Close()
	for _, rows := range [][]int64{{-1}, {0, 1100}} {
		if _, err := shards.Read(t.Context(), rows); err == nil || !strings.Contains(err.Error(), "the split has rows 0 to 1099") {
			t.Errorf("rows %v: got %v", rows, err)
		}
	}
	empty, err := shards.Read(t.Context(), nil)
	if err != nil || empty.NumRows() != 0 {
		t.Fatalf("no rows: %v, %v", empty, err)
	}
	empty.Release()
}

// rewriteManifest changes a prepared folder's manifest; the shards' hashes are brought up to date first.
func rewriteManifest(t *testing.T, dir string, change func(m *Manifest)) {
	t.Helper()
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, shard := range m.Shards {
		file, err := identify(filepath.Join(dir, shard.File))
		if err != nil {
			t.Fatal(err)
		}
		m.Shards[i].Bytes, m.Shards[i].SHA256 = file.Bytes, file.SHA256
	}
	change(m)
	data, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(dir, ManifestFile), string(data))
}

// writeShard replaces the first shard by batches with a schema of their own.
func writeShard(t *testing.T, dir string, schema *arrow.Schema, batches ...arrow.Record) {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, shardName(0)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := ipc.NewFileWriter(file, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		b.Release()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// examples makes a batch of n rows of two tokens; change spoils one value of it.
func examples(n int, change func(row int, id *int64, ids *[]int32, types *[]int8, label *int32)) arrow.Record {
	b := NewBatchBuilder(memory.DefaultAllocator)
	defer b.Release()
	for row := range n {
		id, ids, types, label := int64(row), []int32{7, 8}, []int8{0, 0}, int32(1)
		change(row, &id, &ids, &types, &label)
		b.Append(id, ids, types, label)
	}
	return b.NewRecord()
}

// TestShardsRefuseDamage damages a prepared folder in one way each; the error must name the file and the rule.
func TestShardsRefuseDamage(t *testing.T) {
	const rows = 1100
	type change = func(row int, id *int64, ids *[]int32, types *[]int8, label *int32)
	spoil := func(f change) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			writeShard(t, dir, trainer.Schema, examples(1024, f))
			rewriteManifest(t, dir, func(m *Manifest) {})
		}
	}
	for _, c := range []struct {
		name, want string
		damage     func(t *testing.T, dir string)
	}{
		{"truncated", "bytes: the manifest has", func(t *testing.T, dir string) { os.Truncate(filepath.Join(dir, shardName(0)), 1000) }},
		{"one bit", "shard-00001.arrow: sha256", func(t *testing.T, dir string) {
			path := filepath.Join(dir, shardName(1))
			data, _ := os.ReadFile(path)
			data[len(data)/2] ^= 1
			writeText(t, path, string(data))
		}},
		{"missing", "no such file", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, shardName(1))) }},
		{"truncated, and the manifest too", "not a shard", func(t *testing.T, dir string) {
			os.Truncate(filepath.Join(dir, shardName(0)), 1000)
			rewriteManifest(t, dir, func(m *Manifest) {})
		}},
		{"text", "shard-00000.arrow: not a shard", func(t *testing.T, dir string) {
			writeText(t, filepath.Join(dir, shardName(0)), strings.Repeat("no Arrow here. ", 100))
			rewriteManifest(t, dir, func(m *Manifest) {})
		}},
		{"foreign schema", "shard-00000.arrow: not a shard: another schema", func(t *testing.T, dir string) {
			schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int32}}, nil)
			b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			defer b.Release()
			b.Field(0).(*array.Int32Builder).Append(1)
			writeShard(t, dir, schema, b.NewRecord())
			rewriteManifest(t, dir, func(m *Manifest) {})
		}},
		{"fewer rows", "shard-00000.arrow: batch 0: 1023 rows: the manifest has 1024", func(t *testing.T, dir string) {
			writeShard(t, dir, trainer.Schema, examples(1023, func(int, *int64, *[]int32, *[]int8, *int32) {}))
			rewriteManifest(t, dir, func(m *Manifest) {})
		}},
		{"no batch", "0 batches: batch 0 is missing", func(t *testing.T, dir string) {
			writeShard(t, dir, trainer.Schema)
			rewriteManifest(t, dir, func(m *Manifest) {})
		}},
		{"duplicate id", "batch 0: row_id 5: must be 6; ids are unique and in order", spoil(func(row int, id *int64, _ *[]int32, _ *[]int8, _ *int32) {
			if row == 6 {
				*id = 5
			}
		})},
		{"foreign token", "token 12: id 123456: the vocabulary has", spoil(func(row int, _ *int64, ids *[]int32, _ *[]int8, _ *int32) {
			if row == 6 {
				(*ids)[0] = 123456
			}
		})},
		{"types", "row_id 6: length 2: it has 2 ids and 1 types", spoil(func(row int, _ *int64, _ *[]int32, types *[]int8, _ *int32) {
			if row == 6 {
				*types = (*types)[:1]
			}
		})},
		{"length column", "row_id 6: length 3: it has 2 ids and 2 types", func(t *testing.T, dir string) {
			b := NewBatchBuilder(memory.DefaultAllocator)
			defer b.Release()
			for row := range 1024 {
				b.Append(int64(row), []int32{7, 8}, []int8{0, 0}, 1)
			}
			record := b.NewRecord()
			record.Column(trainer.ColumnLength).(*array.Int32).Int32Values()[6] = 3
			writeShard(t, dir, trainer.Schema, record)
			rewriteManifest(t, dir, func(m *Manifest) {})
		}},
		{"label", "row_id 6: label 2: the manifest has 2 labels", spoil(func(row int, _ *int64, _ *[]int32, _ *[]int8, label *int32) {
			if row == 6 {
				*label = 2
			}
		})},
		{"too long", "row_id 0: length 2: it has 2 ids and 2 types, and max_length is 1", func(t *testing.T, dir string) {
			spoil(func(int, *int64, *[]int32, *[]int8, *int32) {})(t, dir)
			rewriteManifest(t, dir, func(m *Manifest) { m.MaxLength = 1 })
		}},
		{"no manifest", "`datasets prepare` makes one", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, ManifestFile)) }},
		{"manifest of another version", `schema "ewtune.shards/v9": this version reads`, func(t *testing.T, dir string) {
			rewriteManifest(t, dir, func(m *Manifest) { m.Schema = "ewtune.shards/v9" })
		}},
		{"manifest is no JSON", "not a manifest", func(t *testing.T, dir string) { writeText(t, filepath.Join(dir, ManifestFile), "{") }},
		{"rows do not add up", "the shards add up to 1100", func(t *testing.T, dir string) {
			rewriteManifest(t, dir, func(m *Manifest) { m.Rows++ })
		}},
		{"file outside", "must be shard-00000.arrow", func(t *testing.T, dir string) {
			rewriteManifest(t, dir, func(m *Manifest) { m.Shards[0].File = "../x" })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := prepared(t, "sst2", rows)
			c.damage(t, dir)
			shards, err := openShards(dir, checkedAllocator(t), 1<<20)
			if err == nil {
				err = shards.Verify(t.Context())
				shards.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestPrepareRefuses lists what is refused before and during a run.
func TestPrepareRefuses(t *testing.T) {
	o := preparation4(t, "sst2", 3000)
	train := filepath.Join(o.Source.Path, "SST-2", "train.tsv")
	good, err := os.ReadFile(train)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		change     func(o *PrepareOptions)
	}{
		{"no folder", "out: must name a folder", func(o *PrepareOptions) { o.Out = "" }},
		{"length", "max-length 2: must be at least 3", func(o *PrepareOptions) { o.MaxLength = 2 }},
		{"shard", "shard-rows 1000: must be a positive multiple of 1024", func(o *PrepareOptions) { o.ShardRows = 1000 }},
		{"compression", `compression "lz4": must be none or zstd`, func(o *PrepareOptions) { o.Compression = "lz4" }},
		{"workers", "workers -1: must be positive", func(o *PrepareOptions) { o.Workers = -1 }},
		{"tokenizer", "none", func(o *PrepareOptions) { o.Tokenizer = filepath.Join(t.TempDir(), "none") }},
		{"data", "no such file", func(o *PrepareOptions) { o.Source.Path += "/none" }},
		{"full folder", "is not empty", func(o *PrepareOptions) {
			o.Out = t.TempDir()
			writeText(t, filepath.Join(o.Out, "mine.txt"), "")
		}},
		{"malformed row", "train.tsv:3001: 1 columns", func(o *PrepareOptions) {
			writeText(t, train, strings.TrimSuffix(string(good), "\n")[:strings.LastIndexByte(string(good), '\t')]+"\n")
		}},
		{"no rows", "train.tsv: no rows", func(o *PrepareOptions) { writeText(t, train, "sentence\tlabel\n") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer os.WriteFile(train, good, 0o666)
			o := o
			o.Out = filepath.Join(t.TempDir(), "out")
			c.change(&o)
			if _, err := prepare(t.Context(), o, checkedAllocator(t)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if _, err := os.Stat(filepath.Join(o.Out, ManifestFile)); err == nil {
				t.Error("a manifest was written")
			}
		})
	}
}

// TestPrepareSkipsMalformed requires that skipped rows are counted and leave no gap in the ids.
func TestPrepareSkipsMalformed(t *testing.T) {
	o := preparation4(t, "sst2", 2000)
	train := filepath.Join(o.Source.Path, "SST-2", "train.tsv")
	data, err := os.ReadFile(train)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	lines[5], lines[1500] = "no tab\n", "good .\t7\n"
	writeText(t, train, strings.Join(lines, ""))
	o.SkipMalformed = true
	m, err := prepare(t.Context(), o, checkedAllocator(t))
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows != 1998 || m.Source.Skipped != 2 {
		t.Errorf("%d rows and %d skipped, want 1998 and 2", m.Rows, m.Source.Skipped)
	}
	shards, err := OpenShards(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer shards.Close()
	if err := shards.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPrepareRefusesOtherOptions continues a run that was cut off with another tokenizer, source or length.
func TestPrepareRefusesOtherOptions(t *testing.T) {
	o := preparation4(t, "sst2", 3000)
	cutOff(t, o)
	for name, change := range map[string]func(o *PrepareOptions){
		"max_length was 128, is 64": func(o *PrepareOptions) { o.MaxLength = 64 },
		"compression was":           func(o *PrepareOptions) { o.Compression = "zstd" },
		"tokenizer was": func(o *PrepareOptions) {
			o.Tokenizer = t.TempDir()
			writeText(t, filepath.Join(o.Tokenizer, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
		},
		"source was": func(o *PrepareOptions) { o.Source.Path = corpus(t, "sst2", 3001) },
	} {
		other := o
		change(&other)
		if _, err := prepare(t.Context(), other, checkedAllocator(t)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error with %q", err, name)
		}
	}
}

// cutOff runs a preparation until its first shard is finished.
func cutOff(t *testing.T, o PrepareOptions) {
	t.Helper()
	source := filepath.Join(o.Source.Path, "SST-2", "train.tsv")
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	// A malformed row stops the run after two shards; the source is mended afterwards, with its size and hash as before.
	broken := bytes.Clone(data)
	broken[bytes.LastIndexByte(broken, '\t')] = ' '
	whole, err := prepare(t.Context(), withOut(o, filepath.Join(t.TempDir(), "whole")), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, broken, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = prepare(t.Context(), o, checkedAllocator(t))
	if err == nil || !strings.Contains(err.Error(), "columns") {
		t.Fatalf("the malformed row: got %v", err)
	}
	if err := os.WriteFile(source, data, 0o666); err != nil {
		t.Fatal(err)
	}
	replaceSource(t, o.Out, whole)
}

func withOut(o PrepareOptions, out string) PrepareOptions {
	o.Out = out
	return o
}

// replaceSource writes the source's true hash into a journal.
func replaceSource(t *testing.T, dir string, whole *Manifest) {
	t.Helper()
	path := filepath.Join(dir, journalFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, rest, _ := bytes.Cut(data, []byte("\n"))
	var m Manifest
	if err := json.Unmarshal(header, &m); err != nil {
		t.Fatal(err)
	}
	m.Source = whole.Source
	if header, err = json.Marshal(&m); err != nil {
		t.Fatal(err)
	}
	writeText(t, path, string(header)+"\n"+string(rest))
}

// TestPrepareDistrustsItsShards changes or loses what a run that was cut off had finished: it is made again, to the same
// bytes.
func TestPrepareDistrustsItsShards(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"untouched":    func(*testing.T, string) {},
		"shard lost":   func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, shardName(0))) },
		"shard short":  func(t *testing.T, dir string) { os.Truncate(filepath.Join(dir, shardName(1)), 500) },
		"journal torn": func(t *testing.T, dir string) { tear(t, filepath.Join(dir, journalFile)) },
		"partial left": func(t *testing.T, dir string) { writeText(t, filepath.Join(dir, shardName(2)+".partial"), "half") },
	} {
		t.Run(name, func(t *testing.T) {
			o := preparation4(t, "sst2", 3000)
			whole, err := prepare(t.Context(), withOut(o, filepath.Join(t.TempDir(), "whole")), memory.DefaultAllocator)
			if err != nil {
				t.Fatal(err)
			}
			cutOff(t, o)
			damage(t, o.Out)
			again, err := prepare(t.Context(), o, checkedAllocator(t))
			if err != nil {
				t.Fatal(err)
			}
			if again.Hash() != whole.Hash() {
				t.Errorf("manifest %s, in one go %s", again.Hash(), whole.Hash())
			}
			checkFolder(t, o.Out, len(whole.Shards)+1)
		})
	}
}

func tear(t *testing.T, path string) {
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-20); err != nil {
		t.Fatal(err)
	}
}

// checkFolder requires a number of files and none that is unfinished.
func checkFolder(t *testing.T, dir string, want int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	unfinished := slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return strings.HasSuffix(e.Name(), ".partial") || e.Name() == journalFile
	})
	if len(entries) != want || unfinished {
		t.Errorf("%d files, want %d finished ones: %v", len(entries), want, entries)
	}
}
