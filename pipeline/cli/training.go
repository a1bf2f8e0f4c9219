package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/eval/report"
	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/pipeline"
)

func trainingCommands() []*cli.Command {
	return []*cli.Command{modelCommand(), trainCommand(), resumeCommand(), predictCommand()}
}

// trainingFlags are those that train and reproduce share.
func trainingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", Usage: "GLUE folder, a folder of prepared splits, or a flight:// URL"},
		&cli.StringFlag{Name: "token-file", Usage: "file with the token of the flight:// server"},
		&cli.StringFlag{Name: "root-cas", Usage: "PEM file of authorities to trust for flight+tls:// (default: the system's)"},
		&cli.StringFlag{Name: "tokenizer", Usage: "folder with vocab.txt, tokenizer.json or vocab.json and merges.txt (default: the model's folder)"},
		&cli.IntFlag{Name: "max-length", DefaultText: "128", Usage: "tokens of a row, special tokens included"},
		&cli.StringFlag{Name: "model", Usage: "folder in the Hugging Face layout (default: the tiny preset)"},
		&cli.Int64Flag{Name: "batch-size", DefaultText: "the recipe's", Usage: "expected batch size"},
		&cli.Int64Flag{Name: "max-lot", DefaultText: "no cap", Usage: "most rows of a lot: truncated Poisson sampling, whose price is a little higher"},
		&cli.Float64Flag{Name: "epochs", DefaultText: "the recipe's", Usage: "passes over the data; the steps are epochs*floor(N/B)"},
		&cli.Float64Flag{Name: "learning-rate", DefaultText: "the recipe's", Usage: "peak learning rate"},
		&cli.Float64Flag{Name: "clip", DefaultText: "the recipe's", Usage: "clipping norm"},
		&cli.StringFlag{Name: "clip-mode", Usage: "flat, per-layer or automatic"},
		&cli.Float64Flag{Name: "adaptive-clip", DefaultText: "the clip is fixed", Usage: "quantile of the gradients' norms that the clipping norm follows, from --clip on; its cost is priced"},
		&cli.StringFlag{Name: "optimizer", Usage: "adamw, adam, sgd or adambc"},
		&cli.StringFlag{Name: "schedule", Usage: "of the learning rate: polynomial, cosine or constant"},
		&cli.Int64Flag{Name: "horizon", DefaultText: "the run's steps", Usage: "steps at which the learning rate's schedule ends"},
		&cli.StringFlag{Name: "adam-epsilon", DefaultText: "after", Usage: "before or after: where Adam's epsilon joins, of the bias correction"},
		&cli.IntFlag{Name: "rank", DefaultText: "the recipe's", Usage: "of lora or rgp"},
		&cli.StringFlag{Name: "rgp-core", DefaultText: "plus", Usage: "plus, as rgp's authors rebuild the gradient, or minus, the orthogonal projection"},
		&cli.IntFlag{Name: "train-layers", DefaultText: "all, embeddings included", Usage: "train only the last so many layers, and the head; not head, prompt"},
		&cli.StringFlag{Name: "cache", DefaultText: "none", Usage: "folder that keeps what the frozen layers yield (--method head, --train-layers), for this run and later ones on the same data and model; as private as the data"},
		&cli.StringFlag{Name: "pooling", DefaultText: "the model's", Usage: "what the classifier reads of the tokens' states: cls or mean"},
		&cli.BoolFlag{Name: "train-pooler", Usage: "train the dense layer between pooling and classifier too, where the method freezes it"},
		&cli.BoolFlag{Name: "linear-head", Usage: "classify the pooled state itself, without that layer"},
		&cli.StringFlag{Name: "targets", DefaultText: "query,value", Usage: "of lora, comma-separated: query, key, value, attention.output, intermediate, output"},
		&cli.BoolFlag{Name: "dropout", Usage: "dropout at the rates of the model's configuration"},
		&cli.StringFlag{Name: "precision", Value: "float32", Usage: "float32, bfloat16 (products only), float64, or float16 (frozen matrices of an OpenCL device)"},
		&cli.StringFlag{Name: "device", Value: "cpu", Usage: "cpu, opencl or opencl:N; see bench devices"},
		&cli.Int64Flag{Name: "device-memory", DefaultText: "all", Usage: "megabytes to take of the device's memory"},
		&cli.BoolFlag{Name: "seed-known", Usage: "draw lots and noise from the seed too: repeatable, and no privacy"},
	}
}

