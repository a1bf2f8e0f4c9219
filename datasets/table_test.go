package datasets

import (
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	"github.com/klauspost/compress/zstd"
)

// ownRows is the same small table in every format.
var ownRows = []Row{{0, "it, \"works\"", "yes", 1}, {1, "tab free", "", 0}, {2, "ünï\nçode", "b", Unlabelled}}

func own(path string) OpenOptions {
	return OpenOptions{Path: path, Split: "train", Text: "review", Pair: "answer", Label: "stars", Labels: []string{"bad", "good"}}
}

func compress(t testing.TB, path, text string) string {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out io.WriteCloser = gzip.NewWriter(file)
	if strings.HasSuffix(path, ".zst") {
		if out, err = zstd.NewWriter(file); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(out, text); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeParquet writes rows with a label column of numbers.
func writeParquet(t testing.TB, path string, rows []Row) string {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "stars", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "unused", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "review", Type: arrow.BinaryTypes.String},
		{Name: "answer", Type: arrow.BinaryTypes.String},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, r := range rows {
		if r.Label == Unlabelled {
			b.Field(0).AppendNull()
		} else {
			b.Field(0).(*array.Int64Builder).Append(int64(r.Label))
		}
		b.Field(1).AppendNull()
		b.Field(2).(*array.StringBuilder).Append(r.A)
		b.Field(3).(*array.StringBuilder).Append(r.B)
	}
	record := b.NewRecord()
	defer record.Release()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, file, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	ownCSV   = "stars,review,answer\ngood,\"it, \"\"works\"\"\",yes\nbad,tab free,\n-1,\"ünï\nçode\",b\n"
	ownJSONL = `{"stars":"good","review":"it, \"works\"","answer":"yes","more":[1]}
{"stars":0,"review":"tab free","answer":""}
{"review":"ünï\nçode","answer":"b"}
`
)

// TestOwnData reads the same rows from every format, from a file and from a folder.
func TestOwnData(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"csv":     write(t, filepath.Join(dir, "csv", "train.csv"), ownCSV),
		"csv.gz":  compress(t, filepath.Join(dir, "train.csv.gz"), ownCSV),
		"csv.zst": compress(t, filepath.Join(dir, "train.csv.zst"), ownCSV),
		"jsonl":   write(t, filepath.Join(dir, "jsonl", "train.jsonl"), ownJSONL),
		"parquet": writeParquet(t, filepath.Join(dir, "train.parquet"), ownRows),
		"folder":  filepath.Join(dir, "jsonl"),
	}
	parts := filepath.Join(dir, "parts")
	if err := os.Mkdir(parts, 0o777); err != nil {
		t.Fatal(err)
	}
	writeParquet(t, filepath.Join(parts, "train-00000-of-00002.parquet"), ownRows[:1])
	writeParquet(t, filepath.Join(parts, "train-00001-of-00002.parquet"), ownRows[1:])
	files["parts"] = parts
	for name, path := range files {
		t.Run(name, func(t *testing.T) {
			input, err := Open(own(path))
			if err != nil {
				t.Fatal(err)
			}
			rows := readAll(t, input)
			if len(rows) != len(ownRows) {
				t.Fatalf("%d rows, want %d", len(rows), len(ownRows))
			}
			for i := range rows {
				if rows[i] != ownRows[i] {
					t.Errorf("row %d: %+v, want %+v", i, rows[i], ownRows[i])
				}
			}
		})
	}
}

