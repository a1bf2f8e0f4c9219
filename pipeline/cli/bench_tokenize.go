package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
	"github.com/ewtune/ewtune/pipeline/tokenizer/peer"
)

func benchTokenizeCommand() *cli.Command {
	return &cli.Command{
		Name:  "tokenize",
		Usage: "tokens per second of each tokenizer, beside the official library's",
		Description: "Encodes whole splits, pass after pass, and prints the best pass. Without --data it uses the generated corpus\n" +
			"and a vocabulary learned from it. The official library (Rust) runs on one thread, encodeBatch, between two of our runs.\n\n" +
			"Example:\n  ewtune bench tokenize --data glue --tokenizer roberta-base --tokenizer bert-base-uncased --peer node",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "GLUE folder (default: the generated corpus)"},
			&cli.StringSliceFlag{Name: "task", Usage: "tasks whose training rows are read", Value: cli.NewStringSlice("sst2", "mnli")},
			&cli.StringSliceFlag{Name: "tokenizer", Usage: "folder of a tokenizer (default: learned from the data)"},
			&cli.StringFlag{Name: "peer", Usage: "folder whose node_modules holds @anush008/tokenizers, to time it beside ours"},
			&cli.IntFlag{Name: "threads", Usage: "also measure with so many threads", Value: 2},
			&cli.Float64Flag{Name: "seconds", Usage: "how long each measurement goes on", Value: 3},
			jsonFlag(),
		},
		Action: benchTokenize,
	}
}

// tokenizeSpeed is one line of the result; speeds are tokens a second, special tokens included.
type tokenizeSpeed struct {
	Tokenizer string  `json:"tokenizer"`
	Texts     int     `json:"texts"`
	Tokens    int     `json:"tokens"` // of one pass
	One       float64 `json:"tokens_per_s"`
	Threads   int     `json:"threads"`
	Many      float64 `json:"tokens_per_s_threads"`
	Scaling   float64 `json:"scaling"`
	Peer      float64 `json:"peer_tokens_per_s,omitempty"`
	Ratio     float64 `json:"times_peer,omitempty"`
}

func benchTokenize(c *cli.Context) error {
	if c.Int("threads") < 1 || c.Float64("seconds") <= 0 {
		return fmt.Errorf("threads %d, seconds %g: must be positive", c.Int("threads"), c.Float64("seconds"))
	}
	temp, err := os.MkdirTemp("", "ewtune-bench-")
	if err != nil {
		return internalError(err)
	}
	defer os.RemoveAll(temp)
	data, tokenizers, err := benchCorpus(c, temp)
	if err != nil {
		return err
	}
	texts, err := benchTexts(data, c.StringSlice("task"))
	if err != nil {
		return err
	}
	results := []tokenizeSpeed{}
	for _, path := range tokenizers {
		speed, err := timeTokenizer(c, path, texts)
		if err != nil {
			return err
		}
		results = append(results, speed)
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, results)
	}
	return printSpeeds(c.App.Writer, results)
}

// benchCorpus gives the folders of data and tokenizers, made in temp where the flags name none.
func benchCorpus(c *cli.Context, temp string) (data string, tokenizers []string, err error) {
	data, tokenizers = c.String("data"), c.StringSlice("tokenizer")
	if data == "" {
		data = filepath.Join(temp, "corpus")
		o := datasets.GenerateOptions{Dir: data, Tasks: c.StringSlice("task")}
		if err := datasets.Generate(c.Context, o); err != nil {
			return "", nil, err
		}
		if err := pipeline.BuildVocabulary(c.Context, data, 2000); err != nil {
			return "", nil, err
		}
	}
	if len(tokenizers) == 0 {
		tokenizers = []string{data}
	}
	return data, tokenizers, nil
}

