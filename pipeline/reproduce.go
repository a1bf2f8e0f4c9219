package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// ReproduceOptions is the matrix {task} × {epsilon} × {accountant} × {method} × {seed} and what its runs share. Zero fields
// take the values in brackets. It is stored in the output folder, so that a later call goes on with the same matrix.
type ReproduceOptions struct {
	Tasks       []string  `json:"tasks"`       // [all four]
	Epsilons    []float64 `json:"epsilons"`    // [8]
	Deltas      []float64 `json:"deltas"`      // [1e-5]
	Accountants []string  `json:"accountants"` // [certified]
	Methods     []string  `json:"methods"`     // of private runs [the recipe's]
	Seeds       []uint64  `json:"seeds"`       // [0]

	Data      string `json:"data"`       // GLUE folder [the generated corpus]
	Rows      int    `json:"rows"`       // training rows of each task of the generated corpus [datasets.DefaultTrainRows]
	TokenFile string `json:"token_file"` // of a Flight server, as RootCAs; see Input
	RootCAs   string `json:"root_cas"`
	Tokenizer string `json:"tokenizer"`         // [generated corpus: learned from it; else: must be named]
	MaxLength int    `json:"max_length"`        // tokens [DefaultMaxLength]
	Model     string `json:"model"`             // folder in the Hugging Face layout [the tiny preset]
	Pooling   string `json:"pooling,omitempty"` // model.PoolCLS or PoolMean [the model's]

	Preset  string `json:"preset"`         // published setting that fills what is zero here [none]
	Private Recipe `json:"private"`        // [by Preset or Data]; its Method without a kind holds what is asked of all Methods
	Public  Recipe `json:"public"`         // of the run without privacy beside them [by Data]
	Twin    bool   `json:"twin,omitempty"` // each method has a run without privacy that trains as its private runs do, in place of that one

	Precision string `json:"precision"` // [float32]
	Device    string `json:"device"`    // [cpu]
	SeedAll   bool   `json:"seed_all"`  // repeatable and not private: for tests

	Limit        int    `json:"-"`                       // most runs to do in this call [all]
	Cache        string `json:"-"`                       // folder for what frozen layers yield, see trainer.EngineOptions [none]
	DeviceMemory int64  `json:"device_memory,omitempty"` // most bytes of the device's memory [what it has]

	Jobs int `json:"-"` // runs at a time, which share the processors [one a processor for the tiny preset; 1 for a model, whose runs fill the processors and the memory]
}

func (o ReproduceOptions) withDefaults() (ReproduceOptions, error) {
	if len(o.Tasks) == 0 {
		for _, task := range datasets.Tasks() {
			o.Tasks = append(o.Tasks, task.Name)
		}
	}
	for _, name := range o.Tasks {
		if _, err := datasets.TaskByName(name); err != nil {
			return o, err
		}
	}
	if o.Jobs < 0 || o.Limit < 0 || o.Rows < 0 {
		return o, fmt.Errorf("jobs %d, limit %d, rows %d: must not be negative", o.Jobs, o.Limit, o.Rows)
	}
	if o.Preset != "" {
		preset, err := PresetByName(o.Preset)
		if err != nil {
			return o, err
		}
		o.Epsilons, o.Deltas = orList(o.Epsilons, preset.Epsilons...), orList(o.Deltas, preset.Deltas...)
		o.MaxLength = cmp.Or(o.MaxLength, preset.MaxLength)
	}
	o.Epsilons, o.Deltas = orList(o.Epsilons, 8), orList(o.Deltas, 1e-5)
	o.Accountants, o.Seeds = orList(o.Accountants, Certified), orList(o.Seeds, 0)
	o.Methods = orList(o.Methods, o.recipe(o.Tasks[0]).Method.Kind)
	return o, nil
}

func orList[T any](list []T, fallback ...T) []T {
	if len(list) == 0 {
		return fallback
	}
	return list
}

// recipe is how the private runs of a task learn.
func (o ReproduceOptions) recipe(task string) Recipe {
	fallback := privateRecipe
	if preset, err := PresetByName(o.Preset); err == nil {
		fallback = preset.recipe(task)
	} else if o.Data == "" {
		fallback = generatedPrivate
	}
	return o.Private.orElse(fallback)
}