// recipeFlags reads the flags that change a recipe; what was not given stays zero.
func recipeFlags(c *cli.Context) pipeline.Recipe {
	return pipeline.Recipe{
		BatchSize: c.Int64("batch-size"), MaxLot: c.Int64("max-lot"), Epochs: c.Float64("epochs"), LearningRate: c.Float64("learning-rate"),
		ClippingNorm: c.Float64("clip"), ClippingMode: c.String("clip-mode"), ClipQuantile: c.Float64("adaptive-clip"),
		Schedule: c.String("schedule"), Horizon: c.Int64("horizon"),
		Optimizer: dp.Optimizer{Kind: c.String("optimizer"), EpsilonBeforeCorrection: c.String("adam-epsilon") == "before"}, Dropout: c.Bool("dropout"),
		Method: model.Method{
			Rank: c.Int("rank"), Targets: splitList(c.String("targets")), TrainLayers: c.Int("train-layers"),
			TrainPooler: c.Bool("train-pooler"), LinearHead: c.Bool("linear-head"),
			CoreMinus: c.String("rgp-core") == "minus",
		},
	}
}

// checkFinite requires the command's numbers to be finite: what is computed from them is written down in JSON.
func checkFinite(c *cli.Context) error {
	for _, flag := range c.Command.Flags {
		if f, ok := flag.(*cli.Float64Flag); ok {
			if v := c.Float64(f.Name); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("--%s %v: must be finite", f.Name, v)
			}
		}
	}
	return nil
}

// checkRows requires a number of rows to be none or positive.
func checkRows(c *cli.Context, flag string) error {
	if rows := c.Int(flag); rows < 0 {
		return fmt.Errorf("--%s %d: must not be negative", flag, rows)
	}
	return nil
}

// checkWord requires a flag to be empty or one of words.
func checkWord(c *cli.Context, flag string, words ...string) error {
	if value := c.String(flag); value != "" && !slices.Contains(words, value) {
		return fmt.Errorf("--%s %q: must be %s", flag, value, strings.Join(words, " or "))
	}
	return nil
}

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:      "train",
		Usage:     "train one model on one task, privately unless --non-private",
		UsageText: "ewtune train --task sst2 --data glue --tokenizer bert-base-uncased --model model --epsilon 8 --delta 1e-5 --out run",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "task", Required: true, Usage: "sst2, qnli, qqp or mnli"},
			&cli.StringFlag{Name: "out", Required: true, Usage: "new run folder"},
			&cli.StringFlag{Name: "method", Usage: "full, lora, bitfit, head, rgp, adapter or prompt"},
			&cli.Float64Flag{Name: "epsilon", Value: 8, Usage: "privacy budget"},
			&cli.Float64Flag{Name: "delta", Value: 1e-5, Usage: "delta of the budget"},
			&cli.StringFlag{Name: "accountant", Value: pipeline.Certified, Usage: "who sets the noise: certified, rdp or edgeworth"},
			&cli.BoolFlag{Name: "allow-estimate", Usage: "let an accountant that is an estimate set the noise; the claim is then marked \"estimate, not a guarantee\""},
			&cli.Float64Flag{Name: "noise-multiplier", DefaultText: "the accountant's", Usage: "noise instead of the accountant's"},
			&cli.PathFlag{Name: "phases", DefaultText: "one phase", Usage: "JSON `FILE` with a schedule of noise and clip: [{\"steps\":40,\"noise_factor\":1.5},{\"steps\":20,\"clip_factor\":0.5}]; " +
				"factors multiply the run's noise multiplier and clipping norm (left out or 0: 1), the steps sum to the run's; noise and price are those of all phases together"},
			&cli.BoolFlag{Name: "non-private", Usage: "no clipping and no noise"},
			&cli.IntFlag{Name: "canaries-input", Usage: "plant canaries to audit the run: examples of random tokens"},
			&cli.IntFlag{Name: "canaries-secret", Usage: "plant sentences that end in a secret"},
			&cli.IntFlag{Name: "canaries-gradient", Usage: "plant gradients of the clipping norm on one number each"},
			&cli.IntFlag{Name: "membership", DefaultText: "none", Usage: "try membership inference at the end, on so many rows trained on and as many held out"},
			&cli.StringFlag{Name: "blas", Value: "builtin", Usage: "matrix products: builtin, or with --non-private those of a library of the system (openblas, onednn) or auto, whichever is clearly faster"},
			&cli.Uint64Flag{Name: "seed", Usage: "draws fresh weights; see --seed-known"},
		}, append(trainingFlags(), jsonFlag(), quietFlag())...),
		Action: func(c *cli.Context) error {
			spec, err := trainSpec(c)
			if err != nil {
				return err
			}
			return runAndReport(c, c.String("out"), func(ctx context.Context, dir string, progress func(trainer.Progress)) error {
				return pipeline.TrainInto(ctx, dir, spec, progress)
			})
		},
	}
}