// TestOwnDataRefuses lists bad files and what the error must say.
func TestOwnDataRefuses(t *testing.T) {
	dir := t.TempDir()
	at := func(name, text string) string { return write(t, filepath.Join(dir, name), text) }
	whole, err := os.ReadFile(writeParquet(t, filepath.Join(dir, "whole.parquet"), ownRows))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"column", at("a.csv", "stars,text,answer\n"), `a.csv:1: column "review" is missing: the header has stars, text, answer`},
		{"label column", at("a2.csv", "rating,review,answer\n"), `a2.csv:1: column "stars" is missing: the header has rating, review, answer`},
		{"label", at("b.csv", "stars,review,answer\ngreat,a,b\n"), `b.csv:2: label "great": must be one of bad, good`},
		{"label number", at("c.csv", "stars,review,answer\n2,a,b\n"), `c.csv:2: label "2": must be one of bad, good`},
		{"fields", at("d.csv", "stars,review,answer\ngood,a\n"), "d.csv:2: wrong number of fields"},
		{"quote", at("e.csv", "stars,review,answer\ngood,\"a,b\n"), "e.csv:2: "},
		{"empty", at("f.csv", ""), "empty file"},
		{"ending", at("g.xml", ""), `ending ".xml": must be .tsv, .csv, .jsonl or .parquet`},
		{"not JSON", at("h.jsonl", "{\n"), "h.jsonl:1: not a JSON object"},
		{"not a string", at("i.jsonl", `{"review":1,"answer":"b"}`), `i.jsonl:1: field "review": must be a string`},
		{"field", at("j.jsonl", `{"review":"a"}`), `j.jsonl:1: field "answer": must be a string`},
		{"not Parquet", at("k.parquet", "PAR1 no"), "k.parquet: not a Parquet file"},
		{"truncated", at("l.parquet", string(whole[:len(whole)/2])), "l.parquet: "},
		{"not gzip", at("m.csv.gz", "plain"), "m.csv.gz: "},
		{"missing", filepath.Join(dir, "none.csv"), "none.csv: no such file"},
		{"two files", filepath.Dir(at("n/train.csv", "") + at("n/train.jsonl", "")[:0]), "more than one file of split train"},
		{"no file", t.TempDir(), "no train.csv, .tsv, .jsonl or .parquet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			input, err := Open(own(c.path))
			for err == nil {
				_, err = input.Next()
			}
			if errors.Is(err, io.EOF) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := Open(OpenOptions{Path: dir}); err == nil || !strings.Contains(err.Error(), "task: must be named") {
		t.Errorf("neither task nor columns: got %v", err)
	}
}

// indexedFile writes rows of ids as fairseq does, with ids of 2 bytes.
func indexedFile(t testing.TB, path string, rows [][]uint16) {
	t.Helper()
	var index, bin []byte
	index = append(index, indexMagic...)
	index = binary.LittleEndian.AppendUint64(index, 1)
	index = append(index, 8)
	index = binary.LittleEndian.AppendUint64(index, uint64(len(rows)))
	for _, row := range rows {
		index = binary.LittleEndian.AppendUint32(index, uint32(len(row)))
	}
	for _, row := range rows {
		index = binary.LittleEndian.AppendUint64(index, uint64(len(bin)))
		for _, id := range row {
			bin = binary.LittleEndian.AppendUint16(bin, id)
		}
	}
	write(t, path+".idx", string(index))
	write(t, path+".bin", string(bin))
}

// binarised writes a small fairseq folder of SST-2 and its vocabulary.
func binarised(t testing.TB) (dir, vocabulary string) {
	dir = t.TempDir()
	folder := filepath.Join(dir, "SST-2-bin")
	write(t, filepath.Join(folder, "input0", "dict.txt"), "13 9\n5 8\n")
	write(t, filepath.Join(folder, "label", "dict.txt"), "1 20\n0 10\nmadeupword0000 0\n")
	indexedFile(t, filepath.Join(folder, "input0", "valid"), [][]uint16{{4, 5, 6, 2}, {6, 2}, {2}})
	indexedFile(t, filepath.Join(folder, "label", "valid"), [][]uint16{{4, 2}, {5, 2}, {5, 2}})
	vocabulary = write(t, filepath.Join(dir, "vocab.json"), `{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"A":4,"Ġcaf":5,"Ã©":6}`)
	return dir, vocabulary
}

// TestFairseq reads a binarised folder back into text and labels.
func TestFairseq(t *testing.T) {
	dir, vocabulary := binarised(t)
	input, err := Open(OpenOptions{Path: dir, Task: "sst2", Split: "dev", Vocabulary: vocabulary})
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{{0, "A café", "", 1}, {1, "é", "", 0}, {2, "", "", 0}}
	for i, row := range readAll(t, input) {
		if row != want[i] {
			t.Errorf("row %d: %+v, want %+v", i, row, want[i])
		}
	}
}