// publicRecipe is how the runs without privacy learn.
func (o ReproduceOptions) publicRecipe() Recipe {
	if o.Data == "" {
		return o.Public.orElse(generatedPublic)
	}
	return o.Public.orElse(publicRecipe)
}

// Stage tells what the matrix is doing: which run of how many, and how far it has come. Runs at the same time tell it from several
// goroutines.
type Stage struct {
	Run, Runs int    // from 1; 0 while data is prepared
	Name      string // of the run, or what is prepared
	trainer.Progress
}

// Reproduce runs the matrix into the folder out and reports it there. Runs that the folder already holds are kept, so a call
// that was interrupted goes on where it stopped; it must be given the same options.
func Reproduce(ctx context.Context, out string, o ReproduceOptions, progress func(Stage)) (*eval.Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	release, err := claimFolder(out, o)
	if err != nil {
		return nil, err
	}
	defer release()
	runs, err := o.runs(ctx, out, progress)
	if err != nil {
		return nil, err
	}
	if err := checkAll(ctx, runs); err != nil {
		return nil, err
	}
	if err := o.runAll(ctx, out, runs, progress); err != nil {
		return nil, err
	}
	return WriteReport(out)
}

// checkAll refuses a matrix for its last run before the first is trained, which may be hours before.
func checkAll(ctx context.Context, runs []RunSpec) error {
	manifests := map[string]*Manifest{}
	for _, run := range runs {
		location := run.Splits[trainSplit]
		if manifests[location] == nil {
			source, err := run.Input.open(ctx, location)
			if err != nil {
				return err
			}
			manifests[location] = source.Manifest()
			if err := source.Close(); err != nil {
				return err
			}
		}
		if err := run.check(manifests[location]); err != nil {
			return fmt.Errorf("%s: %w", run.Name, err)
		}
	}
	return nil
}

