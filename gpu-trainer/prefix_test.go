package trainer

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// deepModel has three layers, so that there is a prefix to freeze.
func deepModel(modelType string) *model.Model {
	c := model.DefaultConfig(modelType)
	c.VocabSize, c.HiddenSize, c.Layers, c.Heads, c.IntermediateSize, c.MaxPositions = 40, 16, 3, 2, 32, 20
	c.InitializerRange, c.HiddenDropout = 0.2, 0.1
	return model.New(c, 1)
}

// suffixMethods are methods that freeze a prefix.
func suffixMethods() map[string]model.Method {
	return map[string]model.Method{
		"head":             {Kind: model.Head},
		"head with pooler": {Kind: model.Head, TrainPooler: true},
		"linear head":      {Kind: model.Head, LinearHead: true},
		"lora 1":           {Kind: model.LoRA, Rank: 2, TrainLayers: 1, TrainPooler: true},
		"lora 2":           {Kind: model.LoRA, Rank: 2, TrainLayers: 2, Targets: []string{"query", "key", "value", "attention.output", "intermediate", "output"}},
		"full 1":           {Kind: model.Full, TrainLayers: 1},
		"bitfit 2":         {Kind: model.BitFit, TrainLayers: 2},
		"adapter 1":        {Kind: model.Adapter, Rank: 3, TrainLayers: 1},
		"rgp 1":            {Kind: model.RGP, TrainLayers: 1},
	}
}

// outcome is what a run and its model's predictions come to.
func outcome(t *testing.T, p Plan, s, dev Source, m *model.Model, o Options) (Result, Predictions) {
	t.Helper()
	r, err := Train(context.Background(), p, s, m, o)
	fatal(t, err)
	o.Engine.Precision = p.Precision
	predictions, err := Evaluate(context.Background(), dev, r.Model, p.Method, o.Engine)
	fatal(t, err)
	return r, predictions
}

// TestStoredPrefixChangesNoBit: weights and logits are those of a run without cache, to the bit; with it the source
// is read once, and not at all by a later run with another seed.
func TestStoredPrefixChangesNoBit(t *testing.T) {
	for name, method := range suffixMethods() {
		t.Run(name, func(t *testing.T) { checkStoredPrefix(t, model.BERT, method, "float32") })
	}
	for _, name := range []string{"head", "lora 1"} {
		t.Run(name+"/bfloat16", func(t *testing.T) { checkStoredPrefix(t, model.BERT, suffixMethods()[name], BFloat16) })
		t.Run(name+"/roberta", func(t *testing.T) { checkStoredPrefix(t, model.RoBERTa, suffixMethods()[name], "float32") })
	}
}

func checkStoredPrefix(t *testing.T, modelType string, method model.Method, precision string) {
	plan := smallPlan()
	plan.Method, plan.Precision = method, precision
	public := plan
	public.NonPrivate, public.Epsilon, public.ClippingNorm = true, 0, 0
	cached := Options{Engine: EngineOptions{Cache: t.TempDir(), MaxTokens: 64}}
	source, dev := newSource(600, 40, 12), newSource(50, 40, 12)
	for i, p := range []Plan{plan, public} {
		seed := uint64(i)
		p = seeded(p, seed)
		want, wantLogits := outcome(t, p, newSource(600, 40, 12), newSource(50, 40, 12), deepModel(modelType), Options{Engine: EngineOptions{MaxTokens: 64}})
		got, gotLogits := outcome(t, p, source, dev, deepModel(modelType), cached)
		if !sameModel(want.Model, got.Model) {
			t.Errorf("seed %d: the cache changed a weight", seed)
		}
		if !slices.Equal(wantLogits.Logits, gotLogits.Logits) || !slices.Equal(wantLogits.Labels, gotLogits.Labels) {
			t.Errorf("seed %d: the cache changed a prediction", seed)
		}
		for row := range int64(600) { // from here on the source must not be asked
			source.breakRow(row)
			dev.breakRow(row)
		}
	}
}

func (s *memorySource) breakRow(row int64) {
	if s.broken == nil {
		s.broken = map[int64]bool{}
	}
	s.broken[row] = true
}

