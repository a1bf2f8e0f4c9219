package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/ewtune/ewtune/accountant"
	"github.com/urfave/cli/v2"
)

func accountingCommands() []*cli.Command {
	return []*cli.Command{
		askCommand("epsilon", "epsilon of a plan: lower, estimate, upper, per direction",
			"ewtune epsilon --sampling-rate 0.01 --noise-multiplier 1 --steps 1000 --delta 1e-5"),
		askCommand("delta", "delta of a plan at an epsilon",
			"ewtune delta --sampling-rate 0.01 --noise-multiplier 1 --steps 1000 --epsilon 2"),
		askCommand("noise", "the smallest noise multiplier that provably meets (epsilon, delta)",
			"ewtune noise --dataset-size 67349 --batch-size 2000 --epochs 20 --epsilon 8 --delta 1e-5"),
		askCommand("steps", "the most steps within (epsilon, delta)",
			"ewtune steps --sampling-rate 0.01 --noise-multiplier 1 --epsilon 2 --delta 1e-5"),
		askCommand("rate", "the largest sampling rate within (epsilon, delta)",
			"ewtune rate --noise-multiplier 1 --steps 1000 --epsilon 2 --delta 1e-5"),
		curveCommand(),
		checkCommand(),
	}
}

// question is what one accounting command, or one line of a batch, asks. Numbers that were not given are nil.
type question struct {
	SamplingRate    *float64           `json:"sampling_rate"`
	DatasetSize     *int64             `json:"dataset_size"`
	BatchSize       *int64             `json:"batch_size"`
	Steps           *int64             `json:"steps"`
	Epochs          *float64           `json:"epochs"`
	NoiseMultiplier *float64           `json:"noise_multiplier"`
	Delta           *float64           `json:"delta"`
	Epsilon         *float64           `json:"epsilon"`
	Accountant      string             `json:"accountant"`
	Order           *int               `json:"order"`
	EdgeworthBound  string             `json:"edgeworth_bound"`
	Adjacency       string             `json:"adjacency"`
	Sampler         string             `json:"sampler"`
	GroupSize       *int               `json:"group_size"`
	MaxLot          int64              `json:"max_lot"`
	Phases          []accountant.Phase `json:"phases"`
	Tuning          *accountant.Tuning `json:"tuning"`

	warnings []string // of the ledgers that the question was read from
}

// planFlags are the flags that state a plan, a budget and an accountant.
func planFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Float64Flag{Name: "sampling-rate", Aliases: []string{"q"}, Usage: "probability that a record is in a lot, in (0, 1]"},
		&cli.StringFlag{Name: "dataset-size", Usage: "records `N`; with --batch-size in place of --sampling-rate"},
		&cli.StringFlag{Name: "batch-size", Usage: "expected lot size `B`: sampling rate B/N"},
		&cli.StringFlag{Name: "steps", Usage: "optimiser steps `T`"},
		&cli.Float64Flag{Name: "epochs", Usage: "in place of --steps: T = epochs * floor(N/B)"},
		&cli.Float64Flag{Name: "noise-multiplier", Aliases: []string{"s"}, Usage: "noise standard deviation over clipping norm"},
		&cli.Float64Flag{Name: "delta", Usage: "in (0, 1), below 1/N"},
		&cli.Float64Flag{Name: "epsilon", Usage: "privacy budget"},
		&cli.StringFlag{Name: "accountant", Value: "certified", Usage: accountantNames},
		&cli.IntFlag{Name: "order", Value: 1, Usage: "order of the Edgeworth expansion: 1, 2 or 3"},
		&cli.StringFlag{Name: "edgeworth-bound", Value: "published", Usage: "error bound of edgeworth-interval: published, general or regular"},
		&cli.StringFlag{Name: "adjacency", Value: "add-remove", Usage: "add-remove, replace-one or zero-out"},
		&cli.StringFlag{Name: "sampler", Value: "poisson", Usage: "poisson, truncated-poisson (with --max-lot), fixed or shuffle"},
		&cli.StringFlag{Name: "max-lot", Usage: "truncated-poisson: larger lots are cut to this size"},
		&cli.IntFlag{Name: "group-size", Value: 1, Usage: "records that one person may have contributed"},
		&cli.PathFlag{Name: "plan", Usage: "JSON `FILE` with phases: {\"phases\":[{\"sampling_rate\":_,\"noise_multiplier\":_,\"steps\":_},…]}"},
	}
}