// runAll does the runs, Jobs at a time and no more than the machine has memory for. The first error stops the others between two steps.
func (o ReproduceOptions) runAll(ctx context.Context, out string, runs []RunSpec, progress func(Stage)) error {
	jobs := o.Jobs
	if jobs == 0 {
		jobs = runtime.GOMAXPROCS(0)
		if o.Model != "" || o.Preset != "" {
			jobs = 1
		}
	}
	threads := max(1, runtime.GOMAXPROCS(0)/jobs)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	gate := newMemoryGate()
	begun := 0
	for i, run := range runs {
		if _, err := os.Stat(filepath.Join(out, "runs", run.Name, runFile)); err == nil || o.Limit > 0 && begun == o.Limit {
			continue
		}
		begun++
		run.Engine.Threads = threads
		group.Go(func() error {
			if err := gate.enter(ctx); err != nil {
				return err
			}
			defer gate.leave()
			stage := Stage{Run: i + 1, Runs: len(runs), Name: run.Name}
			err := run.Run(ctx, filepath.Join(out, "runs", run.Name), func(p trainer.Progress) {
				if stage.Progress = p; p.Step > 1 {
					gate.measure()
				}
				progress(stage)
			})
			if err != nil {
				return fmt.Errorf("%s: %w", run.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// WriteReport computes the report of every run below a folder and writes its files there.
func WriteReport(out string) (*eval.Report, error) {
	result, err := eval.Build(os.DirFS(out))
	if err != nil {
		return nil, err
	}
	files, err := report.Render(result, report.Options{})
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := writeFile(filepath.Join(out, file.Name), file.Data); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// runs prepares the data and lists the runs of the matrix, those of the first seed for all tasks first, so that a matrix that was
// stopped has something to say of each task: for each one without privacy, then the private ones.
func (o ReproduceOptions) runs(ctx context.Context, out string, progress func(Stage)) ([]RunSpec, error) {
	data, tokens, err := o.corpus(ctx, out, progress)
	if err != nil {
		return nil, err
	}
	var tasks []RunSpec
	for _, name := range o.Tasks {
		task, err := datasets.TaskByName(name)
		if err != nil {
			return nil, err
		}
		progress(Stage{Name: "preparing " + task.Name})
		input := Input{Task: task.Name, Data: data, Tokenizer: tokens, MaxLength: o.MaxLength, TokenFile: o.TokenFile, RootCAs: o.RootCAs}
		splits, err := input.prepare(ctx, filepath.Join(out, "shards"))
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, RunSpec{
			Input: input, Splits: splits, Model: o.Model, Pooling: o.Pooling, SeedAll: o.SeedAll, Public: o.Data == "",
			Engine: trainer.EngineOptions{Precision: o.Precision, Device: o.Device, DeviceMemory: o.DeviceMemory},
		})
	}
	var all []RunSpec
	for _, seed := range o.Seeds {
		for _, base := range tasks {
			base.Seed = seed
			all = append(all, o.cells(base)...)
		}
	}
	return all, nil
}

// corpus returns the folders of text and tokenizer, and writes the generated corpus if no data is named.
func (o ReproduceOptions) corpus(ctx context.Context, out string, progress func(Stage)) (data, tokens string, err error) {
	if o.Data != "" {
		tokens = o.Tokenizer
		if tokens == "" {
			tokens = o.Model
		}
		return o.Data, tokens, nil
	}
	data = filepath.Join(out, "corpus")
	tokens = o.Tokenizer
	if tokens == "" {
		tokens = data
	}
	if _, err := os.Stat(filepath.Join(data, "vocab.txt")); err == nil {
		return data, tokens, nil
	}
	progress(Stage{Name: "writing the generated corpus"})
	if err := os.RemoveAll(data); err != nil { // what an interrupted call left
		return "", "", err
	}
	if err := datasets.Generate(ctx, datasets.GenerateOptions{Dir: data, Tasks: o.Tasks, TrainRows: o.Rows}); err != nil {
		return "", "", err
	}
	return data, tokens, BuildVocabulary(ctx, data, generatedVocabulary)
}

// generatedVocabulary is the size of the vocabulary learned from the generated corpus; it covers all its words.
const generatedVocabulary = 2000

// cells are the runs of one task and seed.
func (o ReproduceOptions) cells(base RunSpec) []RunSpec {
	var all []RunSpec
	for i, kind := range o.Methods {
		private := o.recipe(base.Input.Task)
		private.Method = methodOrElse(asKind(o.Private.Method, kind), private.Method)
		public := o.publicCell(base, private)
		if i == 0 || o.Twin {
			all = append(all, public)
		}
		all = append(all, o.privateCells(base, private, public.Name)...)
	}
	return all
}

// publicCell is the run without privacy beside the private ones of a method.
func (o ReproduceOptions) publicCell(base RunSpec, private Recipe) RunSpec {
	base.Name = fmt.Sprintf("%s-nonprivate-s%d", base.Input.Task, base.Seed)
	base.Recipe = o.publicRecipe()
	if o.Twin {
		base.Name = fmt.Sprintf("%s-nonprivate-%s-s%d", base.Input.Task, private.Method.Kind, base.Seed)
		base.Recipe, base.Engine.Cache = private, o.cacheFor(private.Method)
	}
	return base
}

func (o ReproduceOptions) privateCells(base RunSpec, recipe Recipe, baseline string) []RunSpec {
	var all []RunSpec
	for _, budget := range o.budgets() {
		run := base
		run.Budget, run.Recipe, run.Baseline, run.Engine.Cache = &budget, recipe, baseline, o.cacheFor(recipe.Method)
		delta := ""
		if len(o.Deltas) > 1 {
			delta = fmt.Sprintf("-delta%g", budget.Delta)
		}
		run.Name = fmt.Sprintf("%s-eps%g%s-%s-%s-s%d", base.Input.Task, budget.Epsilon, delta, budget.Accountant, recipe.Method.Kind, base.Seed)
		all = append(all, run)
	}
	return all
}

// cacheFor is the folder for what the layers that a method freezes yield; "" where it freezes none.
func (o ReproduceOptions) cacheFor(m model.Method) string {
	if m.Kind == model.Head || m.TrainLayers > 0 {
		return o.Cache
	}
	return ""
}

// budgets are all combinations of epsilon, delta and accountant.
func (o ReproduceOptions) budgets() []Budget {
	var all []Budget
	for _, epsilon := range o.Epsilons {
		for _, delta := range o.Deltas {
			for _, accountant := range o.Accountants {
				all = append(all, Budget{Epsilon: epsilon, Delta: delta, Accountant: accountant})
			}
		}
	}
	return all
}
