package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

func small(modelType string) Config {
	c := DefaultConfig(modelType)
	c.VocabSize, c.HiddenSize, c.Heads, c.IntermediateSize, c.MaxPositions = 20, 8, 2, 12, 30
	return c
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSaveAndLoadKeepEveryBit(t *testing.T) {
	for _, modelType := range []string{BERT, RoBERTa} {
		m, dir := New(small(modelType), 7), t.TempDir()
		m.Config.Pooling, m.Config.LabelNames = PoolMean, map[string]string{"0": "no", "1": "yes"}
		fatal(t, m.Save(dir))
		back, err := Load(dir)
		fatal(t, err)
		if fmt.Sprint(back) != fmt.Sprint(m) {
			t.Errorf("%s: the model that comes back differs", modelType)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 2 {
			t.Errorf("files %v: want config.json and model.safetensors", files)
		}
	}
}

func TestNewFollowsTheSeed(t *testing.T) {
	one, two, other := New(small(BERT), 1), New(small(BERT), 1), New(small(BERT), 2)
	if fmt.Sprint(one) != fmt.Sprint(two) || fmt.Sprint(one) == fmt.Sprint(other) {
		t.Error("weights do not follow the seed")
	}
	std := 0.0
	for _, v := range one.Tensors[0].Data {
		std += float64(v*v) / float64(len(one.Tensors[0].Data))
	}
	if std = math.Sqrt(std); math.Abs(std-0.02) > 0.005 { // 160 numbers: one standard deviation is .0011
		t.Errorf("standard deviation %v, want initializer_range 0.02", std)
	}
}

// A file of the bare encoder lacks the prefix and the head; older files spell LayerNorm's weights gamma and beta.
func TestLoadAcceptsOtherSpellings(t *testing.T) {
	m, dir := New(small(BERT), 7), t.TempDir()
	fatal(t, m.Save(dir))
	var bare []Tensor
	for _, w := range m.Tensors {
		name := strings.TrimPrefix(w.Name, "bert.")
		name = strings.Replace(name, "LayerNorm.weight", "LayerNorm.gamma", 1)
		if !isHead(w.Name) && !isPooler(w.Name) {
			bare = append(bare, Tensor{Name: name, Shape: w.Shape, Data: w.Data})
		}
	}
	bare = append(bare, Tensor{Name: "cls.predictions.bias", Shape: []int{1}, Data: []float32{1}})
	fatal(t, WriteSafetensors(filepath.Join(dir, "model.safetensors"), bare))
	back, err := Load(dir)
	fatal(t, err)
	if len(back.Fresh) != 4 || len(back.Ignored) != 1 {
		t.Errorf("fresh %v, ignored %v: want pooler and head, and cls.predictions.bias", back.Fresh, back.Ignored)
	}
	if !slices.Equal(back.Tensors[3].Data, m.Tensors[3].Data) {
		t.Error("LayerNorm.gamma was not taken")
	}
	first := back.Tensor("classifier.weight").Data[0]
	if back.Reseed(99); back.Tensor("classifier.weight").Data[0] == first {
		t.Error("Reseed drew nothing")
	}
}

func TestSetLabels(t *testing.T) {
	m := New(small(RoBERTa), 7)
	before := m.Tensor("classifier.out_proj.weight").Data[0]
	if m.SetLabels(2, 1); m.Tensor("classifier.out_proj.weight").Data[0] != before {
		t.Error("a head that fits was drawn anew")
	}
	m.SetLabels(3, 1)
	fatal(t, m.Validate())
}

func TestLoadTellsWhatIsWrong(t *testing.T) {
	m := New(small(BERT), 7)
	save := func(change func(dir string)) error {
		dir := t.TempDir()
		fatal(t, m.Save(dir))
		change(dir)
		_, err := Load(dir)
		return err
	}
	rewrite := func(file string, change func([]byte) []byte) func(string) {
		return func(dir string) {
			path := filepath.Join(dir, file)
			data, err := os.ReadFile(path)
			fatal(t, err)
			fatal(t, os.WriteFile(path, change(data), 0o644))
		}
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(data []byte) []byte { return bytes.Replace(data, []byte(old), []byte(new), 1) }
	}
	cut := func(n int) func([]byte) []byte { return func(data []byte) []byte { return data[:n] } }
	for want, change := range map[string]func(string){
		"shape [12 8], want [13 8]":                 rewrite("config.json", replace(`"intermediate_size": 12`, `"intermediate_size": 13`)),
		"hidden_act \"relu\"":                       rewrite("config.json", replace(`"gelu"`, `"relu"`)),
		"model_type \"gpt2\"":                       rewrite("config.json", replace(`"bert"`, `"gpt2"`)),
		"vocab_size 0: must be":                     rewrite("config.json", replace(`"vocab_size": 20`, `"vocab_size": 0`)),
		"shape [20 8], want [21 8]":                 rewrite("config.json", replace(`"vocab_size": 20`, `"vocab_size": 21`)),
		"hidden_size 9: must be a multiple":         rewrite("config.json", replace(`"hidden_size": 8`, `"hidden_size": 9`)),
		"file of 5 bytes":                           rewrite("model.safetensors", cut(5)),
		"header of":                                 rewrite("model.safetensors", cut(100)),
		"data_offsets":                              rewrite("model.safetensors", func(b []byte) []byte { return b[:len(b)-4] }),
		"not supported":                             rewrite("model.safetensors", replace(`"F32"`, `"Q32"`)),
		"weight bert.embeddings.word_embeddings.we": rewrite("model.safetensors", replace("word_embeddings", "wird_embeddings")),
		"no such file":                              func(dir string) { fatal(t, os.Remove(filepath.Join(dir, "model.safetensors"))) },
	} {
		if err := save(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v: want one with %q", err, want)
		}
	}
}

func TestHalfPrecisionWidens(t *testing.T) {
	for bits, want := range map[uint16]float64{0x3c00: 1, 0xc000: -2, 0x0001: math.Ldexp(1, -24), 0x7bff: 65504, 0x3555: 0.333251953125, 0x8000: 0, 0x7c00: math.Inf(1)} {
		if got := halfToFloat(bits); got != want {
			t.Errorf("half %#x = %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(halfToFloat(0x7e00)) {
		t.Error("half 0x7e00 is not NaN")
	}
	brain := Stored{DType: "BF16", Raw: []byte{0x80, 0x3f, 0x20, 0xc0}}
	if got, _ := brain.Float64(); !slices.Equal(got, []float64{1, -2.5}) {
		t.Errorf("bfloat16 %v, want [1 -2.5]", got)
	}
}

func TestBatchPositions(t *testing.T) {
	bert, roberta := small(BERT), small(RoBERTa)
	var b Batch
	b.AppendExample(bert, 4, 1, []int32{2, 9, 3}, []int8{0, 0, 1})
	b.AppendExample(bert, 5, 0, []int32{2, 3}, nil)
	if got := fmt.Sprint(b); got != "{[2 9 3 2 3] [0 0 1 0 0] [0 1 2 0 1] [0 3 5] [1 0] [4 5] []}" {
		t.Errorf("BERT batch %s", got)
	}
	fatal(t, b.Validate(bert, false))
	b.Reset()
	b.AppendExample(roberta, 4, 1, []int32{0, 9, 1, 2}, []int8{0, 0, 1, 1})
	if got := fmt.Sprint(b); got != "{[0 9 1 2] [0 0 0 0] [2 3 1 4] [0 4] [1] [4] []}" {
		t.Errorf("RoBERTa batch %s", got)
	}
	var prompted Batch
	b.WithPrompt(roberta, 2, &prompted)
	if got := fmt.Sprint(prompted); got != "{[0 1 1 9 1 2] [0 0 0 0 0 0] [2 3 4 5 6 7] [0 6] [1] [4] []}" {
		t.Errorf("RoBERTa batch with a prompt %s", got)
	}
}

func TestAppendRecord(t *testing.T) {
	pool := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer pool.AssertSize(t, 0)
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "row_id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "input_ids", Type: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int32)},
		{Name: "token_type_ids", Type: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int8)},
		{Name: "length", Type: arrow.PrimitiveTypes.Int32},
		{Name: "label", Type: arrow.PrimitiveTypes.Int32},
	}, nil)
	builder := array.NewRecordBuilder(pool, schema)
	defer builder.Release()
	for i := range 3 {
		builder.Field(0).(*array.Int64Builder).Append(int64(10 + i))
		ids, types := builder.Field(1).(*array.ListBuilder), builder.Field(2).(*array.ListBuilder)
		ids.Append(true)
		types.Append(true)
		for j := range i + 1 {
			ids.ValueBuilder().(*array.Int32Builder).Append(int32(j))
			types.ValueBuilder().(*array.Int8Builder).Append(int8(j % 2))
		}
		builder.Field(3).(*array.Int32Builder).Append(int32(i + 1))
		builder.Field(4).(*array.Int32Builder).Append(int32(i % 2))
	}
	record := builder.NewRecord()
	defer record.Release()
	sliced := record.NewSlice(1, 3)
	defer sliced.Release()
	var b, all Batch
	fatal(t, b.AppendRecord(small(BERT), sliced, []int{1, 0}))
	fatal(t, all.AppendRecord(small(BERT), record, nil))
	if got := fmt.Sprint(b); got != "{[0 1 2 0 1] [0 1 0 0 1] [0 1 2 0 1] [0 3 5] [0 1] [12 11] []}" {
		t.Errorf("batch %s", got)
	}
	if all.Examples() != 3 {
		t.Errorf("%d examples, want 3", all.Examples())
	}
	if err := b.AppendRecord(small(BERT), record, []int{3}); err == nil {
		t.Error("row 3 of 3 was taken")
	}
}

func TestMethodsTrainWhatTheySay(t *testing.T) {
	for modelType, want := range map[string]map[string]int{
		BERT:    {"full": 41, "bitfit": 20, "head": 2, "lora": 10, "rgp": 14, "adapter": 18, "prompt": 3},
		RoBERTa: {"full": 41, "bitfit": 21, "head": 4, "lora": 12, "rgp": 16, "adapter": 20, "prompt": 5},
	} {
		for kind, count := range want {
			method, trained := Method{Kind: kind}, 0
			for _, s := range small(modelType).Parameters(method) {
				if method.Trains(small(modelType), s.Name) {
					trained++
				}
			}
			if trained != count {
				t.Errorf("%s %s trains %d tensors, want %d", modelType, kind, trained, count)
			}
		}
	}
}

// What a method does not know it must not drop in silence.
func TestCompleteRefusesForeignWeights(t *testing.T) {
	m := New(small(BERT), 7)
	lora := Method{Kind: LoRA, Rank: 2}
	tensors, err := m.Complete(lora)
	fatal(t, err)
	m.Tensors = tensors
	for _, method := range []Method{{Kind: Full}, {Kind: LoRA, Rank: 3}, {Kind: LoRA, Rank: 2, Targets: []string{"key"}}} {
		if _, err := m.Complete(method); err == nil {
			t.Errorf("method %v took a model with other pairs", method)
		}
	}
	_, err = m.Complete(lora)
	fatal(t, err)
}

func FuzzSafetensors(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed")
	if err := WriteSafetensors(path, []Tensor{{Name: "a", Shape: []int{2, 1}, Data: []float32{1, 2}}}); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(binary.LittleEndian.AppendUint64(nil, math.MaxUint64))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := parseSafetensors(data)
		if err != nil {
			return
		}
		for _, s := range tensors {
			if (Spec{Shape: s.Shape}).Size()*widths[s.DType] != len(s.Raw) {
				t.Fatalf("tensor %s: shape %v of %s has %d bytes", s.Name, s.Shape, s.DType, len(s.Raw))
			}
			s.Float64()
			s.Int64()
		}
	})
}