// TestFairseqRefuses damages the folder in one way each.
func TestFairseqRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		damage     func(folder string)
	}{
		{"no index", "valid.idx: no such file", func(f string) { os.Remove(filepath.Join(f, "input0", "valid.idx")) }},
		{"foreign index", "valid.idx: not a fairseq index", func(f string) { write(t, filepath.Join(f, "input0", "valid.idx"), "TNTIDX") }},
		{"no end mark", "valid.bin:1: row must end with id 2", func(f string) {
			indexedFile(t, filepath.Join(f, "input0", "valid"), [][]uint16{{4, 5}, {6, 2}, {2}})
		}},
		{"unknown id", "valid.bin:1: id 99: is not a token", func(f string) {
			indexedFile(t, filepath.Join(f, "input0", "valid"), [][]uint16{{99, 2}, {6, 2}, {2}})
		}},
		{"special id", "valid.bin:1: id 3: is not a token", func(f string) {
			indexedFile(t, filepath.Join(f, "input0", "valid"), [][]uint16{{3, 2}, {6, 2}, {2}})
		}},
		{"unknown label", "valid.bin:1: label ids [8]", func(f string) {
			indexedFile(t, filepath.Join(f, "label", "valid"), [][]uint16{{8, 2}, {4, 2}, {4, 2}})
		}},
		{"fewer labels", "1 rows: input0 has 3", func(f string) {
			indexedFile(t, filepath.Join(f, "label", "valid"), [][]uint16{{4, 2}})
		}},
		{"truncated", "valid.bin:3: 1 ids at byte 12", func(f string) { os.Truncate(filepath.Join(f, "input0", "valid.bin"), 12) }},
		{"too many rows", "rows: the file has room for", func(f string) {
			data, _ := os.ReadFile(filepath.Join(f, "input0", "valid.idx"))
			data[len(indexMagic)+9] = 200
			write(t, filepath.Join(f, "input0", "valid.idx"), string(data))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, vocabulary := binarised(t)
			c.damage(filepath.Join(dir, "SST-2-bin"))
			input, err := Open(OpenOptions{Path: dir, Task: "sst2", Split: "dev", Vocabulary: vocabulary})
			for err == nil {
				_, err = input.Next()
			}
			if errors.Is(err, io.EOF) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// FuzzFairseqIndex requires that a damaged index is refused and never read beyond its end.
func FuzzFairseqIndex(f *testing.F) {
	f.Add([]byte(indexMagic))
	f.Fuzz(func(t *testing.T, index []byte) {
		var r indexed
		if r.parse(index) == nil && len(r.sizes) != len(r.pointers) {
			t.Fatal("sizes and pointers differ in number")
		}
	})
}

// TestHubLayout reads MNLI as the hub has it: other column names, numbers for labels, -1 for none.
func TestHubLayout(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "mnli"), 0o777); err != nil {
		t.Fatal(err)
	}
	const row = `{"premise":"p","hypothesis":"h","label":2,"idx":0}` + "\n" + `{"premise":"q","hypothesis":"i","label":-1,"idx":1}`
	write(t, filepath.Join(dir, "mnli", "validation_mismatched-00000-of-00001.jsonl"), row)
	input, err := Open(OpenOptions{Path: dir, Task: "mnli", Split: "dev_mismatched"})
	if err != nil {
		t.Fatal(err)
	}
	rows := readAll(t, input)
	if len(rows) != 2 || rows[0] != (Row{0, "p", "h", 2}) || rows[1] != (Row{1, "q", "i", Unlabelled}) {
		t.Errorf("got %+v", rows)
	}
}

// FuzzJSONL requires that any text is read to its end, row by row or refused row by row.
func FuzzJSONL(f *testing.F) {
	f.Add(ownJSONL)
	f.Add("{}\nnull\n[]\n\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		task, err := own("").task()
		if err != nil {
			t.Fatal(err)
		}
		r := &tableReader{table: newJSONL("f.jsonl", strings.NewReader(text), task), task: task}
		for lines := 0; lines <= len(text); lines++ {
			_, err := r.Next()
			var bad *RowError
			if err == io.EOF {
				return
			} else if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
		}
		t.Fatal("more rows than bytes")
	})
}