// readQuestion takes the question from the flags and the plan file.
func readQuestion(c *cli.Context) (question, error) {
	var q question
	if path := c.Path("plan"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return q, err
		}
		if err := decodeStrict(text, &q); err != nil {
			return q, fmt.Errorf("%s: %w", path, err)
		}
	}
	if paths := c.StringSlice("ledger"); len(paths) > 0 {
		if err := readLedgers(c, paths, &q); err != nil {
			return q, err
		}
	}
	if err := q.readNumbers(c); err != nil {
		return q, err
	}
	for name, field := range map[string]*string{"accountant": &q.Accountant, "adjacency": &q.Adjacency, "sampler": &q.Sampler,
		"edgeworth-bound": &q.EdgeworthBound} {
		if c.IsSet(name) || *field == "" {
			*field = c.String(name)
		}
	}
	for name, field := range map[string]**int{"order": &q.Order, "group-size": &q.GroupSize} {
		if c.IsSet(name) || *field == nil {
			v := c.Int(name)
			*field = &v
		}
	}
	return q, nil
}

// readNumbers takes what the flags say of the plan's numbers.
func (q *question) readNumbers(c *cli.Context) error {
	for name, field := range map[string]**float64{"sampling-rate": &q.SamplingRate, "epochs": &q.Epochs,
		"noise-multiplier": &q.NoiseMultiplier, "delta": &q.Delta, "epsilon": &q.Epsilon} {
		if c.IsSet(name) {
			v := c.Float64(name)
			*field = &v
		}
	}
	for _, whole := range []struct {
		name  string
		field **int64
	}{{"dataset-size", &q.DatasetSize}, {"batch-size", &q.BatchSize}, {"steps", &q.Steps}} {
		if c.IsSet(whole.name) {
			v, err := wholeNumber(whole.name, c.String(whole.name))
			if err != nil {
				return err
			}
			*whole.field = &v
		}
	}
	if c.IsSet("max-lot") {
		v, err := wholeNumber("max-lot", c.String("max-lot"))
		if err != nil {
			return err
		}
		q.MaxLot = v
	}
	return nil
}

// ledgerFlag names ledgers to price in place of a plan.
func ledgerFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "ledger", Usage: "price what the ledger `FILE` says ran; several are merged"}
}

// readLedgers takes the plan, and of a single ledger the delta, from what ran.
func readLedgers(c *cli.Context, paths []string, q *question) error {
	for _, name := range []string{"plan", "dataset-size", "adjacency", "sampler", "max-lot", "group-size"} {
		if c.IsSet(name) {
			return fmt.Errorf("%s: is what the ledger says; leave it out", strings.ReplaceAll(name, "-", "_"))
		}
	}
	var ledgers []*accountant.Ledger
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		ledger, err := accountant.ReadLedger(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if ledger.Header().SeedKnown {
			q.warnings = append(q.warnings, fmt.Sprintf("%s: the seed of the noise is known: there is no privacy against who knows it", path))
		}
		ledgers = append(ledgers, ledger)
	}
	p, err := accountant.MergeLedgers(ledgers...)
	if err != nil {
		return err
	}
	q.Phases, q.Sampler, q.Adjacency, q.DatasetSize, q.MaxLot, q.Tuning = p.Phases, string(p.Sampler), string(p.Adjacency), &p.DatasetSize, p.MaxLot, p.Tuning
	if len(ledgers) == 1 {
		delta := ledgers[0].Header().Delta
		q.Delta = &delta
	}
	return nil
}