// benchTexts reads the training texts of the tasks, the two of a pair one by one.
func benchTexts(data string, tasks []string) (texts []string, err error) {
	for _, name := range tasks {
		input, err := datasets.Open(datasets.OpenOptions{Path: data, Task: name, Split: "train"})
		if err != nil {
			return nil, err
		}
		texts, err = appendTexts(texts, input)
		if err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func appendTexts(texts []string, input *datasets.Input) ([]string, error) {
	defer input.Close()
	for {
		row, err := input.Next()
		if err == io.EOF {
			return texts, nil
		}
		if err != nil {
			return nil, err
		}
		texts = append(texts, row.A)
		if input.Task.Pair() {
			texts = append(texts, row.B)
		}
	}
}

// timeTokenizer measures ours before and after the peer, so that both see the same machine.
func timeTokenizer(c *cli.Context, path string, texts []string) (s tokenizeSpeed, err error) {
	tok, err := tokenizer.Load(path)
	if err != nil {
		return s, err
	}
	seconds := c.Float64("seconds")
	s = tokenizeSpeed{Tokenizer: path, Texts: len(texts), Threads: c.Int("threads")}
	s.Tokens, s.One = bestPass(tok, texts, 1, seconds/2)
	if c.String("peer") != "" {
		timing, err := peer.Peer{Modules: c.String("peer"), Tokenizer: path}.Time(texts, seconds)
		if err != nil {
			return s, err
		}
		if timing.Tokens != s.Tokens {
			return s, failedError(fmt.Errorf("tokenizer %s: %d tokens, but the official library gives %d", path, s.Tokens, timing.Tokens))
		}
		s.Peer = float64(timing.Tokens) / timing.Seconds
	}
	_, again := bestPass(tok, texts, 1, seconds/2)
	s.One = max(s.One, again)
	_, s.Many = bestPass(tok, texts, s.Threads, seconds)
	s.Scaling = s.Many / s.One
	if s.Peer > 0 {
		s.Ratio = s.One / s.Peer
	}
	return s, nil
}

// bestPass encodes all texts again and again for so many seconds, but twice at least, and gives the tokens of a pass and
// the speed of the fastest.
func bestPass(tok *tokenizer.Tokenizer, texts []string, threads int, seconds float64) (tokens int, speed float64) {
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for pass := 0; pass < 2 || time.Now().Before(end); pass++ {
		start := time.Now()
		tokens = encodeAll(tok, texts, threads)
		speed = max(speed, float64(tokens)/time.Since(start).Seconds())
	}
	return tokens, speed
}

// encodeAll encodes each text once and counts the tokens. The threads take the texts in small shares as they come, since texts
// differ in length.
func encodeAll(tok *tokenizer.Tokenizer, texts []string, threads int) int {
	const share = 512
	var next, total atomic.Int64
	var running sync.WaitGroup
	for range threads {
		running.Go(func() {
			var e tokenizer.Encoding
			tokens := 0
			for from := int(next.Add(share)) - share; from < len(texts); from = int(next.Add(share)) - share {
				for _, text := range texts[from:min(from+share, len(texts))] {
					tok.Encode(&e, text, "", 0)
					tokens += len(e.IDs)
				}
			}
			total.Add(int64(tokens))
		})
	}
	running.Wait()
	return int(total.Load())
}

func printSpeeds(w io.Writer, speeds []tokenizeSpeed) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "tokenizer\ttokens\tM tokens/s\tthreads\tM tokens/s\tscaling\tofficial M/s\ttimes\t")
	for _, s := range speeds {
		official, times := "-", "-"
		if s.Peer > 0 {
			official, times = fmt.Sprintf("%.2f", s.Peer/1e6), fmt.Sprintf("%.1f", s.Ratio)
		}
		fmt.Fprintf(table, "%s\t%d\t%.2f\t%d\t%.2f\t%.2f\t%s\t%s\t\n", filepath.Base(s.Tokenizer), s.Tokens, s.One/1e6, s.Threads, s.Many/1e6,
			s.Scaling, official, times)
	}
	return table.Flush()
}