func trainSpec(c *cli.Context) (pipeline.RunSpec, error) {
	if err := errors.Join(checkWord(c, "rgp-core", "plus", "minus"), checkWord(c, "adam-epsilon", "before", "after"),
		checkRows(c, "membership"), checkFinite(c)); err != nil {
		return pipeline.RunSpec{}, err
	}
	recipe := recipeFlags(c)
	recipe.Method.Kind = c.String("method")
	var err error
	if recipe.Phases, err = phasesOf(c); err != nil {
		return pipeline.RunSpec{}, err
	}
	spec, err := pipeline.NewRunSpec(pipeline.Input{
		Task: c.String("task"), Data: c.String("data"), Tokenizer: c.String("tokenizer"), MaxLength: c.Int("max-length"),
		TokenFile: c.String("token-file"), RootCAs: c.String("root-cas"),
	}, c.String("model"), !c.Bool("non-private"), recipe)
	if err != nil {
		return spec, err
	}
	spec.Pooling, spec.Membership = c.String("pooling"), c.Int("membership")
	spec.Name, spec.Seed, spec.SeedAll = filepath.Base(c.String("out")), c.Uint64("seed"), c.Bool("seed-known")
	spec.Engine = trainer.EngineOptions{Precision: c.String("precision"), Device: c.String("device"), Cache: c.String("cache"), DeviceMemory: deviceMemory(c)}
	if spec.Engine.BLAS, err = blasOf(c); err != nil {
		return spec, err
	}
	if audit := (trainer.Audit{Inputs: c.Int("canaries-input"), Secrets: c.Int("canaries-secret"), Gradients: c.Int("canaries-gradient")}); audit != (trainer.Audit{}) {
		spec.Audit = &audit
	}
	if c.Bool("non-private") {
		return spec, nil
	}
	accountant := c.String("accountant")
	spec.Budget = &pipeline.Budget{Epsilon: c.Float64("epsilon"), Delta: c.Float64("delta"), Accountant: accountant, Noise: c.Float64("noise-multiplier")}
	return spec, pipeline.CheckAccountant(accountant, c.Bool("allow-estimate"))
}