// decodeStrict reads one JSON value without unknown fields; errors are in the terms of who wrote it.
func decodeStrict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(wholeNumbers(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return inWords(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

// writtenAsFloat finds numbers of a JSON text that have a fraction or an exponent, and strings, to pass over.
var writtenAsFloat = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?`)

// wholeNumbers writes the whole numbers of a JSON text that look like 1000.0 or 1e3, as other programs write them, without
// fraction and exponent.
func wholeNumbers(text []byte) []byte {
	return writtenAsFloat.ReplaceAllFunc(text, func(word []byte) []byte {
		v, err := strconv.ParseFloat(string(word), 64)
		if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 || !bytes.ContainsAny(word, ".eE") {
			return word
		}
		return strconv.AppendInt(nil, int64(v), 10)
	})
}

// inWords says what is wrong with a JSON text in the terms of who wrote it.
func inWords(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		kind := "an object"
		switch wrong.Type.Kind() {
		case reflect.Int, reflect.Int64:
			kind = "a whole number"
		case reflect.Float64:
			kind = "a number in the range of float64"
		case reflect.String:
			kind = "a string"
		case reflect.Slice:
			kind = "a list"
		}
		if wrong.Field == "" {
			return fmt.Errorf("JSON %s: must be %s", wrong.Value, kind)
		}
		return fmt.Errorf("%s %s: must be %s", wrong.Field, strings.TrimPrefix(wrong.Value, "number "), kind)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("field %s: is unknown", name)
	}
	return fmt.Errorf("JSON: %w", err)
}

// flagsOnly refuses arguments that are no flags.
func flagsOnly(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("argument %q: %s takes flags only", c.Args().First(), c.Command.Name)
	}
	return nil
}

// wholeNumber reads 1000, 1_000 or 1e3.
func wholeNumber(name, text string) (int64, error) {
	if v, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64); err == nil {
		return v, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, fmt.Errorf("%s %q: must be a whole number, at most 2^53", strings.ReplaceAll(name, "-", "_"), text)
	}
	return int64(v), nil
}

// plan turns the question into a plan. What is asked for (noise, steps or rate) may be absent and stands as 1.
func (q *question) plan(asked string) (accountant.Plan, error) {
	p := accountant.Plan{Phases: q.Phases, Sampler: accountant.Sampler(q.Sampler), Adjacency: accountant.Adjacency(q.Adjacency),
		MaxLot: q.MaxLot, Tuning: q.Tuning}
	if q.GroupSize != nil {
		if p.GroupSize = *q.GroupSize; p.GroupSize == 0 {
			return p, fmt.Errorf("group_size 0: must be 1 to %d", accountant.MaxGroupSize)
		}
	}
	if q.DatasetSize != nil {
		p.DatasetSize = *q.DatasetSize
	}
	if len(q.Phases) > 0 {
		if q.SamplingRate != nil || q.Steps != nil || q.NoiseMultiplier != nil || q.Epochs != nil {
			return p, fmt.Errorf("phases: stand in place of sampling_rate, noise_multiplier, steps and epochs; give one or the other")
		}
		return p, nil
	}
	ph := accountant.Phase{SamplingRate: 1, NoiseMultiplier: 1, Steps: 1}
	var err error
	if asked != "rate" {
		if ph.SamplingRate, err = q.rate(); err != nil {
			return p, err
		}
	}
	if asked != "steps" {
		if ph.Steps, err = q.steps(); err != nil {
			return p, err
		}
	}
	if asked != "noise" {
		if q.NoiseMultiplier == nil {
			return p, missing("noise_multiplier")
		}
		ph.NoiseMultiplier = *q.NoiseMultiplier
	}
	p.Phases = []accountant.Phase{ph}
	return p, nil
}

func missing(name string) error { return fmt.Errorf("%s: is needed here", name) }

func (q *question) rate() (float64, error) {
	switch {
	case q.SamplingRate != nil && q.BatchSize != nil:
		return 0, fmt.Errorf("sampling_rate and batch_size: give one or the other")
	case q.SamplingRate != nil:
		return *q.SamplingRate, nil
	case q.DatasetSize == nil || q.BatchSize == nil:
		return 0, fmt.Errorf("sampling_rate: is needed here, or dataset_size and batch_size")
	case *q.BatchSize < 1 || *q.BatchSize > *q.DatasetSize:
		return 0, fmt.Errorf("batch_size %d: must be 1 to dataset_size %d", *q.BatchSize, *q.DatasetSize)
	}
	return float64(*q.BatchSize) / float64(*q.DatasetSize), nil
}

func (q *question) steps() (int64, error) {
	switch {
	case q.Steps != nil && q.Epochs != nil:
		return 0, fmt.Errorf("steps and epochs: give one or the other")
	case q.Steps != nil:
		return *q.Steps, nil
	case q.Epochs == nil:
		return 0, fmt.Errorf("steps: are needed here, or epochs with dataset_size and batch_size")
	case q.DatasetSize == nil || q.BatchSize == nil || *q.BatchSize < 1:
		return 0, fmt.Errorf("epochs %v: need dataset_size and batch_size, at least 1", *q.Epochs)
	}
	steps := *q.Epochs * math.Floor(float64(*q.DatasetSize)/float64(*q.BatchSize))
	if !(steps >= 1 && steps < 1<<53) {
		return 0, fmt.Errorf("epochs %v: give %v steps, must be 1 to 2^53", *q.Epochs, steps)
	}
	return int64(math.Round(steps)), nil
}