// TestStoredPrefixFreezes: what TrainLayers freezes does not move, and the rest does.
func TestStoredPrefixFreezes(t *testing.T) {
	before := deepModel(model.BERT)
	plan := seeded(smallPlan(), 1)
	plan.Method = model.Method{Kind: model.Full, TrainLayers: 1}
	r, err := Train(context.Background(), plan, newSource(200, 40, 12), before, Options{})
	fatal(t, err)
	for i, tensor := range r.Model.Tensors {
		moved := !slices.Equal(tensor.Data, before.Tensors[i].Data)
		if last := strings.Contains(tensor.Name, "layer.2.") || !strings.Contains(tensor.Name, "layer.") && !strings.Contains(tensor.Name, "embeddings"); moved != last {
			t.Errorf("%s: moved %v, want %v", tensor.Name, moved, last)
		}
	}
}

// folders lists the stored prefixes of a cache.
func folders(t *testing.T, cache string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(cache, "*"))
	fatal(t, err)
	return list
}

// TestStoredPrefixIsOfItsInputs: other weights before the boundary, other data, another precision or boundary get
// values of their own; what lies behind the boundary does not.
func TestStoredPrefixIsOfItsInputs(t *testing.T) {
	cache := t.TempDir()
	store := func(change func(p *Plan, m *model.Model, s *memorySource)) int {
		p, m, s := seeded(smallPlan(), 1), deepModel(model.BERT), newSource(200, 40, 12)
		p.Method, p.Steps = model.Method{Kind: model.LoRA, Rank: 2, TrainLayers: 1}, 1
		change(&p, m, s)
		_, err := Train(context.Background(), p, s, m, Options{Engine: EngineOptions{Cache: cache}})
		fatal(t, err)
		return len(folders(t, cache))
	}
	for i, c := range []struct {
		name   string
		change func(p *Plan, m *model.Model, s *memorySource)
		want   int
	}{
		{"first", func(*Plan, *model.Model, *memorySource) {}, 1},
		{"seed", func(p *Plan, _ *model.Model, _ *memorySource) { *p = seeded(*p, 2) }, 1},
		{"budget", func(p *Plan, _ *model.Model, _ *memorySource) { p.Epsilon = 3 }, 1},
		{"method behind the boundary", func(p *Plan, _ *model.Model, _ *memorySource) { p.Method.Rank = 3 }, 1},
		{"weight behind the boundary", func(_ *Plan, m *model.Model, _ *memorySource) { m.Tensor("classifier.weight").Data[0]++ }, 1},
		{"weight before the boundary", func(_ *Plan, m *model.Model, _ *memorySource) {
			m.Tensor("bert.encoder.layer.1.output.dense.bias").Data[0]++
		}, 2},
		{"data", func(_ *Plan, _ *model.Model, s *memorySource) { *s = *newSource(201, 40, 12) }, 3},
		{"precision", func(p *Plan, _ *model.Model, _ *memorySource) { p.Precision = BFloat16 }, 4},
		{"boundary", func(p *Plan, _ *model.Model, _ *memorySource) { p.Method.TrainLayers = 2 }, 5},
		{"head", func(p *Plan, _ *model.Model, _ *memorySource) { p.Method = model.Method{Kind: model.Head} }, 6},
	} {
		if got := store(c.change); got != c.want {
			t.Fatalf("%d %s: %d stored prefixes, want %d", i, c.name, got, c.want)
		}
	}
}

// TestStoredPrefixDamaged: a shard or manifest that was changed is found and made anew.
func TestStoredPrefixDamaged(t *testing.T) {
	o := Options{Engine: EngineOptions{Cache: t.TempDir()}}
	plan := seeded(smallPlan(), 1)
	plan.Method = model.Method{Kind: model.Head}
	want := mustTrain(t, plan, newSource(200, 40, 12), o)
	folder := folders(t, o.Engine.Cache)[0]
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	fatal(t, err)
	for _, path := range files {
		file := filepath.Base(path)
		data, err := os.ReadFile(path)
		fatal(t, err)
		changed := slices.Clone(data)
		changed[len(changed)/2] ^= 1
		fatal(t, os.WriteFile(path, changed, 0o600))
		if got := mustTrain(t, plan, newSource(200, 40, 12), o); !sameModel(want.Model, got.Model) {
			t.Errorf("%s: a damaged cache changed the run", file)
		}
		if again, err := os.ReadFile(path); err != nil || !slices.Equal(again, data) {
			t.Errorf("%s: was not made anew: %v", file, err)
		}
	}
}

