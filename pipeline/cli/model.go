package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/pipeline"
)

func modelCommand() *cli.Command {
	return &cli.Command{
		Name:        "model",
		Usage:       "make model folders in the Hugging Face layout",
		Subcommands: []*cli.Command{modelInitCommand()},
	}
}

func modelInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make an untrained BERT encoder, its embeddings from public word vectors",
		UsageText: "ewtune model init --tokenizer bert-base-uncased --vectors glove --out model",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "tokenizer", Required: true, Usage: "folder with the WordPiece vocabulary, vocab.txt"},
			&cli.StringFlag{Name: "vectors", DefaultText: "random embeddings", Usage: "folder with words.txt and one safetensors file of vectors"},
			&cli.StringFlag{Name: "out", Required: true, Usage: "new folder to write"},
			&cli.IntFlag{Name: "layers", Value: 2, Usage: "encoder layers"},
			&cli.IntFlag{Name: "hidden", Value: 128, Usage: "hidden size"},
			&cli.IntFlag{Name: "heads", DefaultText: "hidden size / 64", Usage: "attention heads"},
			&cli.Float64Flag{Name: "scale", Value: 0.05, Usage: "standard deviation of the embeddings that start from vectors"},
			&cli.Uint64Flag{Name: "seed", Usage: "draws the random weights"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			summary, err := pipeline.InitModel(pipeline.InitOptions{
				Vocabulary: c.String("tokenizer"), Vectors: c.String("vectors"), Out: c.String("out"),
				Layers: c.Int("layers"), Hidden: c.Int("hidden"), Heads: c.Int("heads"),
				Scale: c.Float64("scale"), Seed: c.Uint64("seed"),
			})
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, summary)
			}
			_, err = fmt.Fprintf(c.App.Writer, "%s: %d parameters, %d words, %d of them with a vector\n",
				c.String("out"), summary.Parameters, summary.Vocabulary, summary.Covered)
			return err
		},
	}
}
