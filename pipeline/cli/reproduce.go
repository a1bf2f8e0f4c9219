package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/eval/report"
	"github.com/ewtune/ewtune/pipeline"
)

func reproduceCommands() []*cli.Command { return []*cli.Command{reproduceCommand()} }

func reproduceCommand() *cli.Command {
	return &cli.Command{
		Name:  "reproduce",
		Usage: "train and score the four tasks with and without privacy, and report",
		UsageText: `ewtune reproduce
ewtune reproduce --tasks sst2 --data glue --tokenizer bert-base-uncased --model model --seeds 0,1 --methods lora,head`,
		Description: "Without --data the four tasks are generated. An interrupted call goes on when it is given again with the same\n" +
			"options and the same --out.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "tasks", Usage: "comma-separated: sst2, qnli, qqp, mnli (default: all)"},
			&cli.StringFlag{Name: "preset", Usage: "a published setting: paper, yu2022 or li2022"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print the plan with its noise, true epsilon and time, and train nothing"},
			&cli.StringFlag{Name: "epsilons", Aliases: []string{"epsilon"}, Usage: "comma-separated budgets (default: 8, or the preset's)"},
			&cli.StringFlag{Name: "deltas", Aliases: []string{"delta"}, Usage: "comma-separated deltas (default: 1e-5, or the preset's)"},
			&cli.StringFlag{Name: "accountants", Aliases: []string{"accountant"}, Value: pipeline.Certified, Usage: "comma-separated, who sets the noise: certified, rdp, edgeworth"},
			&cli.BoolFlag{Name: "allow-estimate", Usage: "let an accountant that is an estimate set noise; the claim is then marked \"estimate, not a guarantee\""},
			&cli.StringFlag{Name: "methods", Aliases: []string{"method"}, Usage: "comma-separated, of the private runs: full, lora, bitfit, head, rgp (default: the recipe's)"},
			&cli.StringFlag{Name: "seeds", Value: "0", Usage: "comma-separated seeds of fresh weights"},
			&cli.IntFlag{Name: "rows", DefaultText: "20000", Usage: "training rows of each generated task"},
			&cli.BoolFlag{Name: "twin", Usage: "train the run without privacy as the private ones (default: all weights, by a recipe of its own)"},
			&cli.IntFlag{Name: "limit", DefaultText: "all", Usage: "do at most so many of the runs that are missing, and report what is there; the same command goes on"},
			&cli.IntFlag{Name: "jobs", DefaultText: "one a processor for the tiny preset, else 1", Usage: "runs at a time"},
			&cli.StringFlag{Name: "out", Usage: "output folder (default: runs/DATE-TIME)"},
		}, append(trainingFlags(), jsonFlag(), quietFlag())...),
		Action: reproduce,
	}
}

func reproduce(c *cli.Context) error {
	o, err := reproduceOptions(c)
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return dryRun(c, o)
	}
	out := c.String("out")
	if out == "" {
		out = "runs/" + time.Now().Format("20060102-150405")
	}
	progress := newView(c.App.ErrWriter, c.Bool("quiet"))
	result, err := pipeline.Reproduce(c.Context, out, o, progress.show)
	if err != nil {
		return interrupted(c, err, "the same command with --out "+out+" goes on")
	}
	if err := printWarnings(c, out); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, result)
	}
	if err := report.Table(c.App.Writer, result); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "\nreport: %s/report.html\n", out)
	return err
}

func reproduceOptions(c *cli.Context) (pipeline.ReproduceOptions, error) {
	epsilons, err := parseList(c, "epsilons", parseFloat)
	if err != nil {
		return pipeline.ReproduceOptions{}, err
	}
	deltas, err := parseList(c, "deltas", parseFloat)
	if err != nil {
		return pipeline.ReproduceOptions{}, err
	}
	seeds, err := parseList(c, "seeds", func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
	if err != nil {
		return pipeline.ReproduceOptions{}, err
	}
	o := pipeline.ReproduceOptions{
		Tasks: splitList(c.String("tasks")), Epsilons: epsilons, Deltas: deltas, Preset: c.String("preset"),
		Accountants: splitList(c.String("accountants")), Methods: splitList(c.String("methods")), Seeds: seeds,
		Data: c.String("data"), Rows: c.Int("rows"), Tokenizer: c.String("tokenizer"), MaxLength: c.Int("max-length"),
		TokenFile: c.String("token-file"), RootCAs: c.String("root-cas"),
		Model: c.String("model"), Private: recipeFlags(c), Precision: c.String("precision"), Device: c.String("device"), DeviceMemory: deviceMemory(c),
		SeedAll: c.Bool("seed-known"), Jobs: c.Int("jobs"), Cache: c.String("cache"),
		Pooling: c.String("pooling"), Twin: c.Bool("twin"), Limit: c.Int("limit"),
	}
	for _, accountant := range o.Accountants {
		if err := pipeline.CheckAccountant(accountant, c.Bool("allow-estimate")); err != nil {
			return o, err
		}
	}
	return o, nil
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

// splitList splits at commas; an empty text has no parts.
func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// parseList reads a flag that holds a comma-separated list.
func parseList[T any](c *cli.Context, flag string, parse func(string) (T, error)) ([]T, error) {
	var values []T
	for _, part := range splitList(c.String(flag)) {
		value, err := parse(part)
		if err != nil {
			return nil, fmt.Errorf("--%s %q: must be comma-separated numbers", flag, part)
		}
		values = append(values, value)
	}
	return values, nil
}
