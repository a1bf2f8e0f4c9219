package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/pipeline"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

func datasetsInspect() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "verify prepared shards and show their rows, lengths and labels",
		ArgsUsage: "DIR",
		Description: "DIR is a folder with a manifest.json. Every shard's hash and every row are checked.\n\nExample:\n" +
			"  ewtune datasets inspect prepared/train",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "tokenizer", Usage: "folder or file: require that this tokenizer made the shards"},
			jsonFlag(),
		},
		Action: inspectShards,
	}
}

func inspectShards(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return fmt.Errorf("inspect: %d arguments: name one prepared folder", c.Args().Len())
	}
	shards, err := pipeline.OpenShards(c.Args().First())
	if err != nil {
		return err
	}
	defer shards.Close()
	m := shards.Manifest()
	if c.IsSet("tokenizer") {
		t, err := tokenizer.Load(c.String("tokenizer"))
		if err != nil {
			return err
		}
		if err := m.CheckTokenizer(t); err != nil {
			return err
		}
	}
	if err := shards.Verify(c.Context); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, m)
	}
	printManifest(c.App.Writer, m)
	return nil
}

func printManifest(w io.Writer, m *pipeline.Manifest) {
	fmt.Fprintf(w, "%s %s\n", m.Task, m.Split)
	fmt.Fprintf(w, "rows       %d in %d shards, %d tokens, compression %s\n", m.Rows, len(m.Shards), m.Tokens, m.Compression)
	fmt.Fprintf(w, "tokenizer  %s, %d tokens, sha256 %s\n", m.Tokenizer.Kind, m.Tokenizer.VocabSize, m.Tokenizer.SHA256)
	for _, file := range m.Source.Files {
		fmt.Fprintf(w, "source     %s, %d bytes, sha256 %s\n", file.Name, file.Bytes, file.SHA256)
	}
	fmt.Fprintf(w, "skipped    %d malformed rows\n", m.Source.Skipped)
	fmt.Fprintf(w, "manifest   sha256 %s\n\nlabels\n", m.Hash())
	for class, rows := range m.LabelRows {
		fmt.Fprintf(w, "  %-16s %9d  %5.1f %%\n", m.Labels[class], rows, 100*float64(rows)/float64(m.Rows))
	}
	if m.Unlabelled > 0 {
		fmt.Fprintf(w, "  %-16s %9d\n", "none", m.Unlabelled)
	}
	fmt.Fprintf(w, "\nlengths (at most %d tokens)\n", m.MaxLength)
	printHistogram(w, m)
}

// printHistogram draws the lengths in bins of equal width, at most 16.
func printHistogram(w io.Writer, m *pipeline.Manifest) {
	width := (len(m.Lengths) + 15) / 16
	var bins []int64
	most := int64(1)
	for length, rows := range m.Lengths {
		if length%width == 0 {
			bins = append(bins, 0)
		}
		bins[length/width] += rows
		most = max(most, bins[length/width])
	}
	for i, rows := range bins {
		if rows > 0 {
			fmt.Fprintf(w, "  %4d-%-4d %9d %s\n", i*width, (i+1)*width-1, rows, strings.Repeat("#", int(40*rows/most)))
		}
	}
}