// phasesOf reads --phases.
func phasesOf(c *cli.Context) ([]trainer.Phase, error) {
	name := c.Path("phases")
	if name == "" {
		return nil, nil
	}
	if c.Bool("non-private") {
		return nil, fmt.Errorf("--phases %s: a run without privacy has neither noise nor clip", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--phases: %w", err)
	}
	var phases []trainer.Phase
	if err := decodeStrict(text, &phases); err != nil {
		return nil, fmt.Errorf("--phases %s: %w", name, err)
	}
	if len(phases) == 0 {
		return nil, fmt.Errorf("--phases %s: holds no phase", name)
	}
	return phases, nil
}

// deviceMemory is --device-memory in bytes.
func deviceMemory(c *cli.Context) int64 { return c.Int64("device-memory") << 20 }

// blasOf reads --blas, and measures where it is auto. The answer is stored with the run, so that a resumed one has the same products.
func blasOf(c *cli.Context) (string, error) {
	name := c.String("blas")
	switch {
	case name != "auto":
		return name, nil
	case !c.Bool("non-private"):
		return "", nil // the only ones that a private run may use
	}
	config := pipeline.TinyConfig(1, 2)
	if dir := c.String("model"); dir != "" {
		var err error
		if config, err = model.ReadConfig(dir); err != nil {
			return "", err
		}
	}
	return trainer.ChooseBLAS(config, runtime.GOMAXPROCS(0), time.Now), nil
}

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "go on with a run from its last checkpoint, to the same bits",
		UsageText: "ewtune resume run",
		ArgsUsage: "RUN",
		Flags:     []cli.Flag{jsonFlag(), quietFlag()},
		Action: func(c *cli.Context) error {
			dir, err := oneArgument(c, "the run folder")
			if err != nil {
				return err
			}
			return runAndReport(c, dir, pipeline.ResumeRun)
		},
	}
}

func predictCommand() *cli.Command {
	return &cli.Command{
		Name:      "predict",
		Usage:     "predict a split with a run's model, into a file of predictions with hashes",
		UsageText: "ewtune predict --split test --data glue --out predictions.jsonl run",
		ArgsUsage: "RUN",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "split", Value: "dev", Usage: "split of the data"},
			&cli.StringFlag{Name: "data", Usage: "GLUE folder, prepared folder or flight:// URL (default: what the run was trained on)"},
			&cli.StringFlag{Name: "out", Required: true, Usage: "new file"},
			jsonFlag(), quietFlag(),
		},
		Action: func(c *cli.Context) error {
			dir, err := oneArgument(c, "the run folder")
			if err != nil {
				return err
			}
			summary, err := pipeline.PredictRun(c.Context, dir, c.String("data"), c.String("split"), c.String("out"))
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, summary)
			}
			fmt.Fprintf(c.App.Writer, "%s: %d rows", c.String("out"), summary.Rows)
			if summary.Labelled > 0 {
				fmt.Fprintf(c.App.Writer, ", %d of %d labelled ones right", summary.Correct, summary.Labelled)
			}
			_, err = fmt.Fprintln(c.App.Writer)
			return err
		},
	}
}

// runAndReport runs with a progress view, then reports the run folder.
func runAndReport(c *cli.Context, dir string, run func(context.Context, string, func(trainer.Progress)) error) error {
	progress := newView(c.App.ErrWriter, c.Bool("quiet"))
	err := run(c.Context, dir, func(p trainer.Progress) {
		progress.show(pipeline.Stage{Name: filepath.Base(dir), Progress: p})
	})
	if err != nil {
		return interrupted(c, err, "ewtune resume "+dir+" goes on")
	}
	result, err := pipeline.WriteReport(dir)
	if err != nil {
		return err
	}
	if err := printWarnings(c, dir); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, result)
	}
	return report.Table(c.App.Writer, result)
}

// printWarnings prints what training had to say against the runs below dir.
func printWarnings(c *cli.Context, dir string) error {
	warnings, err := pipeline.Warnings(dir)
	for _, warning := range warnings {
		fmt.Fprintln(c.App.ErrWriter, "warning:", warning)
	}
	return err
}

// interrupted adds to the error of a command that was stopped how to go on.
func interrupted(c *cli.Context, err error, hint string) error {
	if c.Context.Err() != nil && errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; %s", hint)
	}
	return err
}
