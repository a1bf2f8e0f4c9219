// Command beam is the tokenize stage of `ewtune datasets prepare` as an Apache Beam pipeline, for corpora that outgrow
// one machine. It makes the same folder: shards and manifest are byte for byte those of the local command.
//
//	go run . --task sst2 --data DIR --tokenizer DIR --out DIR
//
// It runs on Prism in this process; --runner and --endpoint name another runner, see README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
)

func main() {
	o := flags(flag.CommandLine)
	flag.Parse()
	beam.Init() // a worker ends here
	if err := run(context.Background(), *o); err != nil {
		fmt.Fprintln(os.Stderr, "beam:", err)
		os.Exit(2)
	}
}

// flags declares the flags of `ewtune datasets prepare`; Beam declares its own.
func flags(set *flag.FlagSet) *options {
	o := &options{}
	set.StringVar(&o.Task, "task", "", "sst2, qnli, qqp or mnli; leave it out for data of your own")
	set.StringVar(&o.Split, "split", "train", "split of the task")
	set.StringVar(&o.Data, "data", "", "folder or file of the data, seen by every worker")
	set.StringVar(&o.Text, "text", "", "column of the text, in data of your own")
	set.StringVar(&o.Pair, "pair", "", "column of the second text")
	set.StringVar(&o.Label, "label", "", "column of the label")
	set.StringVar(&o.Labels, "labels", "", "spelling of each class, in order, with commas between them")
	set.StringVar(&o.Tokenizer, "tokenizer", "", "folder of the tokenizer, seen by every worker")
	set.StringVar(&o.Out, "out", "", "folder of this split's shards, new or empty, seen by every worker")
	set.IntVar(&o.MaxLength, "max-length", 0, "tokens a row keeps, special tokens included (default 128)")
	set.IntVar(&o.ShardRows, "shard-rows", 0, "rows of a shard, a multiple of 1024 (default 65536)")
	set.StringVar(&o.Compression, "compression", "none", "none or zstd")
	set.BoolVar(&o.SkipMalformed, "skip-malformed", false, "leave malformed rows out and count them")
	return o
}

// run checks the options, then builds and runs the pipeline.
func run(ctx context.Context, o options) error {
	o, err := o.check()
	if err != nil {
		return err
	}
	p := beam.NewPipeline()
	prepare(p.Root(), o)
	return beamx.Run(ctx, p)
}