func TestStoredPrefixResumes(t *testing.T) {
	cache, dir, s := t.TempDir(), t.TempDir(), newSource(200, 40, 12)
	plan := seeded(smallPlan(), 3)
	plan.Method = model.Method{Kind: model.LoRA, Rank: 2, TrainLayers: 2}
	m := deepModel(model.BERT)
	want, err := Train(context.Background(), plan, s, m, Options{})
	fatal(t, err)
	ctx, stop := context.WithCancel(context.Background())
	o := Options{Dir: dir, Engine: EngineOptions{Cache: cache}, Progress: func(p Progress) {
		if p.Step == 5 {
			stop()
		}
	}}
	if _, err := Train(ctx, plan, s, m, o); err == nil || !strings.Contains(err.Error(), "stopped after step 5") {
		t.Fatal(err)
	}
	fatal(t, os.RemoveAll(cache)) // it is not part of the run
	got, err := Resume(context.Background(), s, m, o)
	fatal(t, err)
	if !sameModel(want.Model, got.Model) {
		t.Error("the resumed run gave another model")
	}
}

// TestStoredPrefixIsArrow: the shards are whole Arrow files, and the manifest's places are those of the numbers.
func TestStoredPrefixIsArrow(t *testing.T) {
	o, s := Options{Engine: EngineOptions{Cache: t.TempDir()}}, newSource(1100, 40, 12)
	plan := seeded(smallPlan(), 1)
	plan.Method, plan.Steps = model.Method{Kind: model.LoRA, Rank: 2, TrainLayers: 1}, 1
	m := deepModel(model.BERT)
	_, err := Train(context.Background(), plan, s, m, o)
	fatal(t, err)
	e := newEngine(t, m, plan.Method, EngineOptions{MaxTokens: 64})
	stored, err := openPrefix(context.Background(), s, m, plan.Method, e, EngineOptions{Cache: o.Engine.Cache, MaxTokens: 64})
	fatal(t, err)
	defer stored.close()
	file, err := os.Open(filepath.Join(folders(t, o.Engine.Cache)[0], "shard-00000.arrow"))
	fatal(t, err)
	defer file.Close()
	reader, err := ipc.NewFileReader(file)
	fatal(t, err)
	defer reader.Close()
	row := int64(0)
	for i := range reader.NumRecords() {
		record, err := reader.Record(i)
		fatal(t, err)
		lists := record.Column(3).(*array.List)
		values := lists.ListValues().(*array.Float32).Float32Values()
		for j := range int(record.NumRows()) {
			lo, hi := lists.ValueOffsets(j)
			got := make([]float32, hi-lo)
			fatal(t, stored.reader.read(row, got))
			if int(hi-lo) != len(s.ids[row])*16 || !slices.Equal(got, values[lo:hi]) || record.Column(0).(*array.Int64).Value(j) != row {
				t.Fatalf("row %d: %d numbers of %d tokens, not those of the shard", row, hi-lo, len(s.ids[row]))
			}
			row++
		}
	}
	if row != 1100 {
		t.Errorf("%d rows, want 1100", row)
	}
}

func TestStoredPrefixRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *Plan, o *EngineOptions)
		want   string
	}{
		{"nothing frozen", func(p *Plan, _ *EngineOptions) { p.Method.TrainLayers = 0 }, "freezes no layers"},
		{"all layers trained", func(p *Plan, _ *EngineOptions) { p.Method.TrainLayers = 3 }, "freezes no layers"},
		{"dropout", func(p *Plan, _ *EngineOptions) { p.Dropout = true }, "dropout 0.1"},
		{"float64", func(p *Plan, _ *EngineOptions) { p.Precision = "float64" }, "precision float64"},
		{"too many layers", func(p *Plan, _ *EngineOptions) { p.Method.TrainLayers = 4 }, "train layers 4"},
		{"layers of a head", func(p *Plan, _ *EngineOptions) { p.Method.Kind = model.Head }, "method head trains no layer"},
	} {
		p, o := seeded(smallPlan(), 1), EngineOptions{Cache: t.TempDir()}
		p.Method.TrainLayers = 1
		c.change(&p, &o)
		_, err := Train(context.Background(), p, newSource(200, 40, 12), deepModel(model.BERT), Options{Engine: o})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
